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

namespace rheo {

namespace {

std::string text_of(const SweepParameter& parameter) {
  return std::visit([](const auto& value) { return fmt::format("{}", value); }, parameter);
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

struct Status {
  std::string text;
  bool live = false;  // somebody works on it
};

Status status_of(const SweepFolder& folder) {
  const SweepManifest manifest = folder.manifest();
  const std::vector<SweepPoint> points = folder.points(manifest);
  std::vector<std::uint64_t> hashes;
  std::unordered_set<std::uint64_t> seen;
  for (const SweepPoint& point : points)
    if (seen.insert(point.hash).second) hashes.push_back(point.hash);
  const SweepHistory history = history_of(folder, hashes);
  std::array<std::uint64_t, point_state_names.size()> counts{};
  for (const std::uint64_t hash : hashes) {
    const auto record = history.records.find(hash);
    ++counts[static_cast<std::size_t>(record == history.records.end() ? PointState::waiting : record->second.state)];
  }
  const auto count = [&](PointState state) { return counts[static_cast<std::size_t>(state)]; };

  Status status;
  status.text = fmt::format("{}: {} point{} of {}\n", folder.path().string(), grouped(hashes.size()),
                            hashes.size() == 1 ? "" : "s", manifest.file);
  if (hashes.size() < points.size())
    status.text += fmt::format("  ({} drawn, some of which are equal)\n", grouped(points.size()));
  for (const PointState state :
       {PointState::finished, PointState::failed, PointState::running, PointState::interrupted, PointState::waiting})
    status.text +=
        fmt::format("  {:<11} {:>11}\n", point_state_names[static_cast<std::size_t>(state)], grouped(count(state)));
  const std::uint64_t left = hashes.size() - count(PointState::finished) - count(PointState::failed);
  double points_per_second = 0;
  std::uint64_t at_work = 0;
  constexpr std::uint64_t most_at_work = 10;
  for (const SweepSession& session : history.sessions) {
    if (!session.is_live()) continue;
    status.live = true;
    if (++at_work <= most_at_work)
      status.text += fmt::format("  at work     process {} on {}{}, {} at a time\n", session.process, session.host,
                                 session.job.empty() ? "" : ", job " + session.job, session.jobs);
    const double seconds = seconds_since_1970() - session.began;
    if (session.ended_points > 0 && seconds > 0)
      points_per_second += static_cast<double>(session.ended_points) / seconds;
  }
  if (at_work > most_at_work) status.text += fmt::format("              and {} more\n", at_work - most_at_work);
  const SweepQueue queue = queue_of(folder);
  if (queue.tasks > 0) {
    status.live = true;
    status.text +=
        fmt::format("  Slurm has   {} task{} that wait or run\n", grouped(queue.tasks), queue.tasks == 1 ? "" : "s");
  }
  if (status.live && left > 0 && points_per_second > 0)
    status.text += fmt::format("  ETA         {}\n", clock_text(static_cast<double>(left) / points_per_second));
  if (!status.live && left > 0) status.text += fmt::format("  stopped     rheo sweep {} goes on\n", manifest.file);
  status.text += failed_text(folder, manifest, points, history, 20);
  return status;
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
      text += fmt::format(" {}={}", manifest.keys[i], text_of(point.parameters[i]));
    text += fmt::format("\n  {}\n", one_line(record->second.error));
  }
  if (failed == 0) return {};
  if (failed > most)
    text += fmt::format("\nand {} more: sweep.csv of rheo sweep collect has all\n", grouped(failed - most));
  return "\nfailed\n" + text;
}

int show_sweep_status(const SweepStatusOptions& options) {
  const SweepFolder folder(options.directory);
  if (!options.watch) {
    print(status_of(folder).text);
    return 0;
  }
  const StopSignals signals;
  const bool terminal = ::isatty(1) == 1;
  for (;;) {
    const Status status = status_of(folder);
    print((terminal ? "\x1b[H\x1b[2J" : "") + status.text + (terminal ? "" : "\n"));
    if (!status.live) return 0;
    for (int i = 0; i < 20; ++i) {
      if (signals.stop_requested()) return exit_interrupted;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

}  // namespace rheo
