#include "io/sweep/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <system_error>
#include <unordered_set>

#include "io/experiment/identity.hpp"
#include "io/files/claim.hpp"
#include "io/files/provenance.hpp"
#include "io/files/recording.hpp"
#include "io/files/run_files.hpp"
#include "io/files/whole_file.hpp"
#include "io/text/json.hpp"
#include "io/text/numbers.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

std::string hash_text(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

std::optional<std::uint64_t> hash_of(std::string_view text) {
  return text.size() == 16 ? parse_number<std::uint64_t>(text, 16) : std::nullopt;
}

template <class T>
std::optional<T> optional_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->template get<T>();
}

// A table as text whose last entry is a checksum of all that stands before it.
std::string checked_text(const Json& json, int indent = -1) {
  std::string text = json_text(json, indent);
  text.erase(text.rfind(indent < 0 ? "}" : "\n}"));
  const std::string sum = hash_text(fnv_1a(text));
  return text + (indent < 0 ? ",\"checksum\":\"" + sum + "\"}" : ",\n  \"checksum\": \"" + sum + "\"\n}");
}

enum class Checked { none, damaged, intact };
// `json` was read from `text`.
Checked check(const Json& json, const std::string& text) {
  const auto sum = json.find("checksum");
  if (sum == json.end()) return Checked::none;
  const std::size_t end = text.rfind(',', text.rfind("\"checksum\""));
  if (!sum->is_string() || end == std::string::npos) return Checked::damaged;
  const bool agrees = hash_text(fnv_1a(std::string_view(text).substr(0, end))) == sum->get<std::string>();
  return agrees ? Checked::intact : Checked::damaged;
}

// As run.json has them.
std::vector<PopulationStatistics> populations_of(const Json& json) {
  std::vector<PopulationStatistics> all;
  if (!json.contains("populations")) return all;
  for (const auto& [name, one] : json.at("populations").items()) {
    PopulationStatistics population;
    population.name = name;
    population.spikes = one.at("spikes").get<std::uint64_t>();
    population.rate = one.at("rate_Hz").get<double>();
    population.cv_isi = optional_of<double>(one, "cv_isi");
    population.synchrony = optional_of<double>(one, "synchrony");
    all.push_back(std::move(population));
  }
  return all;
}

void read_timing(PointRecord& record, const Json& json) {
  record.build_wall_time = json.at("build_wall_time_s").get<double>();
  record.simulate_wall_time = json.at("simulate_wall_time_s").get<double>();
  record.real_time_factor = optional_of<double>(json, "real_time_factor");
  record.peak_memory = json.at("peak_memory_bytes").get<std::uint64_t>();
  record.populations = populations_of(json);
  record.scores.clear();
  if (json.contains("scores"))
    for (const auto& [name, value] : json.at("scores").items())
      record.scores.emplace_back(name, value.is_null() ? std::nullopt : std::optional(value.get<double>()));
}

Json to_json(const PointRecord& record) {
  Json json;
  json["point"] = hash_text(record.hash);
  json["state"] = record.state_name();
  json["time"] = record.time;
  if (record.state == PointState::running) return json;
  if (!record.error.empty()) json["error"] = record.error;
  json["build_wall_time_s"] = record.build_wall_time;
  json["simulate_wall_time_s"] = record.simulate_wall_time;
  json["real_time_factor"] = or_null(record.real_time_factor);
  json["peak_memory_bytes"] = record.peak_memory;
  json["populations"] = Json::object();
  for (const PopulationStatistics& population : record.populations)
    json["populations"][population.name] = {{"spikes", population.spikes},
                                            {"rate_Hz", population.rate},
                                            {"cv_isi", or_null(population.cv_isi)},
                                            {"synchrony", or_null(population.synchrony)}};
  for (const auto& [name, value] : record.scores) json["scores"][name] = or_null(value);
  return json;
}

// Throws what Json throws where it is no record.
PointRecord record_of(const Json& json) {
  PointRecord record;
  const auto hash = hash_of(json.at("point").get<std::string>());
  if (!hash) throw std::invalid_argument("no hash");
  record.hash = *hash;
  const std::string state = json.at("state").get<std::string>();
  const auto found = std::find(point_state_names.begin(), point_state_names.end(), state);
  if (found == point_state_names.end()) throw std::invalid_argument("no state");
  record.state = static_cast<PointState>(found - point_state_names.begin());
  record.time = json.at("time").get<double>();
  if (record.state == PointState::running) return record;
  record.error = json.value("error", "");
  read_timing(record, json);
  return record;
}

