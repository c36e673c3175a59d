#include "io/record/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "io/files/run_files.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

using Names = std::vector<std::string>;

bool is_among(const Names& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Each is known and named once. none: what is expected where none is known.
void check_names(const Names& names, const Names& known, const std::string& key, const std::string& problem,
                 const char* none) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", key, i);
    if (!is_among(known, names[i])) reject_unknown(at, names[i], problem, known, none);
    if (!seen.insert(names[i]).second) reject(at, '"' + names[i] + '"', "is named twice", "each of them once");
  }
}

// Those that learn, in the order of the network.
Names learning_of(const NetworkSpec& network, const AllOrNamed& asked) {
  Names plastic, learning;
  for (const ProjectionSpec& projection : network.projections)
    if (!projection.plasticity.rule.empty()) plastic.push_back(projection.name);
  if (asked.all) return plastic;
  const Names all = names_in(network.projections);
  for (std::size_t i = 0; i < asked.names.size(); ++i)
    if (is_among(all, asked.names[i]) && !is_among(plastic, asked.names[i]))
      reject(fmt::format("plasticity[{}]", i), '"' + asked.names[i] + '"', "has no plasticity, so that it cannot learn",
             plastic.empty() ? "a projection with plasticity" : one_of(plastic));
  check_names(asked.names, plastic, "plasticity", "unknown projection", "a projection with plasticity");
  std::ranges::copy_if(plastic, std::back_inserter(learning),
                       [&](const std::string& name) { return is_among(asked.names, name); });
  return learning;
}

}  // namespace

Tick whole_ticks(double ms, double dt, Tick least, const std::string& key) {
  const std::string expected = fmt::format("a multiple of {} (ms){}", dt, least > 0 ? ", not 0" : "");
  const auto reject_it = [&](std::string problem) { reject(key, fmt::format("{}", ms), std::move(problem), expected); };
  if (!(ms >= 0) || !std::isfinite(ms)) reject_it("is no time");
  const Tick ticks = ms_to_tick_nearest(ms, dt);
  if (ticks > max_ticks) reject_it(fmt::format("has more than {} ticks", max_ticks));
  if (std::abs(tick_to_ms(ticks, dt) - ms) > 1e-9 * ms || ticks < least)
    reject_it(fmt::format("is no whole number of ticks of {} ms", dt));
  return ticks;
}

std::vector<Phase> resolve_phases(const NetworkSpec& network, const std::vector<PhaseRequest>& requests, Tick begin) {
  std::vector<Phase> phases;
  for (PhaseRequest request : requests)
    within(fmt::format("phases[{}]", phases.size()), [&] {
      check_ranges(fields_of(request));
      if (!is_name(request.name))
        reject("name", '"' + request.name + '"', "is no name for a phase", "letters, digits, _ and -");
      if (is_among(names_in(phases), request.name))
        reject("name", '"' + request.name + '"', "is the name of an earlier phase", "another name");
      Phase phase;
      phase.name = request.name;
      phase.begin = begin;
      phase.end = begin += whole_ticks(request.duration, network.dt, 1, "duration");
      if (begin > max_ticks)
        reject("duration", fmt::format("{}", request.duration),
               fmt::format("makes more than {} ticks in all", max_ticks));
      phase.learning = learning_of(network, request.plasticity);
      phases.push_back(std::move(phase));
    });
  return phases;
}

std::vector<StopCondition> resolve_stops(const NetworkSpec& network, const std::vector<StopRequest>& requests) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const PopulationIndex index(network.populations);
  std::vector<StopCondition> conditions;
  for (StopRequest request : requests)
    within(fmt::format("stop[{}]", conditions.size()), [&] {
      check_ranges(fields_of(request));
      if (request.rate.empty() == request.signal.empty())
        reject({}, {}, request.signal.empty() ? "says of nothing when it ends" : "has both rate and signal",
               "rate or signal");
      if (!request.above && !request.below) reject({}, {}, "has no bound", "above, below or both");
      if (request.above && request.below && *request.below > *request.above)
        reject("below", fmt::format("{}", *request.below), fmt::format("is more than above = {}", *request.above),
               "a number <= above, as all numbers are beyond one of them else");
      within("rate", [&] { index.check_distinct(request.rate, true); });
      if (!request.signal.empty() && !is_among(names_in(network.signals), request.signal))
        reject_unknown("signal", request.signal, "unknown signal", names_in(network.signals), "a signal");
      conditions.push_back({request.rate, request.signal, request.above.value_or(infinity),
                            request.below.value_or(-infinity), whole_ticks(request.every, network.dt, 1, "every"),
                            whole_ticks(request.start, network.dt, 0, "start")});
    });
  return conditions;
}

