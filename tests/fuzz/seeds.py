#!/usr/bin/env python3
"""Turns the case files of tests/data into seeds: seeds.py FOLDER writes FOLDER/<target>/<n>."""

import base64
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
LONGEST = 8192  # a seed that is longer slows every mutation down


def urls():
    for name in ("urls_refused.txt", "urls_accepted.txt"):
        for line in (DATA / name).read_text().splitlines():
            if line and not line.startswith("#"):
                url = line.split("\t")[0]
                yield url.encode().decode("unicode_escape").encode("latin-1", "replace")


def headless_documents():
    for line in (DATA / "hostile_json.jsonl").read_text().splitlines():
        case = json.loads(line)
        if case["enc"] == "utf8":
            yield case["doc"].encode("utf-8", "surrogatepass")
        elif case["enc"] == "b64":
            yield base64.b64decode(case["doc"])
    for path in (ROOT / "examples" / "data").glob("headless_*.json"):
        yield path.read_bytes()


def registry_documents():
    yield (ROOT / "examples" / "data" / "webhooks.json").read_bytes()
    webhook = {
        "id": "crm", "tenant": "acme", "url": "https://crm.example.com/hooks?token=t",
        "description": "caf\u00e9", "development_mode": True, "import_identifiers": ["contacts"],
        "saved_schema_ids": ["s1", "s2"], "events": ["import_completed", "headless_import_failed"],
        "headers": [{"name": "x-a", "value": "1"}],
        "basic_auth": {"username": "user", "password": "pass\"word"},
        "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "max_in_flight": 3,
        "rate_limit": 2.5, "ordering": "fifo", "retry_schedule": [0, 0.25, 5], "state": "disabled",
        "disabled_reason": "moving", "created_at": "2024-04-24T17:20:14.659349Z",
        "updated_at": "2024-04-25T00:00:00.000000Z", "revision": 7}
    other = {"url": "https://other.example.com/", "all_imports": True, "bearer_token": "abc=",
             "client_certificate": {"certificate": "-----BEGIN CERTIFICATE-----\n", "key": "k"},
             "state": "paused", "events": ["headless_import_needs_review"]}
    for webhooks in ([], [webhook], [other], [webhook, other]):
        yield json.dumps({"version": 1, "webhooks": webhooks}).encode()


def signatures():
    vectors = json.loads((DATA / "signature_vectors.json").read_text())
    for case in vectors["sign"] + vectors["verify"]:
        header = case.get("signature") or case.get("header") or ""
        yield pieces(case.get("secret", ""), case["id"], case["timestamp"], header,
                     case.get("body", ""))
    for case in vectors["secrets"]:
        yield pieces(case["secret"], "msg_1", 1700000000, "v1,AAAA v1a,AAAA", "{}")
    for case in vectors["ids"]:
        yield pieces("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", case["id"], 1700000000, "v1,", "{}")


def base64_texts():
    vectors = json.loads((DATA / "signature_vectors.json").read_text())
    for case in vectors["secrets"]:
        yield case["secret"].partition("_")[2].encode("utf-8", "surrogatepass")
    yield from (b"", b"Zg==", b"Zm8=", b"Zm9v", b"Zh==", b"Zm9v\n")


def headers():
    for name, value in (("x-team", "imports"), ("Authorization", "Basic dXNlcjpwYXNz"), ("Host", "a"),
                        ("x-a", "a\r\nx-b: c"), ("webhook-id", "1"), ("a:b", ""), ("x", " \t"),
                        ("content-type", "text/plain"), ("x-e", "\u00e9"), ("x-long", "v" * 4097)):
        yield pieces(name, value)


def http_dates():
    for value in ("120", "-1", "1e99", "0", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT",
                  "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                  "Fri, 31 Dec 9999 23:59:60 GMT", "Thu, 29 Feb 2024 00:00:00 GMT", " 5\t"):
        for now in ("", "now", "a later time"):
            yield pieces(now, value)


def sealed_documents():
    yield b"hookline-sealed\x01\x05key-1" + bytes(range(60))
    yield b"hookline-sealed\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    yield b"# keys\nkey-1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n\nkey-2 short\n"
    yield b"key-1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\r\n"
    yield from registry_documents()


def pieces(*values):
    return b"\0".join(str(value).encode("utf-8", "surrogatepass") for value in values)


SEEDS = {"base64": base64_texts, "check_url": urls, "headless": headless_documents,
         "header_rules": headers, "http_date": http_dates, "registry_json": registry_documents,
         "sealed_webhook": sealed_documents, "signature": signatures}


def main(folder):
    for target, seeds in SEEDS.items():
        place = pathlib.Path(folder) / target
        place.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            if len(seed) <= LONGEST:
                (place / f"{number:03}").write_bytes(seed)


if __name__ == "__main__":
    main(sys.argv[1])
