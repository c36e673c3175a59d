// rheo verify PATH: whether recorded files are what the run sealed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/command/commands.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/print.hpp"
#include "apps/session/run_directory.hpp"
#include "apps/session/summary.hpp"
#include "io/files/provenance.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"
#include "io/record/checkpoint.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;
// What was found in one file.
struct Findings {
  std::vector<std::string> problems;
  std::uint64_t checked = 0, unchecked = 0;  // datasets with checksums, and those whose length alone can be seen
  std::vector<std::string> counts;           // "E 12,345 spikes"
  void add(const h5::Object& object, const std::string& problem) { problems.push_back(object.path() + ": " + problem); }
};

// The run.json of a directory; null where there is none of ours.
Json read_run(const fs::path& directory) {
  std::ifstream stream(directory / report_file);
  Json json = Json::parse(stream, nullptr, false);
  return json.is_object() && json.contains("rheobase") ? json : Json();
}

void check_datasets(const h5::Group& group, Findings& found) {
  for (const std::string& name : group.list()) {
    if (group.has_group(name)) {
      check_datasets(group.group(name), found);
      continue;
    }
    const h5::Dataset data = group.dataset(name);
    if (data.size() == 0) continue;
    const h5::Dataset::WholeRows whole = data.whole_rows(data.rows());
    if (!whole.problem.empty()) found.add(data, whole.problem);
    ++(data.is_checked() ? found.checked : found.unchecked);
  }
}

