#include "io/files/provenance.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nettle/sha2.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

#include "core/diagnostics.hpp"
#include "io/files/run_files.hpp"
#include "io/files/whole_file.hpp"
#include "io/text/json.hpp"

namespace rheo {
namespace {

const char* name_of(Precision precision) {
  return precision == Precision::single_ ? "single" : "double";
}

namespace fs = std::filesystem;
[[noreturn]] void reject_report(const fs::path& file, const std::string& what, int code) {
  throw RecordingError({.file = file.string(), .problem = what + " (" + std::generic_category().message(code) + ")"});
}

const char* name_of(RunReport::Status status) {
  switch (status) {
    case RunReport::Status::finished:
      return "finished";
    case RunReport::Status::interrupted:
      return "interrupted";
    case RunReport::Status::failed:
      return "failed";
  }
  return "";
}

// 0, or the error number.
int write_all(const fs::path& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int code = write_bytes(file, text);
  if (code == 0 && ::fsync(file) != 0 && errno != EINVAL) code = errno;
  if (::close(file) != 0 && code == 0 && errno != EINTR) code = errno;
  return code;
}

}  // namespace

std::optional<double> real_time_factor(const RunReport& report) {
  if (!(report.simulated > 0)) return std::nullopt;
  return report.simulate_wall_time * 1000 / report.simulated;
}

Json to_json(const std::vector<PortWeights>& weights) {
  Json json = Json::array();
  for (const PortWeights& w : weights)
    json.push_back({{"port", w.port}, {"unit", w.unit}, {"min", w.range.low}, {"max", w.range.high}, {"sign", w.sign}});
  return json;
}

namespace {

// What was asked for and how it was understood.
void add_settings(const RunReport& report, Json& json) {
  for (const RunReport::Phase& phase : report.phases)
    json["phases"].push_back(
        {{"name", phase.name}, {"begin_ms", phase.begin}, {"end_ms", phase.end}, {"learning", phase.learning}});
  if (report.begin != 0) json["begin_ms"] = report.begin;
  if (!report.changes.empty()) json["changes"] = report.changes;
  if (!report.stopped.empty()) json["stopped"] = report.stopped;
  if (!report.overrides.empty()) json["set"] = report.overrides;
  for (const RunReport::SettingsFile& one : report.settings)
    json["settings"].push_back({{"file", one.file}, {"text", or_null(one.text)}});
  if (!report.spike_neurons.empty()) {
    json["recorded_spikes"]["neurons"] = report.spike_neurons;
    if (!report.spike_spans.empty()) json["recorded_spikes"]["spans_ms"] = report.spike_spans;
  }
  for (const PlacedSpikes& placed : report.spike_times) {
    Json& one = json["spike_times"][placed.key];
    if (!placed.file.empty()) one["file"] = placed.file;
    one["spikes"] = placed.spikes;
    one["to_nearest_tick"] = placed.nearest;
    one["into_first_tick"] = placed.first_tick;
    one["left_out_at_zero"] = placed.at_zero;
    one["left_out_after_end"] = placed.after_end;
    if (placed.tells_no_ticks()) one["unclear_from_ms"] = placed.unclear_from;
  }
}

// Where it ran and how fast.
void add_process(const RunReport& report, Json& json) {
  json["threads"] = report.threads;
  json["lanes"] = report.lanes;
  json["host"] = report.host;
  json["compiler"] = report.compiler;
  json["instruction_set"] = report.instruction_set;
  json["started"] = report.started;
  json["build_wall_time_s"] = report.build_wall_time;
  json["simulate_wall_time_s"] = report.simulate_wall_time;
  if (report.resumed > 0) json["resumed"] = report.resumed;
  if (report.checkpoints.written > 0)
    json["checkpoints"] = {{"written", report.checkpoints.written},
                           {"bytes", report.checkpoints.bytes},
                           {"stopped_s", report.checkpoints.stopped},
                           {"writing_s", report.checkpoints.writing}};
  json["real_time_factor"] = or_null(real_time_factor(report));
  json["peak_memory_bytes"] = report.peak_memory;
  if (const auto& s = report.stages)
    json["stages_s"] = {{"fan_out", s->fan_out}, {"arrive", s->arrive}, {"drive", s->drive},
                        {"advance", s->advance}, {"gather", s->gather}, {"sinks", s->sinks}};
}

// Members are appended as they are: operator[] would compare each name with all before it.
Json populations_json(const RunReport& report) {
  Json::object_t populations;
  for (std::size_t p = 0; p < report.populations.size(); ++p) {
    const PopulationStatistics& population = report.populations[p];
    populations.emplace_back(
        population.name,
        Json{{"size", population.size},
             {"spikes", population.spikes},
             {"rate_Hz", population.rate},
             {"cv_isi", or_null(population.cv_isi)},
             {"cv_neurons", population.cv_neurons},
             {"synchrony", or_null(population.synchrony)},
             {"update", p < report.by_event.size() && report.by_event[p] ? "event" : "tick"},
             {"precision", name_of(p < report.precisions.size() ? report.precisions[p] : report.precision)}});
  }
  return populations;
}

Json projections_json(const RunReport& report) {
  Json::object_t projections;
  for (const RunReport::Projection& projection : report.projections) {
    projections.emplace_back(projection.name, Json{{"synapses", projection.synapses},
                                                   {"bytes", projection.bytes},
                                                   {"min_delay_ms", projection.min_delay},
                                                   {"max_delay_ms", projection.max_delay},
                                                   {"precision", name_of(projection.precision)},
                                                   {"weights", to_json(projection.weights)}});
  }
  return projections;
}

}  // namespace

Json to_json(const RunReport& report) {
  Json json;
  json["status"] = name_of(report.status);
  if (!report.problem.empty()) json["problem"] = report.problem;
  json["rheobase"] = report.version;
  json["title"] = report.title;
  json["experiment"] = report.experiment;
  if (report.identity) json["identity"] = fmt::format("{:016x}", *report.identity);
  json["seed"] = report.seed;
  json["dt_ms"] = report.dt;
  json["duration_ms"] = report.duration;
  json["simulated_ms"] = report.simulated;
  json["precision"] = name_of(report.precision);
  add_settings(report, json);
  add_process(report, json);
  for (const auto& [name, value] : report.scores) json["scores"][name] = or_null(value);
  for (const auto& [target, scores] : report.target_scores)
    for (const auto& [name, value] : scores) json["targets"][target][name] = or_null(value);
  if (!report.remarks.empty()) json["remarks"] = report.remarks;
  json["populations"] = populations_json(report);
  json["projections"] = projections_json(report);
  json["files"] = report.files;
  if (!report.sha256.empty()) json["sha256"] = report.sha256;
  return json;
}

namespace {

void replace_run_report(const fs::path& directory, const Json& json) {
  const fs::path file = directory / report_file, draft = fs::path(file).concat(".tmp");
  if (const int code = write_all(draft, json_text(json, 2) + "\n"); code != 0) {
    ::unlink(draft.c_str());
    reject_report(draft, "cannot be written", code);
  }
  if (::rename(draft.c_str(), file.c_str()) != 0) {
    const int code = errno;
    ::unlink(draft.c_str());
    reject_report(file, "cannot be replaced", code);
  }
}

}  // namespace

void write_run_report(const fs::path& directory, const RunReport& report) {
  std::error_code made;
  fs::create_directories(directory, made);
  if (made) reject_report(directory, "the directory cannot be made", made.value());
  replace_run_report(directory, to_json(report));
}

void note_sealed(const fs::path& directory, const std::vector<std::string>& files) {
  std::ifstream stream(directory / report_file);
  Json json = Json::parse(stream, nullptr, false);
  if (!json.is_object() || !json.contains("rheobase")) return;
  if (!json.contains("files") || !json["files"].is_array()) json["files"] = Json::array();
  if (!json.contains("sha256") || !json["sha256"].is_object()) json["sha256"] = Json::object();
  for (const std::string& file : files) {
    if (std::find(json["files"].begin(), json["files"].end(), Json(file)) == json["files"].end())
      json["files"].push_back(file);
    json["sha256"][file] = sha256_of_file(directory / file);
  }
  replace_run_report(directory, json);
}

std::string sha256_of_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) reject_report(path, "cannot be read", errno);
  sha256_ctx context;
  sha256_init(&context);
  std::vector<unsigned char> bytes(std::size_t{1} << 18);
  int code = 0;
  for (;;) {
    const ssize_t size = ::read(file, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) code = errno;
    if (size <= 0) break;
    sha256_update(&context, static_cast<std::size_t>(size), bytes.data());
  }
  ::close(file);
  if (code != 0) reject_report(path, "cannot be read", code);
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest;
  sha256_digest(&context, digest.size(), digest.data());
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::vector<RunReport::SettingsFile> settings_texts(const std::vector<std::string>& files) {
  constexpr std::uintmax_t most_bytes = std::uintmax_t{256} << 10;
  std::vector<RunReport::SettingsFile> settings;
  std::uintmax_t kept = 0;
  for (const std::string& file : files) {
    const fs::path extension = fs::path(file).extension();
    if (extension != ".toml" && extension != ".json") continue;
    RunReport::SettingsFile one{file, std::nullopt};
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(file, error);
    if (!error && bytes <= most_bytes - kept) {
      std::ifstream stream(file, std::ios::binary);
      one.text = std::string(std::istreambuf_iterator<char>(stream), {});
      one.text->resize(std::min<std::size_t>(one.text->size(), most_bytes - kept));  // it may have grown meanwhile
      kept += one.text->size();
    }
    settings.push_back(std::move(one));
  }
  return settings;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("unknown");
}

std::string compiler_name() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
         std::to_string(__GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace rheo
