#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hookline::detail {

/// The names in the objects that are open while a document is read, to find one that stands twice.
///
/// When an object ends, those of its names that may be alike by their hash are sorted. So a
/// document whose names all collide costs a sort by text and no more. Nothing is allocated for a
/// single name, and only names that differ from what stands in the document are copied.
class MemberNames {
 public:
  /// REQUIRES: the document outlives this, and is below 4 GiB.
  explicit MemberNames(std::string_view document) : document_(document) {}

  void open() { firsts_.push_back(names_.size()); }

  /// `offset` is that of the name's first quote. `verbatim`: the name stands behind it as it is.
  void add(std::string_view name, std::size_t offset, bool verbatim) {
    const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
    names_.push_back({hash, static_cast<std::uint32_t>(offset),
                      static_cast<std::uint32_t>(name.size()),
                      verbatim ? kNotCopied : static_cast<std::uint32_t>(copies_.size())});
    if (!verbatim) copies_.append(name);
  }

  /// Ends the innermost object; gives the offset of a name that stood in it before.
  [[nodiscard]] std::optional<std::size_t> close() {
    const auto first = names_.begin() + static_cast<std::ptrdiff_t>(firsts_.back());
    firsts_.pop_back();
    const std::optional<std::size_t> twice = find_twice(first);
    names_.erase(first, names_.end());
    if (names_.empty()) copies_.clear();
    return twice;
  }

 private:
  static constexpr std::uint32_t kNotCopied = 0xffffffff;

  struct Name {
    std::uint32_t hash;
    std::uint32_t offset;
    std::uint32_t length;
    std::uint32_t copied_to;
  };
  using Iterator = std::vector<Name>::iterator;

  std::optional<std::size_t> find_twice(Iterator first) {
    const auto last = move_suspects_to_front(first);
    std::sort(first, last, [this](const Name& a, const Name& b) {
      if (a.hash != b.hash) return a.hash < b.hash;
      const int order = text_of(a).compare(text_of(b));
      return order != 0 ? order < 0 : a.offset < b.offset;
    });
    const auto same = std::adjacent_find(first, last, [this](const Name& a, const Name& b) {
      return a.hash == b.hash && text_of(a) == text_of(b);
    });
    if (same == last) return std::nullopt;
    return std::next(same)->offset;
  }

  /// Leaves out names that no other one shares its place with, in a table with room for many times
  /// as many; gives the end of the others.
  Iterator move_suspects_to_front(Iterator first) {
    const auto count = static_cast<std::size_t>(names_.end() - first);
    if (count < 16) return names_.end();
    const std::size_t places = count * 16;
    taken_.assign(places, false);
    shared_.assign(places, false);
    for (auto name = first; name != names_.end(); ++name) {
      const std::size_t place = name->hash % places;
      (taken_[place] ? shared_ : taken_)[place] = true;
    }
    return std::partition(first, names_.end(),
                          [this, places](const Name& name) { return shared_[name.hash % places]; });
  }

  std::string_view text_of(const Name& name) const {
    if (name.copied_to == kNotCopied) return document_.substr(name.offset + 1, name.length);
    return std::string_view(copies_).substr(name.copied_to, name.length);
  }

  std::string_view document_;
  std::string copies_;
  std::vector<Name> names_;
  std::vector<std::size_t> firsts_;  ///< of each open object
  std::vector<bool> taken_;
  std::vector<bool> shared_;
};

}  // namespace hookline::detail