// How many spikes of a population the file holds by run.json; nothing: it does not say.
std::optional<std::uint64_t> spikes_expected(const Json& run, const std::string& population) {
  try {
    if (run.at("recorded_spikes").contains("spans_ms")) return std::nullopt;
    const Json& of = run.at("populations").at(population);
    if (run.at("recorded_spikes").at("neurons").at(population) != of.at("size")) return std::nullopt;
    return of.at("spikes").get<std::uint64_t>();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void check_spikes(const h5::Group& spikes, const Json& run, Findings& found) {
  for (const std::string& name : spikes.list()) {
    const h5::Dataset times = spikes.dataset(name + "/timestamps"), nodes = spikes.dataset(name + "/node_ids");
    if (times.rows() != nodes.rows())
      found.add(times, fmt::format("has {} values, and node_ids has {}", times.rows(), nodes.rows()));
    if (const auto expected = spikes_expected(run, name); expected && *expected != times.rows())
      found.add(times, fmt::format("has {} spikes, and run.json counts {}", times.rows(), *expected));
    found.counts.push_back(fmt::format("{} {} spikes", name, grouped(times.rows())));
    constexpr std::uint64_t block = std::uint64_t{1} << 18;
    double last = 0;
    for (std::uint64_t first = 0; first < times.rows(); first += block)
      for (const double time : times.read<double>(first, std::min(block, times.rows() - first))) {
        if (!(time >= last) || std::isinf(time))
          return found.add(times, fmt::format("{} ms stands after {} ms", time, last));
        last = time;
      }
  }
}

void check_report(const h5::Group& report, Findings& found) {
  for (const std::string& name : report.list()) {
    const h5::Dataset data = report.dataset(name + "/data");
    const auto ids = report.dataset(name + "/mapping/node_ids").rows();
    const auto time = report.dataset(name + "/mapping/time").read<double>();
    if (data.rank() != 2 || data.shape()[1] != ids) {
      found.add(data, fmt::format("has not one column for each of {} nodes", ids));
    } else if (time.size() != 3 || !(time[2] > 0) ||
               std::llround((time[1] - time[0]) / time[2]) != static_cast<long long>(data.rows())) {
      found.add(data, fmt::format("has {} rows, which are not those of mapping/time", data.rows()));
    }
    found.counts.push_back(fmt::format("{} {} rows", name, grouped(data.rows())));
  }
}

void check_snapshots(const h5::Group& weights, Findings& found) {
  for (const std::string& name : weights.list()) {
    const h5::Group group = weights.group(name);
    const std::uint64_t edges = group.dataset("source_node_id").rows(), rows = group.dataset("time").rows();
    for (const std::string& one : group.list()) {
      const h5::Dataset data = group.dataset(one);
      const bool by_edge = data.rank() == 1 && one != "time";
      if (by_edge ? data.rows() != edges : data.rows() != rows || (one != "time" && data.shape().at(1) != edges))
        found.add(data, fmt::format("does not fit {} snapshots of {} synapses", rows, edges));
    }
    found.counts.push_back(fmt::format("{} {} snapshots", name, grouped(rows)));
  }
}

Findings check_file(const fs::path& path, const Json& run) {
  Findings found;
  try {
    const h5::File file = h5::File::open(path.string());
    if (file.text_attribute("format") == "rheobase checkpoint") {
      read_checkpoint(path);
      found.counts.emplace_back("a whole checkpoint");
      return found;
    }
    check_datasets(file, found);
    if (!found.problems.empty()) return found;
    if (file.has_group("spikes")) check_spikes(file.group("spikes"), run, found);
    if (file.has_group("report")) check_report(file.group("report"), found);
    if (file.has_group("weights")) check_snapshots(file.group("weights"), found);
  } catch (const UserError& error) {
    const Complaint& complaint = error.complaint();
    found.problems.push_back((complaint.key.empty() ? "" : complaint.key + ": ") + complaint.problem);
  }
  return found;
}

// Checks one sealed file; returns whether it is all right.
bool verify_file(const fs::path& file, const Json& run) {
  const std::string name = file.filename().string();
  std::optional<std::string> sealed_as;
  if (const auto sums = run.find("sha256"); run.is_object() && sums != run.end() && sums->is_object())
    if (const auto sum = sums->find(name); sum != sums->end() && sum->is_string()) sealed_as = sum->get<std::string>();
  Findings found;
  std::error_code error;
  if (!fs::exists(file, error)) {
    found.problems.emplace_back("is missing, and run.json names it");
  } else {
    if (sealed_as && sha256_of_file(file) != *sealed_as)
      found.problems.emplace_back("has another SHA-256 than the file that was sealed: it was changed, or is damaged");
    Findings inside = check_file(file, run);
    found.problems.insert(found.problems.end(), inside.problems.begin(), inside.problems.end());
    inside.problems = std::move(found.problems);
    found = std::move(inside);
  }
  for (const std::string& problem : found.problems) {
    const std::string line = fmt::format("rheo: {}: {}\n", file.string(), problem);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  if (!found.problems.empty()) return false;
  std::string text =
      fmt::format("{}: {}", file.string(), sealed_as ? "SHA-256 as sealed" : "no SHA-256 to compare with");
  if (found.checked > 0) text += fmt::format("; {} datasets, their checksums are right", found.checked);
  if (found.unchecked > 0) text += fmt::format("; {} datasets without checksums, all in the file", found.unchecked);
  if (!found.counts.empty()) text += fmt::format("; {}", fmt::join(found.counts, ", "));
  print(text + "\n");
  return true;
}

}  // namespace

int verify_files(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) reject_recording(path, "there is no such file or directory");
  const bool is_directory = fs::is_directory(path, error);
  const fs::path directory = is_directory ? path : path.has_parent_path() ? path.parent_path() : fs::path(".");
  const Json run = read_run(directory);
  std::vector<fs::path> files;
  bool right = true;
  if (!is_directory) {
    files.push_back(path);
  } else {
    std::vector<std::string> names;
    for (const char* list : {"files", "sha256"})
      if (const auto named = run.find(list); run.is_object() && named != run.end())
        for (const auto& [key, value] : named->items()) {
          const std::string name = named->is_object() ? key : value.is_string() ? value.get<std::string>() : "";
          if (!name.empty() && fs::path(name).filename() == name) names.push_back(name);
        }
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.path().extension() == ".h5") names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::string& name : names) files.push_back(path / name);
    for (const auto& entry : fs::directory_iterator(path)) {
      const std::string name = entry.path().filename().string();
      const bool is_part = name.ends_with(".h5.part");
      if (!is_part && !name.ends_with(".h5.part.damaged")) continue;
      const std::string line = fmt::format(
          "rheo: {}: {}\n", entry.path().string(),
          is_part ? "is not sealed: a run still writes it or was killed (rheo resume or rheo recover seal it)"
                  : "is what a damaged recording was recovered from: its sealed file is not all of the run");
      std::fwrite(line.data(), 1, line.size(), stderr);
      right = false;
    }
    if (files.empty() && right) reject_recording(path, "holds nothing to verify", "the output directory of a run");
  }
  for (const fs::path& file : files) right = verify_file(file, run) && right;
  if (!run.is_object()) {
    print(fmt::format(
        "{}: there is no run.json here. Checksums in the files guard their values; whether a file is the one "
        "that the run sealed, and whether others are missing, nobody can say\n",
        directory.string()));
  } else if (const std::string status = run.value("status", ""); status != "finished") {
    print(fmt::format("{}: the run is {}\n", (directory / report_file).string(), status));
  }
  return right ? 0 : exit_user_error;
}

}  // namespace rheo