// In the order of the experiment.
std::vector<Phase> RequestJudge::phases_of(const Names& names) const {
  check_names(names, names_in(phases_), "phases", "unknown phase", "a table [[phases]] of this name");
  std::vector<Phase> chosen;
  std::ranges::copy_if(phases_, std::back_inserter(chosen),
                       [&](const Phase& phase) { return is_among(names, phase.name); });
  return chosen;
}

template <class Request>
std::vector<Phase> RequestJudge::phases_without_times(const Request& request) const {
  for (const auto& [key, time] : {std::pair("start", request.start), std::pair("stop", request.stop)})
    if (time && !request.phases.empty())
      reject(key, fmt::format("{}", *time), "excludes phases", "either phases or start and stop");
  return phases_of(request.phases);
}

// From start to stop. behind_stop: 1 where `stop` itself counts.
template <class Request>
SampleTimes RequestJudge::times_of(const Request& request, Tick behind_stop) const {
  SampleTimes times{.first = begin_, .every = 1, .end = end_ + behind_stop};
  if (request.every) times.every = whole_ticks(*request.every, network_.dt, 1, "every");
  if (request.start) times.first = whole_ticks(*request.start, network_.dt, 0, "start");
  if (times.first < begin_)
    reject("start", fmt::format("{}", *request.start), "is before the time of the initial state",
           fmt::format("a time >= {} (ms)", tick_to_ms(begin_, network_.dt)));
  if (request.start && !is_open_ && times.first >= times.end)
    reject("start", fmt::format("{}", *request.start), "is after the last tick that can be recorded",
           fmt::format("a time {} {} (ms)", behind_stop != 0 ? "<=" : "<", tick_to_ms(end_, network_.dt)));
  if (request.stop) {
    const Tick stop = whole_ticks(*request.stop, network_.dt, 0, "stop") + behind_stop;
    if (stop <= times.first)
      reject("stop", fmt::format("{}", *request.stop), "is before the first tick that is recorded",
             fmt::format("a time {} {} (ms)", behind_stop != 0 ? ">=" : ">", tick_to_ms(times.first, network_.dt)));
    times.end = std::min(times.end, stop);
  }
  return times;
}

RecordSpikes RequestJudge::resolve(const SpikeRequest& request) {
  return within("record.spikes", [&] {
    RecordSpikes record{.present = true, .populations = request.populations, .spans = {}};
    if (record.populations.empty())
      for (const PopulationSpec& population : network_.populations)
        record.populations.push_back({.population = population.name, .begin = 0, .end = {}, .step = 1});
    within("populations", [&] { index_.check_distinct(record.populations, true); });
    std::ranges::stable_sort(record.populations, {},
                             [&](const Selection& selection) { return index_.resolve(selection).first; });
    for (const Phase& phase : phases_of(request.phases)) record.spans.push_back(phase);
    return record;
  });
}

void RequestJudge::check_variables(const StateRequest& request) const {
  for (const Selection& cells : request.population) {
    const ModelInfo& model = neuron_model(index_.find(cells.population)->model);
    if (model.columns.empty())
      reject("population", '"' + text_of(cells) + '"', fmt::format("is a {}, which has no state", model.name),
             "populations with states");
    check_names(request.variables, names_in(model.columns), "variables", "unknown variable of " + model.name, "");
  }
  if (request.variables.empty()) reject("variables", {}, "is missing", "a list of variables such as [\"V_m\"]");
}