// Whole lines of a file that are JSON objects; others are passed over, and those whose checksum does not agree. Returns
// a hash of all lines.
template <class Each>
std::uint64_t each_line(const fs::path& file, const Each& each) {
  std::ifstream stream(file, std::ios::binary);
  std::uint64_t hash = fnv_1a({});
  for (std::string line; std::getline(stream, line);) {
    hash = fnv_1a("\n", fnv_1a(line, hash));
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || check(json, line) == Checked::damaged) continue;
    try {
      each(json);
    } catch (const std::exception&) {  // of another version, or touched by hand: the folders know
    }
  }
  return hash;
}

std::vector<fs::path> listing(const fs::path& directory) {
  std::vector<fs::path> all;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    all.push_back(entry->path());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

std::string parameter_text(const SweepParameter& parameter) {
  return std::visit([](const auto& value) { return fmt::format("{}", value); }, parameter);
}

double metric_of(const std::string& name, const PointRecord& record) {
  const std::size_t dot = name.find('.');
  const std::string kind = name.substr(0, dot), population = name.substr(dot + 1);
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (kind == "score") {
    for (const auto& [score, value] : record.scores)
      if (score == population) return value.value_or(none);
    return none;
  }
  for (const PopulationStatistics& one : record.populations) {
    if (one.name != population) continue;
    if (kind == "rate") return one.rate;
    if (kind == "spikes") return static_cast<double>(one.spikes);
    return (kind == "cv_isi" ? one.cv_isi : one.synchrony).value_or(none);
  }
  return none;
}

void add_report(PointRecord& record, const fs::path& directory) {
  std::ifstream stream(directory / report_file);
  const Json json = Json::parse(stream, nullptr, false);
  if (!json.is_object()) return;
  try {
    read_timing(record, json);
  } catch (const std::exception& error) {
    reject_recording(directory / report_file, fmt::format("cannot be read ({})", error.what()));
  }
}

std::string SweepFolder::name_of(std::uint64_t hash) const {
  const std::string text = hash_text(hash);
  return "points/" + text.substr(0, 2) + '/' + text;
}

void SweepFolder::make() const {
  std::error_code error;
  // The journal is made first: with it, the directory is a sweep's whenever we are killed.
  if (fs::exists(path_, error) && !fs::exists(path_ / "journal", error) && !listing(path_).empty())
    reject_recording(path_, "holds something else than a sweep", "another directory with --out");
  fs::create_directories(path_ / "journal", error);
  if (!error) fs::create_directories(path_ / "points", error);
  if (error)
    reject_recording(path_, fmt::format("cannot be made ({})", error.message()), "another directory with --out");
}

void SweepFolder::describe(const Sweep& sweep) const {
  std::uint64_t hash = fnv_1a({});
  write_whole_text(path_ / "points.jsonl", [&](std::ostream& stream) {
    for (std::uint64_t point = 0; point < sweep.size(); ++point) {
      Json json;
      json["point"] = hash_text(sweep.hash(point));
      json["repeat"] = sweep.repeat(point);
      for (const SweepValue& value : sweep.values(point))
        if (const auto* whole = std::get_if<std::int64_t>(&value.content))
          json["parameters"].push_back(*whole);
        else if (const auto* real = std::get_if<double>(&value.content))
          json["parameters"].push_back(*real);
        else if (const auto* text = std::get_if<std::string>(&value.content))
          json["parameters"].push_back(*text);
        else
          json["parameters"].push_back(value.text);
      const std::string line = json_text(json) + '\n';
      hash = fnv_1a(line, hash);
      stream << line;
    }
  });

  Json json;
  json["file"] = sweep.path();
  json["overrides"] = sweep.given_overrides();
  json["plugins"] = sweep.plugins();
  json["directory"] = fs::current_path().string();
  json["design"] = sweep.design();
  json["points"] = sweep.size();
  json["keys"] = sweep.keys();
  json["metrics"] = Json::array();
  for (const SweepMetric& metric : sweep.metrics()) json["metrics"].push_back(metric.name);
  if (!sweep.objective().metric.empty()) {
    json["objective"] = sweep.objective().metric;
    json["goal"] = sweep.objective().maximise ? "max" : "min";
  }
  json["points_checksum"] = hash_text(hash);
  write_whole_text(path_ / "sweep.json", [&](std::ostream& stream) { stream << checked_text(json, 2) << '\n'; });
}

SweepManifest SweepFolder::manifest() const {
  const fs::path file = path_ / "sweep.json";
  std::ifstream stream(file);
  if (!stream) reject_recording(file, "cannot be opened", "the directory of a sweep");
  try {
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const Json json = Json::parse(text);
    if (check(json, text) != Checked::intact)
      reject_recording(file, "is damaged: its checksum does not agree",
                       "rheo sweep FILE once more, which writes it anew");
    using Texts = std::vector<std::string>;
    return {json.at("file").get<std::string>(),
            json.value("overrides", Texts{}),
            json.value("plugins", Texts{}),
            json.value("directory", ""),
            json.at("design").get<std::string>(),
            json.at("points").get<std::uint64_t>(),
            json.at("keys").get<Texts>(),
            json.at("metrics").get<Texts>(),
            json.value("objective", ""),
            json.value("goal", "min") == "max",
            json.at("points_checksum").get<std::string>()};
  } catch (const RecordingError&) {
    throw;
  } catch (const std::exception& error) {
    reject_recording(file, fmt::format("cannot be read ({})", error.what()), "the directory of a sweep");
  }
}

std::vector<SweepPoint> SweepFolder::points(const SweepManifest& manifest) const {
  std::vector<SweepPoint> all;
  const std::uint64_t hash = each_line(path_ / "points.jsonl", [&](const Json& json) {
    SweepPoint point;
    point.hash = hash_of(json.at("point").get<std::string>()).value();
    point.repeat = json.at("repeat").get<std::uint32_t>();
    for (const Json& value : json.at("parameters"))
      if (value.is_number_integer())
        point.parameters.emplace_back(value.get<std::int64_t>());
      else if (value.is_number())
        point.parameters.emplace_back(value.get<double>());
      else
        point.parameters.emplace_back(value.get<std::string>());
    if (point.parameters.size() == manifest.keys.size()) all.push_back(std::move(point));
  });
  if (all.size() != manifest.points)
    reject_recording(
        path_ / "points.jsonl", fmt::format("has {} points", all.size()),
        fmt::format("{}, as sweep.json says; rheo sweep {} writes both anew", manifest.points, manifest.file));
  if (hash_text(hash) != manifest.points_checksum)
    reject_recording(path_ / "points.jsonl", "is damaged: its checksum is not that of sweep.json",
                     fmt::format("rheo sweep {} once more, which writes both anew", manifest.file));
  return all;
}

std::vector<std::uint64_t> SweepFolder::folders() const {
  std::vector<std::uint64_t> all;
  for (const fs::path& shard : listing(path_ / "points"))
    for (const fs::path& point : listing(shard))
      if (const auto hash = hash_of(point.filename().string())) all.push_back(*hash);
  return all;
}

namespace {

// One journal: its sessions, and the points that the last of them had begun and not ended.
struct Journal {
  std::vector<SweepSession> sessions;
  std::unordered_set<std::uint64_t> running;

  void begin_session(const Json& json, const std::string& share) {
    SweepSession session;
    session.share = share;
    session.host = json.at("host").get<std::string>();
    session.job = json.value("job", "");
    session.process = json.at("process").get<std::int64_t>();
    session.process_began = json.at("process_began").get<std::uint64_t>();
    session.jobs = json.at("jobs").get<unsigned>();
    session.began = session.latest = json.at("time").get<double>();
    // A journal has one writer: who began here later knows that those of other hosts are gone.
    for (SweepSession& before : sessions) before.ended |= before.host != host_name();
    sessions.push_back(std::move(session));
    running.clear();
  }

  void end_session(std::int64_t process) {
    for (SweepSession& session : sessions) session.ended |= session.process == process;
  }

  void add(const PointRecord& record) {
    if (!sessions.empty()) {
      sessions.back().latest = record.time;
      sessions.back().ended_points += record.state != PointState::running;
    }
    if (record.state == PointState::running)
      running.insert(record.hash);
    else
      running.erase(record.hash);
  }
};

}  // namespace

SweepHistory SweepFolder::history(const std::vector<std::uint64_t>& hashes,
                                  const std::function<bool(const SweepSession&)>& is_gone) const {
  SweepHistory history;
  std::unordered_set<std::uint64_t> at_work;  // running in a live session
  for (const fs::path& file : listing(path_ / "journal")) {
    if (file.extension() != ".jsonl") continue;
    Journal journal;
    each_line(file, [&](const Json& json) {
      if (json.contains("event")) {
        if (json.at("event") == "begin")
          journal.begin_session(json, file.stem().string());
        else
          journal.end_session(json.at("process").get<std::int64_t>());
        return;
      }
      PointRecord record = record_of(json);
      journal.add(record);
      PointRecord& latest = history.records[record.hash];
      if (record.time >= latest.time) latest = std::move(record);
    });
    for (SweepSession& session : journal.sessions) {
      session.heartbeat = seconds_of_change(file);
      if (is_gone && session.is_live() && is_gone(session)) session.ended = true;
    }
    if (!journal.sessions.empty() && journal.sessions.back().is_live())
      at_work.insert(journal.running.begin(), journal.running.end());
    history.sessions.insert(history.sessions.end(), journal.sessions.begin(), journal.sessions.end());
  }
  std::stable_sort(history.sessions.begin(), history.sessions.end(),
                   [](const auto& a, const auto& b) { return a.began < b.began; });

  const std::vector<std::uint64_t> listed = folders();
  const std::unordered_set<std::uint64_t> existing(listed.begin(), listed.end());
  for (const std::uint64_t hash : hashes) {
    const auto found = history.records.find(hash);
    const bool known = found != history.records.end();
    bool ended = known && (found->second.state == PointState::finished || found->second.state == PointState::failed);
    if (known && !ended && at_work.count(hash) != 0) continue;
    if (existing.count(hash) == 0) {  // never begun, or its folder was removed for it to run again
      if (known) history.records.erase(found);
      continue;
    }
    // Its record is written before the journal's line: without it, the folder has lost what it held.
    std::error_code error;
    ended = ended && fs::exists(point(hash) / point_file, error);
    if (!ended) {
      auto record = read_record(hash);
      if (record && record->state != PointState::interrupted) history.unlisted.push_back(hash);
      if (!record) record.emplace().hash = hash, record->state = PointState::interrupted;
      history.records[hash] = std::move(*record);
    }
  }
  return history;
}

std::optional<double> SweepFolder::first_began(const std::string& share) const {
  std::optional<double> first;
  each_line(path_ / "journal" / (share + ".jsonl"), [&](const Json& json) {
    if (!first && json.value("event", "") == "begin") first = json.at("time").get<double>();
  });
  return first;
}

std::optional<PointRecord> SweepFolder::read_record(std::uint64_t hash) const {
  const std::optional<std::string> text = text_of_file(point(hash) / point_file);
  if (!text) return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || check(json, *text) == Checked::damaged) return std::nullopt;
  try {
    PointRecord record = record_of(json);
    if (record.hash == hash) return record;
  } catch (const std::exception&) {  // a point whose record cannot be read runs again
  }
  return std::nullopt;
}

