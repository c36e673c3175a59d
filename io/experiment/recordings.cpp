// [[phases]], [[stop]] and [record], once populations and projections are known.
#include <fmt/format.h>

#include "core/time.hpp"
#include "io/experiment/field.hpp"

namespace rheo::experiment_file {

namespace {

template <class Request>
Request read_request(const Field& table, Request request = {}) {
  table.need_table();
  const std::vector<KindField> fields = fields_of(request);
  table.only(keys_of(fields));
  read_fields(table, fields, {});
  return request;
}

// Of a list of tables. expected: in words.
template <class Request>
std::vector<Request> read_requests(const Field& list, const std::string& expected) {
  if (!list.is(TomlNode::Kind::list)) list.reject_kind("tables " + expected);
  if (list.node().items.empty()) list.reject("is empty", fmt::format("at least one table [[{}]]", list.key()));
  std::vector<Request> requests;
  for (const TomlNode& item : list.node().items)
    requests.push_back(read_request<Request>({item, fmt::format("{}[{}]", list.key(), requests.size())}));
  return requests;
}

}  // namespace

void read_phases(const Field& root, Experiment& experiment) {
  const auto phases = root.find("phases");
  if (!phases) return;
  experiment.phases = resolve_phases(
      experiment.network, read_requests<PhaseRequest>(*phases, "[[phases]] with name and duration"), experiment.begin);
  const Tick all = experiment.phases.back().end - experiment.begin;
  const double sum = tick_to_ms(all, experiment.network.dt);
  if (experiment.ticks != 0 && experiment.ticks != all)
    root.find("simulation")
        ->find("duration")
        ->reject(fmt::format("is not the {} ms of all phases together", sum),
                 fmt::format("{} (ms), or no duration", sum));
  experiment.ticks = all;
  experiment.duration = sum;
}

void read_stops(const Field& root, Experiment& experiment) {
  if (const auto stops = root.find("stop"))
    experiment.stops = resolve_stops(
        experiment.network, read_requests<StopRequest>(*stops, "[[stop]] with rate or signal, and above or below"));
}

void read_recordings(const Field& record, Experiment& experiment) {
  record.need_table();
  RequestJudge judge(
      experiment.network, experiment.phases, experiment.begin, experiment.end(),
      !experiment.task.empty() || !experiment.tasks.entries.empty());  // how long a task lasts is not known here
  for (const auto& [name, node] : record.node().entries) {
    const Field field = record.at(name, node);
    if (name == "spikes") {
      experiment.record = judge.resolve(read_request<SpikeRequest>(field));
    } else if (node.find("projection")) {
      WeightRequest request;
      request.name = name;
      experiment.weights.push_back(judge.resolve(read_request(field, std::move(request))));
    } else if (node.find("population") || node.find("variables") || node.find("every")) {
      StateRequest request;
      request.name = name;
      for (RecordStates& report : judge.resolve(read_request(field, std::move(request))))
        experiment.reports.push_back(std::move(report));
    } else {
      field.reject_table("records neither states nor weights",
                         "population and variables, or projection; or the table record.spikes");
    }
  }
}

}  // namespace rheo::experiment_file
