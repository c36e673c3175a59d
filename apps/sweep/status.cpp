// rheo sweep status DIR: how far a sweep is, and what failed.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <unordered_set>

#include "apps/session/exit_codes.hpp"
#include "apps/session/print.hpp"
#include "apps/session/progress.hpp"
#include "apps/session/signals.hpp"
#include "apps/session/summary.hpp"
#include "apps/sweep/sweep.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

struct AtWork {
  std::uint64_t process = 0;
  std::string host, job;
  std::uint64_t jobs = 0;
};

struct Status {
  SweepManifest manifest;
  std::vector<SweepPoint> points;
  SweepHistory history;
  std::uint64_t different = 0;  // points, each once
  std::array<std::uint64_t, point_state_names.size()> counts{};
  std::vector<AtWork> at_work;
  std::uint64_t tasks = 0;   // of Slurm, that wait or run
  double seconds_left = -1;  // negative: nobody knows

  std::uint64_t count(PointState state) const { return counts[static_cast<std::size_t>(state)]; }
  std::uint64_t left() const { return different - count(PointState::finished) - count(PointState::failed); }
  bool live() const { return !at_work.empty() || tasks > 0; }
};

constexpr std::array states{PointState::finished, PointState::failed, PointState::running, PointState::interrupted,
                            PointState::waiting};

const char* state_name(PointState state) {
  return point_state_names[static_cast<std::size_t>(state)];
}

Status status_of(const SweepFolder& folder) {
  Status status;
  status.manifest = folder.manifest();
  status.points = folder.points(status.manifest);
  std::vector<std::uint64_t> hashes;
  std::unordered_set<std::uint64_t> seen;
  for (const SweepPoint& point : status.points)
    if (seen.insert(point.hash).second) hashes.push_back(point.hash);
  status.different = hashes.size();
  status.history = history_of(folder, hashes);
  for (const std::uint64_t hash : hashes) {
    const auto record = status.history.records.find(hash);
    const bool waits = record == status.history.records.end();
    ++status.counts[static_cast<std::size_t>(waits ? PointState::waiting : record->second.state)];
  }
  double points_per_second = 0;
  for (const SweepSession& session : status.history.sessions) {
    if (!session.is_live()) continue;
    status.at_work.push_back({static_cast<std::uint64_t>(session.process), session.host, session.job, session.jobs});
    const double seconds = seconds_since_1970() - session.began;
    if (session.ended_points > 0 && seconds > 0)
      points_per_second += static_cast<double>(session.ended_points) / seconds;
  }
  status.tasks = queue_of(folder).tasks;
  if (status.live() && status.left() > 0 && points_per_second > 0)
    status.seconds_left = static_cast<double>(status.left()) / points_per_second;
  return status;
}

std::string text_of(const SweepFolder& folder, const Status& status) {
  std::string text = fmt::format("{}: {} point{} of {}\n", folder.path().string(), grouped(status.different),
                                 status.different == 1 ? "" : "s", status.manifest.file);
  if (status.different < status.points.size())
    text += fmt::format("  ({} drawn, some of which are equal)\n", grouped(status.points.size()));
  for (const PointState state : states)
    text += fmt::format("  {:<11} {:>11}\n", state_name(state), grouped(status.count(state)));
  constexpr std::size_t most_at_work = 10;
  for (std::size_t i = 0; i < std::min(most_at_work, status.at_work.size()); ++i) {
    const AtWork& one = status.at_work[i];
    text += fmt::format("  at work     process {} on {}{}, {} at a time\n", one.process, one.host,
                        one.job.empty() ? "" : ", job " + one.job, one.jobs);
  }
  if (status.at_work.size() > most_at_work)
    text += fmt::format("              and {} more\n", status.at_work.size() - most_at_work);
  if (status.tasks > 0)
    text +=
        fmt::format("  Slurm has   {} task{} that wait or run\n", grouped(status.tasks), status.tasks == 1 ? "" : "s");
  if (status.seconds_left >= 0) text += fmt::format("  ETA         {}\n", clock_text(status.seconds_left));
  if (!status.live() && status.left() > 0)
    text += fmt::format("  stopped     rheo sweep {} goes on\n", status.manifest.file);
  return text + failed_text(folder, status.manifest, status.points, status.history, 20);
}

Json json_of(const SweepFolder& folder, const Status& status) {
  Json json{{"directory", folder.path().string()}, {"file", status.manifest.file}, {"points", status.different}};
  for (const PointState state : states) json[state_name(state)] = status.count(state);
  json["live"] = status.live();
  json["at_work"] = Json::array();
  for (const AtWork& one : status.at_work)
    json["at_work"].push_back({{"process", one.process}, {"host", one.host}, {"job", one.job}, {"jobs", one.jobs}});
  json["slurm_tasks"] = status.tasks;
  json["eta_s"] = status.seconds_left >= 0 ? Json(status.seconds_left) : Json(nullptr);
  json["errors"] = Json::array();
  std::unordered_set<std::uint64_t> seen;
  for (const SweepPoint& point : status.points) {
    const auto record = status.history.records.find(point.hash);
    if (record == status.history.records.end() || record->second.state != PointState::failed) continue;
    if (!seen.insert(point.hash).second) continue;
    Json parameters = Json::object();
    for (std::size_t i = 0; i < point.parameters.size(); ++i)
      std::visit([&](const auto& value) { parameters[status.manifest.keys[i]] = value; }, point.parameters[i]);
    json["errors"].push_back(
        {{"folder", folder.name_of(point.hash)}, {"parameters", parameters}, {"error", record->second.error}});
  }
  return json;
}

}  // namespace

std::string failed_text(const SweepFolder& folder, const SweepManifest& manifest, const std::vector<SweepPoint>& points,
                        const SweepHistory& history, std::size_t most) {
  std::string text;
  std::uint64_t failed = 0;
  std::unordered_set<std::uint64_t> seen;
  for (const SweepPoint& point : points) {
    const auto record = history.records.find(point.hash);
    if (record == history.records.end() || record->second.state != PointState::failed) continue;
    if (!seen.insert(point.hash).second || ++failed > most) continue;
    text += fmt::format("\n{}\n ", (folder.path() / folder.name_of(point.hash)).string());
    for (std::size_t i = 0; i < point.parameters.size(); ++i)
      text += fmt::format(" {}={}", manifest.keys[i], parameter_text(point.parameters[i]));
    text += fmt::format("\n  {}\n", one_line(record->second.error));
  }
  if (failed == 0) return {};
  if (failed > most)
    text += fmt::format("\nand {} more: sweep.csv of rheo sweep collect has all\n", grouped(failed - most));
  return "\nfailed\n" + text;
}

Json sweep_status(const SweepFolder& folder) {
  return json_of(folder, status_of(folder));
}

int show_sweep_status(const SweepStatusOptions& options) {
  const SweepFolder folder(options.directory);
  const auto told = [&](const Status& status) {
    return options.json ? json_text(json_of(folder, status)) + '\n' : text_of(folder, status);
  };
  if (!options.watch) {
    print(told(status_of(folder)));
    return 0;
  }
  const StopSignals signals;
  const bool terminal = ::isatty(1) == 1 && !options.json;
  for (;;) {
    const Status status = status_of(folder);
    print((terminal ? "\x1b[H\x1b[2J" : "") + told(status) + (terminal || options.json ? "" : "\n"));
    if (!status.live()) return 0;
    for (int i = 0; i < 20; ++i) {
      if (signals.stop_requested()) return exit_interrupted;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

}  // namespace rheo
