#pragma once

#include <algorithm>
#include <clocale>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"

namespace hookline::test {

/// Without its C escapes.
inline std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char c = text[++i];
    plain += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
  }
  return plain;
}

/// The columns of the lines of a file in tests/data; the first one without its C escapes.
inline std::vector<std::vector<std::string>> read_rows(const std::string& name) {
  std::ifstream file(std::string(HOOKLINE_TEST_DATA) + '/' + name);
  if (!file) throw std::runtime_error(name + " is missing");
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> row;
    std::size_t tab;
    for (std::size_t start = 0; start <= line.size(); start = tab + 1) {
      tab = std::min(line.find('\t', start), line.size());
      row.push_back(line.substr(start, tab - start));
    }
    row[0] = unescaped(row[0]);
    rows.push_back(row);
  }
  return rows;
}

/// Runs the promise in the "C" locale and in a UTF-8 one: `isalpha` and resolvers differ in them.
template <class Promise>
void in_both_locales(Promise promise) {
  promise();
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr) {
    WARN("there is no C.UTF-8 locale here");
    return;
  }
  promise();
  std::setlocale(LC_ALL, "C");
}

}  // namespace hookline::test
