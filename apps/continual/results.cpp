#include "apps/continual/results.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "apps/figures/picture.hpp"
#include "apps/learning/measures.hpp"
#include "core/version.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

using Method = ContinualTask::Method;
using Runs = std::vector<const ContinualResult*>;

struct OfMethod {
  Method method{};
  Runs runs;
};

std::vector<OfMethod> by_method(const ContinualResults& results) {
  std::vector<OfMethod> all;
  for (const ContinualResult& run : results.runs) {
    if (all.empty() || all.back().method != run.method) all.push_back({run.method, {}});
    all.back().runs.push_back(&run);
  }
  return all;
}

MeanInterval over(const Runs& runs, const std::function<double(const ContinualResult&)>& value) {
  std::vector<double> values;
  for (const ContinualResult* run : runs) values.push_back(value(*run));
  return mean_interval(values);
}

std::string text(const MeanInterval& interval) {
  return interval.half_width ? fmt::format("{:.2f} +- {:.2f}", interval.mean, *interval.half_width)
                             : fmt::format("{:.2f}", interval.mean);
}

// Accuracy right after each task.
double mean_when_learnt(const ContinualResult& run) {
  double sum = 0;
  for (std::size_t k = 0; k < run.accuracy.size(); ++k) sum += run.accuracy[k][k];
  return sum / static_cast<double>(run.accuracy.size());
}

struct Score {
  const char *name, *heading;
  double (*value)(const ContinualResult&);
  bool needs_sequence;  // says nothing of joint training
  std::size_t tasks;    // of fewer it is not defined
  const char* definition;
};
const std::array scores{
    Score{"acc", "ACC %", [](const ContinualResult& r) { return r.mean_accuracy(); }, false, 1,
          "mean accuracy of all tasks after the last one (Lopez-Paz & Ranzato, NeurIPS 2017)"},
    Score{"bwt", "BWT %", [](const ContinualResult& r) { return r.backward_transfer(); }, true, 2,
          "mean over all tasks but the last of the accuracy after the last task minus that right after the task "
          "(Lopez-Paz & Ranzato, NeurIPS 2017)"},
    Score{"forgetting", "forgetting %", [](const ContinualResult& r) { return r.forgetting(); }, true, 2,
          "mean over all tasks but the last of the best accuracy after an earlier task minus that after the last task "
          "(Chaudhry et al., ECCV 2018); others take the accuracy right after the task for the best one, which gives "
          "-BWT"},
    Score{"learnt", "when learnt %", [](const ContinualResult& r) { return mean_when_learnt(r); }, true, 1,
          "mean accuracy of each task right after it was learnt"}};

bool tells(const Score& score, const OfMethod& of) {
  if (score.needs_sequence && of.method == Method::joint) return false;
  return of.method == Method::joint || of.runs.front()->accuracy.size() >= score.tasks;
}

double per_second(double images, double seconds) {
  return seconds > 0 ? images / seconds : 0;
}

struct Resource {
  const char* name;
  double (*value)(const ContinualResult&);
};
const std::array resources{
    Resource{"train_s", [](const ContinualResult& r) { return r.train_seconds; }},
    Resource{"test_s", [](const ContinualResult& r) { return r.test_seconds; }},
    Resource{"project_s", [](const ContinualResult& r) { return r.project_seconds; }},
    Resource{"learn_lateral_s", [](const ContinualResult& r) { return r.adapt_seconds; }},
    Resource{"images_trained", [](const ContinualResult& r) { return r.images_trained; }},
    Resource{"images_tested", [](const ContinualResult& r) { return r.images_tested; }},
    Resource{"trained_per_s", [](const ContinualResult& r) { return per_second(r.images_trained, r.train_seconds); }},
    Resource{"tested_per_s", [](const ContinualResult& r) { return per_second(r.images_tested, r.test_seconds); }},
    Resource{"network_MiB", [](const ContinualResult& r) { return r.bytes / (1 << 20); }}};

double peak_memory_MiB() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

Json interval_json(const Runs& runs, double (*value)(const ContinualResult&)) {
  Json json;
  const MeanInterval interval = over(runs, value);
  json["mean"] = interval.mean;
  if (interval.half_width)
    json["confidence_95"] = {interval.mean - *interval.half_width, interval.mean + *interval.half_width};
  for (const ContinualResult* run : runs) json["values"].push_back(value(*run));
  return json;
}

Json json_of(const ContinualResults& results) {
  Json json;
  json["rheobase"] = version;
  json["title"] = results.title;
  json["task"] = "continual";
  json["protocol"] = name_of(results.protocol);
  json["experiment"] = results.experiment;
  for (const Score& score : scores) json["definitions"][score.name] = score.definition;
  for (const OfMethod& of : by_method(results)) {
    Json& method = json["methods"][name_of(of.method)];
    for (const ContinualResult* run : of.runs) method["seeds"].push_back(run->seed);
    for (const Score& score : scores)
      if (tells(score, of)) method[score.name] = interval_json(of.runs, score.value);
    for (const ContinualResult* run : of.runs) {
      method["accuracy"].push_back(run->accuracy);
      method["rates"].push_back(run->rates);
      Json subspaces = Json::array();
      for (const SubspaceMeasure& m : run->subspaces)
        subspaces.push_back({{"task", m.task},
                             {"projection", results.projections[m.projection]},
                             {"rows", m.rows},
                             {"mean_angle", m.mean_angle},
                             {"largest_angle", m.largest_angle},
                             {"chance_angle", m.chance_angle},
                             {"share", m.share},
                             {"best_share", m.best_share}});
      if (!subspaces.empty()) method["subspaces"].push_back(subspaces);
    }
  }
  return json;
}

