#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hookline::detail {

/// Finds one text in others in linear time (Knuth, Morris, Pratt), whatever either holds: needle
/// and haystack both come from strangers, and `std::string::find` can be made to take their
/// product.
class TextSearch {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// REQUIRES: `needle` is not empty.
  explicit TextSearch(std::string needle);

  [[nodiscard]] const std::string& needle() const { return needle_; }

  /// A walk over one haystack. Matches may overlap.
  class Walk {
   public:
    Walk(const TextSearch& search, std::string_view haystack)
        : search_(search), haystack_(haystack) {}

    /// Where the next match begins, or `kNone`.
    [[nodiscard]] std::size_t next();

   private:
    const TextSearch& search_;
    std::string_view haystack_;
    std::size_t position_ = 0;
    std::size_t matched_ = 0;  ///< bytes of the needle that end at `position_`
  };

 private:
  std::string needle_;
  std::vector<std::size_t> borders_;  ///< for each prefix, its longest proper suffix that is one
};

/// Puts `[redacted]` where any of some secrets stands; the leftmost first, and of several that
/// begin at one place the longest. Time is linear in the text for each secret.
class Redactor {
 public:
  /// REQUIRES: no secret is empty.
  explicit Redactor(const std::vector<std::string>& secrets);

  /// What comes back lives until the next call, and as long as `text`.
  [[nodiscard]] std::string_view redact(std::string_view text);

 private:
  bool find_matches(std::string_view text);

  std::vector<TextSearch> searches_;
  std::vector<std::size_t> lengths_;  ///< of the longest match that begins at each byte
  std::string redacted_;
};

}  // namespace hookline::detail
