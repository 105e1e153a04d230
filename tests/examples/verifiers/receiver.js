// A receiver as its author would write it, with the packages that the world verifies webhooks with:
//
//   node receiver.js SECRET...
//
// Prints its port, then a line of JSON for each request: which verifier accepts it with which secret,
// and which of them accepts it after it was tampered with. `whsk_` keys are for Node's own Ed25519:
// the packages know v1 alone.
"use strict";

const crypto = require("node:crypto");
const http = require("node:http");
const standardwebhooks = require("standardwebhooks");
const svix = require("svix");

const secrets = process.argv.slice(2);
const tolerance = 300;

function withPackage({ Webhook }, secret) {
  return (headers, body) => new Webhook(secret).verify(body, headers);
}

/** Standard Webhooks 1.0 on v1a, from the text of the specification. */
function withNode(secret) {
  const seed = Buffer.from(secret.slice("whsk_".length), "base64").subarray(0, 32);
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const key = crypto.createPublicKey(
    crypto.createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }),
  );
  return (headers, body) => {
    const sent = Number(headers["webhook-timestamp"]);
    if (!(Math.abs(Date.now() / 1000 - sent) <= tolerance)) throw new Error("timestamp");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const good = headers["webhook-signature"].split(" ").some((entry) => {
      const [version, signature] = entry.split(",");
      if (version !== "v1a") return false;
      return crypto.verify(null, Buffer.from(signed), key, Buffer.from(signature, "base64"));
    });
    if (!good) throw new Error("signature");
  };
}

function verifiers() {
  const all = {};
  for (const [at, secret] of secrets.entries()) {
    if (secret.startsWith("whsk_")) {
      all[`node ${at}`] = withNode(secret);
    } else {
      all[`standardwebhooks ${at}`] = withPackage(standardwebhooks, secret);
      all[`svix ${at}`] = withPackage(svix, secret);
    }
  }
  return all;
}

/** The names of the verifiers that accept it. */
function accepting(headers, body) {
  return Object.entries(verifiers())
    .filter(([, verify]) => {
      try {
        verify(headers, body);
        return true;
      } catch {
        return false;
      }
    })
    .map(([name]) => name);
}

/** The headers as they came, by name; one that came twice is an error. */
function asObject(raw) {
  const headers = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    if (name in headers) throw new Error(`${name} came twice`);
    headers[name] = raw[i + 1];
  }
  return headers;
}

function report(headers, body) {
  const later = { ...headers, "webhook-timestamp": `${Number(headers["webhook-timestamp"]) + 1}` };
  const old = { ...headers, "webhook-timestamp": `${Number(headers["webhook-timestamp"]) - 1000}` };
  return {
    accepted: accepting(headers, body),
    tampered: {
      body: accepting(headers, body.replace(/.$/s, " ")),
      longer: accepting(headers, body + " "),
      id: accepting({ ...headers, "webhook-id": headers["webhook-id"] + "x" }, body),
      timestamp: accepting(later, body),
      old: accepting(old, body),
    },
    signature: headers["webhook-signature"],
    body,
  };
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(pieces).toString("utf8");
    console.log(JSON.stringify(report(asObject(request.rawHeaders), body)));
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
