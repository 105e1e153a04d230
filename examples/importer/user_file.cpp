#include "importer/user_file.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "common/text_file.hpp"

namespace importer {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;

examples::Checked<rapidjson::Document> parse_object(const std::string& text);
examples::Checked<hookline::User> user_of(const rapidjson::Document& object);
std::optional<std::string>* member_of(hookline::User& user, std::string_view name);

}  // namespace

examples::Checked<hookline::User> read_user(const std::string& path) {
  const auto text = examples::read_text_file(path, kMaxBytes);
  if (!text) return tl::unexpected(text.error());
  return parse_object(*text).and_then(user_of).map_error(
      [&](const std::string& what) { return fmt::format("{}: {}", path, what); });
}

namespace {

examples::Checked<rapidjson::Document> parse_object(const std::string& text) {
  // RapidJSON takes a NUL for the end of the text.
  if (text.find('\0') != text.npos) return tl::unexpected<std::string>("a NUL byte");
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Document document;
  document.Parse<kFlags>(text.data(), text.size());
  if (document.HasParseError()) {
    return tl::unexpected(fmt::format("not JSON at offset {}: {}", document.GetErrorOffset(),
                                      rapidjson::GetParseError_En(document.GetParseError())));
  }
  if (!document.IsObject()) return tl::unexpected<std::string>("not a JSON object");
  return document;
}

examples::Checked<hookline::User> user_of(const rapidjson::Document& object) {
  hookline::User user;
  std::vector<std::string> seen;
  for (const auto& member : object.GetObject()) {
    const std::string name(member.name.GetString(), member.name.GetStringLength());
    auto* field = member_of(user, name);
    if (!field) {
      return tl::unexpected(fmt::format(
          "{}: unknown; a user has id, name, email, company_id and company_name", name));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return tl::unexpected(fmt::format("{}: stands here twice", name));
    }
    seen.push_back(name);
    if (member.value.IsNull()) continue;
    if (!member.value.IsString()) {
      return tl::unexpected(fmt::format("{}: must be a string or null", name));
    }
    field->emplace(member.value.GetString(), member.value.GetStringLength());
  }
  return user;
}

std::optional<std::string>* member_of(hookline::User& user, std::string_view name) {
  if (name == "id") return &user.id;
  if (name == "name") return &user.name;
  if (name == "email") return &user.email;
  if (name == "company_id") return &user.company_id;
  if (name == "company_name") return &user.company_name;
  return nullptr;
}

}  // namespace
}  // namespace importer