void SweepFolder::write_record(const PointRecord& record, const Sweep& sweep, std::uint64_t point) const {
  Json json = to_json(record);
  json["experiment"] = sweep.path();
  json["repeat"] = sweep.repeat(point);
  json["parameters"] = Json::object();
  const std::vector<SweepValue> values = sweep.values(point);
  for (std::size_t i = 0; i < values.size(); ++i) json["parameters"][sweep.keys()[i]] = values[i].text;
  json["host"] = host_name();
  std::error_code error;
  fs::create_directories(this->point(record.hash), error);
  write_whole_text(this->point(record.hash) / point_file,
                   [&](std::ostream& stream) { stream << checked_text(json, 2) << '\n'; });
}

SweepJournal::SweepJournal(const SweepFolder& folder, const SweepSession& session)
    : path_(folder.path() / "journal" / (session.share + ".jsonl")), touched_(seconds_since_1970()) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) reject_recording(path_, fmt::format("cannot be opened ({})", std::generic_category().message(errno)));
  Json json;
  json["event"] = "begin";
  json["time"] = touched_;
  json["host"] = session.host;
  if (!session.job.empty()) json["job"] = session.job;
  json["process"] = session.process;
  json["process_began"] = session.process_began;
  json["jobs"] = session.jobs;
  // A line that a killed process left unfinished ends here.
  char last = '\n';
  const off_t size = ::lseek(file_, 0, SEEK_END);
  if (size > 0 && ::pread(file_, &last, 1, size - 1) != 1) last = 0;
  write((last == '\n' ? "" : "\n") + checked_text(json) + '\n');
}

