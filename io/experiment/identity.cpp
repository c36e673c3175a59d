#include "io/experiment/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "io/files/recording.hpp"
#include "io/text/toml_document.hpp"

namespace rheo {

namespace fs = std::filesystem;

std::uint64_t fnv_1a(std::string_view bytes, std::uint64_t hash) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

std::uint64_t hash_of_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) reject_recording(path, "cannot be read");
  std::uint64_t hash = fnv_1a({});
  std::array<char, 1 << 16> bytes;
  while (stream.read(bytes.data(), bytes.size()), stream.gcount() > 0)
    hash = fnv_1a({bytes.data(), static_cast<std::size_t>(stream.gcount())}, hash);
  return hash;
}

std::uint64_t identity_of(const std::string& file, const std::vector<std::string>& overrides, const std::string& table,
                          const std::vector<std::string>& without, const std::vector<std::string>& files) {
  TomlDocument document = read_toml_document(file, overrides);
  TomlNode& from = table.empty() ? document.root : *document.root.find(table);
  std::erase_if(from.entries, [&](const auto& entry) {
    return std::find(without.begin(), without.end(), entry.first) != without.end();
  });
  std::string text = toml_text(document.root);
  for (const std::string& read : files)
    if (std::find(document.files.begin(), document.files.end(), read) == document.files.end())
      text += fmt::format("\n{:016x}", hash_of_file(read));
  return fnv_1a(text);
}

std::uint64_t identity_of(const Experiment& experiment) {
  std::uint64_t hash = fnv_1a({});
  if (fs::path(experiment.path).extension() == ".json") {
    for (const std::string& file : experiment.files) hash = fnv_1a(fmt::format("{:016x}\n", hash_of_file(file)), hash);
    for (const std::string& override : experiment.overrides) hash = fnv_1a(override + '\n', hash);
  } else {
    hash = identity_of(experiment.path, experiment.overrides, {}, {"title", "sweep"}, experiment.files);
  }
  return fnv_1a(fmt::format("seed {}", experiment.network.seed), hash);
}

}  // namespace rheo
