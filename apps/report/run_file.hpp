// run.json, which rheo run writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "io/files/recording.hpp"
#include "io/text/json.hpp"

namespace rheo::report {

// run.json, whose values are looked at with the types that they should have.
class RunFile {
 public:
  explicit RunFile(std::filesystem::path file) : file_(std::move(file)) {
    std::ifstream stream(file_);
    json_ = Json::parse(stream, nullptr, false);
    if (!json_.is_object() || !json_.contains("rheobase") || !json_.contains("status"))
      reject_recording(file_, "was not written by rheo run", "the output directory of rheo run");
  }

  const Json& json() const { return json_; }
  std::string text(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return "";
    if (!found->is_string()) reject(key, *found, "a text");
    return found->get<std::string>();
  }
  // A number that is not negative; nothing where there is none.
  std::optional<double> number(const Json& from, const std::string& place, const char* key) const {
    const auto found = from.find(key);
    if (found == from.end() || found->is_null()) return std::nullopt;
    if (!found->is_number() || !(found->get<double>() >= 0)) reject(place + key, *found, "a number >= 0");
    return found->get<double>();
  }
  std::optional<double> number(const char* key) const { return number(json_, "", key); }
  std::uint64_t whole(const Json& from, const std::string& place, const char* key) const {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_number_unsigned())
      reject(place + key, found == from.end() ? Json() : *found, "a whole number >= 0");
    return found->get<std::uint64_t>();
  }
  // The members of a table, none where it is missing.
  std::vector<std::pair<std::string, Json>> members(const Json& from, const char* key) const {
    std::vector<std::pair<std::string, Json>> all;
    const auto found = from.find(key);
    if (found == from.end()) return all;
    if (!found->is_object()) reject(key, *found, "a table");
    for (const auto& [name, value] : found->items()) all.emplace_back(name, value);
    return all;
  }
  [[noreturn]] void reject(const std::string& key, const Json& value, std::string expected) const {
    throw RecordingError({.file = file_.string(),
                          .key = key,
                          .value = json_text(value).substr(0, 200),
                          .problem = "is not what rheo run writes",
                          .expected = std::move(expected)});
  }

 private:
  std::filesystem::path file_;
  Json json_;
};

}  // namespace rheo::report