void SweepJournal::reject_others(const SweepHistory& history) const {
  // Of two that begin at once, the one whose line stands first goes on.
  for (const SweepSession& session : history.sessions) {
    if (session.share != path_.stem() || session.host != host_name() || !session.is_live()) continue;
    if (session.process == ::getpid()) return;
    reject_recording(path_.parent_path().parent_path(),
                     fmt::format("process {} is still at work on this sweep", session.process),
                     "one rheo sweep at a time");
  }
}

SweepJournal::~SweepJournal() {
  Json json;
  json["event"] = "end";
  json["time"] = seconds_since_1970();
  json["process"] = ::getpid();
  try {
    write(checked_text(json) + '\n');
  } catch (const RecordingError&) {  // whoever reads on looks whether the process is there
  }
  ::close(file_);
}

void SweepJournal::append(const PointRecord& record) {
  write(checked_text(to_json(record)) + '\n');
}

void SweepJournal::touch() {
  if (seconds_since_1970() - touched_ < seconds_between_heartbeats) return;
  ::futimens(file_, nullptr);
  touched_ = seconds_since_1970();
}

void SweepJournal::write(const std::string& line) {
  if (const int code = write_bytes(file_, line); code != 0)
    reject_recording(path_, fmt::format("cannot be written ({})", std::generic_category().message(code)));
}

}  // namespace rheo
