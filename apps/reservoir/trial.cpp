#include "apps/reservoir/trial.hpp"

#include <fmt/format.h>

#include <map>

namespace rheo {

std::vector<std::string> check_trial(const LearningExperiment& work) {
  if (work.task.kind == ReservoirTask::Kind::patterns)
    check_patterns(work.experiment, work.task);
  else if (work.task.kind == ReservoirTask::Kind::what_when)
    check_what_when(work.experiment, work.task.what_when);
  else
    return check_series(work.experiment, work.task);
  return {};
}

Trial run_trial(const LearningExperiment& work, std::uint64_t seed) {
  if (work.task.kind == ReservoirTask::Kind::patterns) return run_patterns(work.experiment, work.task, seed);
  if (work.task.kind == ReservoirTask::Kind::what_when)
    return run_what_when(work.experiment, work.task.what_when, seed);
  return run_series(work.experiment, work.task, seed);
}

std::vector<SearchTask> read_search(const std::string& file, const std::vector<std::string>& overrides,
                                    const std::vector<std::string>& plugins, const Search& search) {
  std::vector<std::vector<std::string>> grid{{}};
  for (const auto& [key, values] : search.axes) {
    std::vector<std::vector<std::string>> longer;
    for (const std::vector<std::string>& point : grid)
      for (const std::string& value : values) {
        longer.push_back(point);
        longer.back().push_back(key + '=' + value);
      }
    grid = std::move(longer);
  }
  std::vector<SearchTask> points;
  std::map<std::uint64_t, std::size_t> known;
  for (std::vector<std::string>& settings : grid) {
    std::vector<std::string> all = overrides;
    all.insert(all.end(), settings.begin(), settings.end());
    SearchTask point{std::move(settings), read_learning_experiment(file, all, plugins), {}};
    const auto [earlier, is_new] = known.emplace(point.work.identity, points.size());
    if (!is_new)
      throw ExperimentError(
          {.file = file,
           .key = "task.search.axes",
           .problem = fmt::format("points {} and {} are the same task",
                                  fmt::join(points[earlier->second].settings, " "), fmt::join(point.settings, " ")),
           .expected = "points that differ"});
    point.remarks = check_trial(point.work);
    points.push_back(std::move(point));
  }
  return points;
}

}  // namespace rheo