Json resources_of(const ContinualResults& results) {
  Json json;
  json["peak_memory_MiB"] = peak_memory_MiB();
  json["runs"] = Json::array();
  for (const ContinualResult& run : results.runs) {
    Json& one = json["runs"].emplace_back(Json{{"method", name_of(run.method)}, {"seed", run.seed}});
    for (const Resource& resource : resources) one[resource.name] = resource.value(run);
  }
  return json;
}

void write_resources(h5::File& to, const ContinualResults& results) {
  to.set_number("peak_memory_MiB", peak_memory_MiB());
  for (const OfMethod& of : by_method(results)) {
    h5::Group group = to.create_group(name_of(of.method));
    std::vector<std::uint64_t> seeds;
    for (const ContinualResult* run : of.runs) seeds.push_back(run->seed);
    group.create_dataset<std::uint64_t>("seed", seeds.size()).write<std::uint64_t>(0, seeds);
    for (const Resource& resource : resources) {
      std::vector<double> values;
      for (const ContinualResult* run : of.runs) values.push_back(resource.value(*run));
      group.create_dataset<double>(resource.name, values.size()).write<double>(0, values);
    }
  }
}

Picture picture_of_resources(const ContinualResults& results) {
  Picture picture;
  picture.title = fmt::format("Time and memory; the whole process took {:.0f} MiB at most", peak_memory_MiB());
  struct Bars {
    const char* title;
    const char* label;
    double unit;
    std::vector<std::pair<const char*, const char*>> names;  // of a bar, of a resource
  };
  const std::vector<Bars> all{{"Time of a run",
                               "min",
                               60,
                               {{"training", "train_s"},
                                {"of it lateral learning", "learn_lateral_s"},
                                {"of it projection", "project_s"},
                                {"tests", "test_s"}}},
                              {"Speed", "images/s", 1, {{"training", "trained_per_s"}, {"tests", "tested_per_s"}}},
                              {"Network with its traces", "MiB", 1, {{"", "network_MiB"}}}};
  for (const Bars& bars : all) {
    Panel& panel = picture.panels.emplace_back();
    panel.title = bars.title;
    panel.y.label = bars.label;
    for (const OfMethod& of : by_method(results)) panel.categories.emplace_back(name_of(of.method));
    for (const auto& [name, resource] : bars.names) {
      BarLayer layer{.name = name};
      for (const OfMethod& of : by_method(results))
        for (const Resource& r : resources)
          if (std::string_view(r.name) == resource) layer.y.push_back(over(of.runs, r.value).mean / bars.unit);
      panel.layers.emplace_back(std::move(layer));
    }
  }
  return picture;
}

Picture picture_of(const ContinualResults& results) {
  Picture picture;
  picture.title =
      results.title.empty() ? std::string("Tasks in sequence, ") + name_of(results.protocol) : results.title;
  const std::vector<OfMethod> methods = by_method(results);
  for (const OfMethod& of : methods) {
    if (of.method == Method::joint) continue;
    const std::size_t tasks = of.runs.front()->accuracy.size();
    Panel& panel = picture.panels.emplace_back();
    panel.title = fmt::format("{}: accuracy (%)", name_of(of.method));
    panel.x.label = "task";
    panel.y.label = "after task";
    HeatMap map;
    map.columns = tasks;
    map.low = 0;
    map.high = 100;
    if (tasks <= 12) map.decimals = 0;
    for (std::size_t after = 0; after < tasks; ++after)
      for (std::size_t task = 0; task < tasks; ++task)
        map.values.push_back(
            task > after ? std::numeric_limits<double>::quiet_NaN()
                         : over(of.runs, [&](const ContinualResult& r) { return r.accuracy[after][task]; }).mean);
    for (std::size_t task = 0; task < tasks; ++task) {
      map.column_names.push_back(fmt::format("{}", task + 1));
      map.row_names.push_back(fmt::format("{}", task + 1));
    }
    panel.layers.emplace_back(std::move(map));
  }
  Panel course, online;
  course.title = "Mean accuracy of the tasks so far";
  course.x.label = "tasks learnt";
  course.y.label = "%";
  online.title = fmt::format("Right answers before learning from them, seed {}", results.runs.front().seed);
  online.x.label = "images seen";
  online.y.label = "%";
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const OfMethod& of = methods[m];
    LineLayer line;
    line.name = name_of(of.method);
    line.colour = m;
    if (of.method == Method::joint) {
      const double bound = over(of.runs, [](const ContinualResult& r) { return r.mean_accuracy(); }).mean;
      course.layers.emplace_back(ReferenceLine{.value = bound, .name = "joint"});
    } else {
      for (std::size_t after = 0; after < of.runs.front()->accuracy.size(); ++after) {
        const MeanInterval interval = over(of.runs, [&](const ContinualResult& r) {
          double sum = 0;
          for (const double x : r.accuracy[after]) sum += x;
          return sum / static_cast<double>(after + 1);
        });
        line.x.push_back(static_cast<double>(after + 1));
        line.y.push_back(interval.mean);
        if (of.runs.size() < 2) continue;
        line.low.push_back(interval.mean - interval.half_width.value_or(0));
        line.high.push_back(interval.mean + interval.half_width.value_or(0));
      }
      course.layers.emplace_back(line);
    }
    online.layers.emplace_back(
        LineLayer{.name = name_of(of.method), .x = of.runs.front()->seen, .y = of.runs.front()->online, .colour = m});
  }
  return picture;
}

