#include "base/import_codec.hpp"

#include <array>
#include <chrono>
#include <cstdint>

#include "base/byte_codec.hpp"

namespace hookline::detail {
namespace {

constexpr std::uint64_t kVersion = 1;

using Field = std::optional<std::string>;
constexpr std::array<Field User::*, 5> kUserFields = {&User::id, &User::name, &User::email,
                                                      &User::company_id, &User::company_name};
constexpr std::array<Field Import::*, 4> kOptionalTexts = {
    &Import::headless, &Import::import_identifier, &Import::saved_schema_id, &Import::webhook_url};

void write_user(ByteWriter& out, const std::optional<User>& user) {
  out.number(user ? 1 : 0);
  if (!user) return;
  for (const auto field : kUserFields) out.text(*user.*field);
}

std::optional<User> read_user(ByteReader& in) {
  if (in.number() == 0) return std::nullopt;
  User user;
  for (const auto field : kUserFields) user.*field = in.maybe_text();
  return user;
}

}  // namespace

std::string encode_import(const Import& import) {
  ByteWriter out;
  out.number(kVersion);
  out.text(std::string_view(import.tenant));
  out.text(std::string_view(import.id));
  out.text(import.filename);
  write_user(out, import.user);
  out.number(static_cast<std::uint64_t>(import.created_date.time_since_epoch().count()));
  out.number(static_cast<std::uint64_t>(import.import_type));
  out.number(static_cast<std::uint64_t>(import.status));
  out.number(import.num_data_rows);
  out.number(import.development_mode ? 1 : 0);
  out.number(import.has_data ? 1 : 0);
  for (const auto field : kOptionalTexts) out.text(import.*field);
  return out.take();
}

std::optional<Import> decode_import(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.number() != kVersion) return std::nullopt;
  Import import;
  import.tenant = in.text();
  import.id = in.text();
  import.filename = in.maybe_text();
  import.user = read_user(in);
  using Time = std::chrono::system_clock::time_point;
  import.created_date = Time(Time::duration(static_cast<Time::rep>(in.number())));
  import.import_type = static_cast<ImportType>(in.number());
  import.status = static_cast<ImportStatus>(in.number());
  import.num_data_rows = in.number();
  import.development_mode = in.number() != 0;
  import.has_data = in.number() != 0;
  for (const auto field : kOptionalTexts) import.*field = in.maybe_text();
  if (!in.complete()) return std::nullopt;
  return import;
}

}  // namespace hookline::detail