std::vector<RecordStates> RequestJudge::resolve(const StateRequest& request) {
  return within("record." + request.name, [&] {
    StateRequest same = request;
    check_ranges(fields_of(same));
    if (!is_name(request.name)) reject({}, {}, "is no name of a file", "letters, digits, _ and -");
    if (request.population.empty()) reject("population", {}, "is missing", "a population such as \"E[0:5]\"");
    within("population", [&] { index_.check_distinct(request.population, true); });
    check_variables(request);
    RecordStates report{.name = request.name,
                        .cells = request.population,
                        .variables = request.variables,
                        .files = {},
                        .times = {},
                        .compress = request.compress};
    std::vector<RecordStates> reports;
    const auto add = [&](const std::string& name) {
      report.name = name;
      report.files.clear();
      for (const std::string& variable : report.variables) {
        report.files.push_back(fmt::format("{}_{}.h5", name, variable));
        claim(request.name, report.files.back());
      }
      reports.push_back(report);
    };
    const std::vector<Phase> phases = phases_without_times(request);
    report.times = times_of(request, 0);
    if (phases.empty()) add(request.name);
    // A report has one beginning and one step: each phase is one of its own.
    for (const Phase& phase : phases) {
      report.times.first = phase.begin;
      report.times.end = phase.end;
      add(request.name + "_" + phase.name);
    }
    return reports;
  });
}

RecordWeights RequestJudge::resolve(const WeightRequest& request) {
  return within("record." + request.name, [&] {
    WeightRequest same = request;
    check_ranges(fields_of(same));
    if (!is_name(request.name)) reject({}, {}, "is no name of a file", "letters, digits, _ and -");
    const auto found = std::ranges::find(network_.projections, request.projection, &ProjectionSpec::name);
    if (found == network_.projections.end())
      reject_unknown("projection", request.projection, "unknown projection", names_in(network_.projections),
                     "a projection");
    RecordWeights record{request.name, request.projection, request.name + ".h5"};
    record.compress = request.compress;
    claim(request.name, record.file);
    if (!request.every) {
      const auto reject_given = [](bool given, const char* key) {
        if (given) reject(key, "given", "has a meaning with every only", "every = .. (ms) beside it");
      };
      reject_given(request.start.has_value(), "start");
      reject_given(request.stop.has_value(), "stop");
      reject_given(!request.phases.empty(), "phases");
      reject_given(!request.variables.empty(), "variables");
      return record;
    }
    const std::string& rule = found->plasticity.rule;
    if (rule.empty())
      reject("every", fmt::format("{}", *request.every),
             request.projection + " has no plasticity, so that its weights stay as they are",
             "no every: then they are written once, at the end");
    // Snapshots are taken at the end of a phase, or of the run, too: what was learnt is what matters most.
    const std::vector<Phase> phases = phases_without_times(request);
    const SampleTimes times = times_of(request, 1);
    if (phases.empty()) record.times.push_back(times);
    for (const Phase& phase : phases) record.times.push_back({phase.begin, times.every, phase.end + 1});
    record.variables = request.variables.empty() ? Names{"weight"} : request.variables;
    check_variables(record.variables, rule);
    return record;
  });
}

void RequestJudge::check_variables(const Names& variables, const std::string& rule) const {
  const RuleLibrary built_in;
  const RuleLibrary& library = network_.rules ? *network_.rules : built_in;
  check_names(variables, names_in(library.at(rule).columns), "variables", "unknown variable of a synapse of " + rule,
              "");
  for (std::size_t i = 0; i < variables.size(); ++i)
    if (is_among({"time", "delay", "source_node_id", "target_node_id"}, variables[i]))
      reject(fmt::format("variables[{}]", i), '"' + variables[i] + '"', "is the name of another dataset of the file",
             "a rule that calls it otherwise");
}

// Every recording has files of its own.
void RequestJudge::claim(const std::string& name, const std::string& file) {
  if (const std::string use = reserved_for(file); !use.empty())
    reject({}, {}, fmt::format("writes {}, a name that is kept for {}", file, use), "another name");
  if (const auto [known, fresh] = owners_.emplace(file, name); !fresh)
    reject({}, {}, fmt::format("writes {}, as does record.{}", file, known->second), "another name");
}

}  // namespace rheo
