#include "build/headless_handler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "build/json_number.hpp"
#include "build/removed_names.hpp"

namespace hookline::detail {
namespace {

/// In a text that a validating reader let through, only an escape can have made one.
bool has_lone_surrogate(std::string_view text) {
  for (std::size_t at = text.find('\xed'); at != text.npos; at = text.find('\xed', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xa0) return true;
  }
  return false;
}

}  // namespace

bool HeadlessHandler::Null() {
  return end_value([this] { return writer_.Null(); });
}

bool HeadlessHandler::Bool(bool value) {
  return end_value([this, value] { return writer_.Bool(value); });
}

bool HeadlessHandler::RawNumber(const char* digits, Size length, bool) {
  if (is_beyond_double({digits, length})) return refuse(kBeyondDouble);
  return end_value([&] { return writer_.Verbatim({digits, length}, rapidjson::kNumberType); });
}

bool HeadlessHandler::String(const char* data, Size length, bool) {
  const std::string_view text(data, length);
  if (value_is_secret_) keep_secret(text);
  if (removing() && has_lone_surrogate(text)) return refuse(kLoneSurrogate);
  return end_value([&] { return write_value(text); });
}

bool HeadlessHandler::StartObject() {
  if (!begin_container()) return false;
  names_.open();
  return removing() || writer_.StartObject();
}

bool HeadlessHandler::Key(const char* data, Size length, bool) {
  const std::string_view name(data, length);
  if (++members_ > options_.max_headless_members) {
    return refuse(fmt::format("more than {} members", options_.max_headless_members));
  }
  if (name.find('\0') != name.npos) return refuse("an escaped NUL in a name");

  value_is_secret_ = is_removed(name, options_.remove_members);
  if (removing()) return !has_lone_surrogate(name) || refuse(kLoneSurrogate);
  if (value_is_secret_) {
    removing_in_ = depth_;
    return true;
  }
  return write_name(name);
}

bool HeadlessHandler::EndObject(Size) {
  --depth_;
  const std::optional<std::size_t> twice = names_.close();
  if (twice) return refuse_at(*twice, "a name twice in one object");
  return end_value([this] { return writer_.EndObject(); });
}

bool HeadlessHandler::StartArray() {
  return begin_container() && (removing() || writer_.StartArray());
}

bool HeadlessHandler::EndArray(Size) {
  --depth_;
  return end_value([this] { return writer_.EndArray(); });
}

bool HeadlessHandler::begin_container() {
  value_is_secret_ = false;
  if (++depth_ <= options_.max_headless_depth) return true;
  return refuse(fmt::format("nested deeper than {}", options_.max_headless_depth));
}

/// Writes a value or its end, unless it is removed; the removal ends with the value that it is for.
template <class Write>
bool HeadlessHandler::end_value(Write write) {
  value_is_secret_ = false;
  if (!removing()) return write();
  if (removing_in_ == depth_) removing_in_ = 0;
  return true;
}

bool HeadlessHandler::write_name(std::string_view name) {
  const std::string_view shown = redacted(name);
  const std::string_view token = input_.string_without_escapes(name.size());
  const bool verbatim = !token.empty() && shown.data() == name.data();
  names_.add(shown, input_.Tell(), verbatim);
  if (verbatim) return writer_.Verbatim(token, rapidjson::kStringType);
  return writer_.String(shown) || refuse(kLoneSurrogate);
}

bool HeadlessHandler::write_value(std::string_view text) {
  const std::string_view shown = redacted(text);
  const std::string_view token = input_.string_without_escapes(text.size());
  const bool verbatim = !token.empty() && shown.data() == text.data();
  if (!verbatim) return writer_.String(shown) || refuse(kLoneSurrogate);
  writer_.Verbatim(token, rapidjson::kStringType);
  if (text.size() >= kMinSecretBytes) {
    const auto end = static_cast<std::uint32_t>(writer_.size() - 1);
    verbatim_values_.push_back({end - static_cast<std::uint32_t>(text.size()), end});
  }
  return true;
}

void HeadlessHandler::keep_secret(std::string_view text) {
  constexpr std::size_t kMaxSecrets = 16;
  if (text.size() < kMinSecretBytes || secrets_.size() == kMaxSecrets) return;
  const bool known = std::find(secrets_.begin(), secrets_.end(), text) != secrets_.end();
  if (!known) secrets_.emplace_back(text);
}

std::string_view HeadlessHandler::redacted(std::string_view text) {
  return redactor_ == nullptr ? text : redactor_->redact(text);
}

bool HeadlessHandler::refuse(std::string_view what) { return refuse_at(input_.Tell(), what); }

bool HeadlessHandler::refuse_at(std::size_t offset, std::string_view what) {
  fault_ = {std::string(what), offset};
  return false;
}

}  // namespace hookline::detail
