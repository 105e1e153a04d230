#include "scenarios/documents.hpp"

#include <fmt/format.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <stdexcept>

#include "build/json_stream.hpp"

namespace hookline::bench {

std::string large_document() {
  std::string document =
      R"({"id":"025f399f-4370-4064-aed5-b8d16b597183","schema_id":null,"status":"SUCCESSFUL",)"
      R"("original_filename":"contacts.csv","created_date":"2024-04-24T17:20:14.659349Z",)"
      R"("upload":"https://files.example.com/uploads/025f399f","review_url":)"
      R"("https://app.example.com/review/025f399f-4370-4064","original_file_download":)"
      R"("https://files.example.com/originals/025f399f-4370","import_errors":[)";
  for (int row = 0; document.size() < 1020 * 1024; ++row) {
    document += fmt::format(
        R"({}{{"row":{},"column":"email address","code":1.25e{},"message":"The cell in row {} is )"
        R"(not an e-mail address: \"jane.doe(at)example.com\"; line\nends and Gr\u00fc\u00dfe too; )"
        R"(what stands in the other cells of the row looks as it should",)"
        R"("values":["Jane","Doe",null,true,{}.5,"+49 30 123456, extension {}"],"fixed":false}})",
        row == 0 ? "" : ",", row, row % 9, row, row, row);
  }
  return document + "]}";
}

Import headless_import(std::string document) {
  Import import;
  import.id = "025f399f-4370-4064-aed5-b8d16b597183";
  import.import_type = ImportType::headless;
  import.headless = std::move(document);
  import.import_identifier = "contacts";
  return import;
}

std::string copied(const std::string& document) {
  using Writer = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                   rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>;
  rapidjson::StringStream input(document.c_str());
  rapidjson::StringBuffer buffer(nullptr, document.size() + 1);
  Writer writer(buffer);
  rapidjson::Reader reader;
  if (reader.Parse<detail::kJsonReaderFlags>(input, writer).IsError()) {
    throw std::runtime_error("RapidJSON does not read the document");
  }
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace hookline::bench
