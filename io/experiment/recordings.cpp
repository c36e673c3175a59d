// [[phases]] and [record], once populations and projections are known.
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

}  // namespace

void read_phases(const Field& root, Experiment& experiment) {
  const auto phases = root.find("phases");
  if (!phases) return;
  if (!phases->is(TomlNode::Kind::list)) phases->reject_kind("tables [[phases]] with name and duration");
  if (phases->node().items.empty()) phases->reject("is empty", "at least one table [[phases]]");
  std::vector<PhaseRequest> requests;
  for (const TomlNode& item : phases->node().items)
    requests.push_back(read_request<PhaseRequest>({item, fmt::format("phases[{}]", requests.size())}));
  experiment.phases = resolve_phases(experiment.network, requests, experiment.begin);
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

void read_recordings(const Field& record, Experiment& experiment) {
  record.need_table();
  RequestJudge judge(experiment.network, experiment.phases, experiment.begin, experiment.end(),
                     !experiment.task.empty());  // how long a task lasts is not known here
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