void write_h5(h5::File& to, const ContinualResults& results) {
  const auto matrix = [](h5::Group& group, const char* name, const std::vector<std::vector<double>>& rows) {
    std::size_t columns = 0;
    for (const auto& row : rows) columns = std::max(columns, row.size());
    std::vector<double> flat;
    for (const auto& row : rows) {
      flat.insert(flat.end(), row.begin(), row.end());
      flat.resize(flat.size() + columns - row.size(), std::numeric_limits<double>::quiet_NaN());
    }
    const std::array<std::uint64_t, 2> shape{rows.size(), columns};
    h5::Dataset made = group.create_dataset<double>(name, shape);
    if (!flat.empty()) made.write<double>(0, flat);
  };
  for (const Score& score : scores) to.set_text(score.name, score.definition);
  for (const OfMethod& of : by_method(results)) {
    h5::Group group = to.create_group(name_of(of.method));
    for (const ContinualResult* run : of.runs) {
      h5::Group one = group.create_group(fmt::format("seed_{}", run->seed));
      matrix(one, "accuracy", run->accuracy);  // [after task][task], %
      const auto column = [&](const char* name, const std::vector<double>& values) {
        h5::Dataset made = one.create_dataset<double>(name, values.size());
        if (!values.empty()) made.write<double>(0, values);
      };
      column("seen", run->seen);
      column("loss", run->loss);
      column("online", run->online);
    }
  }
}

}  // namespace

std::string summary(const ContinualResults& results) {
  std::string made = fmt::format("  {:<8}{:>6}", "method", "seeds");
  for (const Score& score : scores) made += fmt::format("{:>20}", score.heading);
  made += fmt::format("{:>14}{:>10}{:>10}\n", "images/s", "lateral", "min");
  for (const OfMethod& of : by_method(results)) {
    made += fmt::format("  {:<8}{:>6}", name_of(of.method), of.runs.size());
    for (const Score& score : scores)
      made += fmt::format("{:>20}", tells(score, of) ? text(over(of.runs, score.value)) : std::string("-"));
    const auto lateral = [](const ContinualResult& r) {
      return r.train_seconds > 0 ? 100 * (r.project_seconds + r.adapt_seconds) / r.train_seconds : 0;
    };
    made += fmt::format(
        "{:>14.0f}{:>8.0f} %{:>10.1f}\n",
        over(of.runs, [](const ContinualResult& r) { return per_second(r.images_trained, r.train_seconds); }).mean,
        over(of.runs, lateral).mean,
        over(of.runs, [](const ContinualResult& r) { return (r.train_seconds + r.test_seconds) / 60; }).mean);
  }
  for (const OfMethod& of : by_method(results)) {
    if (of.runs.front()->subspaces.empty()) continue;
    made += fmt::format("  {}: angles between learnt rows and principal components, seed {}\n", name_of(of.method),
                        of.runs.front()->seed);
    for (const SubspaceMeasure& m : of.runs.front()->subspaces)
      made += fmt::format(
          "    task {:>3}  {:<12}{:>5} rows   mean {:5.1f}   largest {:5.1f}   chance {:5.1f} deg   variance {:5.1f} "
          "of "
          "{:5.1f} %\n",
          m.task + 1, results.projections[m.projection], m.rows, m.mean_angle, m.largest_angle, m.chance_angle,
          100 * m.share, 100 * m.best_share);
  }
  return made;
}

void write_results(const std::filesystem::path& directory, const ContinualResults& results) {
  write_whole_text(directory / "results.json", [&](std::ostream& to) { to << json_of(results).dump(1) << '\n'; });
  write_whole_text(directory / "resources.json",
                   [&](std::ostream& to) { to << resources_of(results).dump(1) << '\n'; });
  write_whole(directory / "resources.h5", [&](h5::File& to) { write_resources(to, results); });
  write_whole_text(directory / "resources.svg", [&](std::ostream& to) { to << svg(picture_of_resources(results)); });
  write_whole(directory / "results.h5", [&](h5::File& to) { write_h5(to, results); });
  write_whole_text(directory / "results.svg", [&](std::ostream& to) { to << svg(picture_of(results)); });
}

}  // namespace rheo
