#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hookline/export.hpp"
#include "hookline/import.hpp"
#include "hookline/result.hpp"

namespace hookline {

/// Limits of bodies, and what else to take out of them. A limit of bytes that is over 64 MiB counts
/// as 64 MiB.
struct PayloadOptions {
  std::size_t max_headless_bytes = 1024 * 1024;
  std::size_t max_headless_members = 20'000;  ///< in all objects together, removed ones included
  std::size_t max_headless_depth = 64;  ///< of objects and arrays in one another, the root included

  /// A body may be this much longer than `max_headless_bytes`.
  std::size_t max_envelope_bytes = 64 * 1024;

  /// Members to remove from headless documents besides `review_url` and `original_file_download`,
  /// which are always removed; names are compared as described at `PayloadBuilder`.
  std::vector<std::string> remove_members;
};

/// Builds the bodies of requests, byte for byte in the wire format of Dromo's import webhooks.
/// Immutable: one builder may be used from many threads at once.
class HOOKLINE_API PayloadBuilder {
 public:
  explicit PayloadBuilder(PayloadOptions options = {});

  /// The JSON body for managed webhooks: members in the documented order, no spaces, UTF-8.
  ///
  /// A headless import carries its document as `data.headless`, filtered as a stream:
  /// - Members whose name, ignoring ASCII case, spaces and `_ - .`, is `reviewurl` or
  ///   `originalfiledownload` are removed at any depth, with everything below them.
  /// - If the text that such a member held (8 bytes or more; the first 16 different ones) stands in
  ///   any other string of the document, value or name, `[redacted]` takes its place; where several
  ///   stand, the leftmost, and of those the longest.
  /// - Everything else stays: unknown members, order, the digits of numbers. White space between
  ///   tokens goes, and escapes that JSON does not need become the characters they stand for.
  ///
  /// Errors:
  /// - `invalid_import`, which names the field; `no_event_for_state`.
  /// - `invalid_headless`: the document is absent on a headless import, present on an embedded one,
  ///   or, with the byte offset of the fault: not JSON, not an object, too deep, too many members,
  ///   a name twice in one object (also if redaction made it so), a NUL byte or an escaped NUL in a
  ///   name, a byte order mark, not UTF-8, a lone surrogate, a number beyond double.
  /// - `body_too_large`: the document is over `max_headless_bytes`, or the body over that and
  ///   `max_envelope_bytes`.
  ///
  /// A message shows no text of the document.
  [[nodiscard]] Result<std::string> managed(const Import& import) const;

  /// The same with `"headless":null` in place of the document, whatever it holds.
  [[nodiscard]] Result<std::string> managed_without_headless(const Import& import) const;

  /// The form body for the basic webhook: `uploadId=<id>`, where all but the unreserved characters
  /// of RFC 3986 (`A-Z a-z 0-9 - . _ ~`) is percent-encoded. The webhook is told of successful
  /// imports only: any other state is `no_event_for_state`. Otherwise errors are those of
  /// `managed`, without a look at the document.
  [[nodiscard]] Result<std::string> basic(const Import& import) const;

 private:
  PayloadOptions options_;
};

}  // namespace hookline
