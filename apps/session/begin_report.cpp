#include "apps/session/begin_report.hpp"

#include "core/isa.hpp"
#include "core/time.hpp"
#include "core/version.hpp"
#include "networks/description/selections.hpp"

namespace rheo {

RunReport begin_report(const RunOptions& options, const Experiment& experiment, std::optional<std::uint64_t> identity,
                       const Threads& threads) {
  RunReport report;
  // What stays behind when the process is killed: an interrupted run, with whatever rheo recover finds.
  report.status = RunReport::Status::interrupted;
  report.version = version;
  report.title = experiment.title;
  report.experiment = options.file;
  report.seed = experiment.network.seed;
  report.dt = experiment.network.dt;
  report.duration = experiment.duration;
  report.precision = experiment.network.precision;
  for (const Phase& phase : experiment.phases)
    report.phases.push_back(
        {phase.name, tick_to_ms(phase.begin, report.dt), tick_to_ms(phase.end, report.dt), phase.learning});
  report.begin = tick_to_ms(experiment.begin, report.dt);
  report.overrides = options.overrides;
  report.spike_times = experiment.spike_times;
  report.identity = identity;
  if (options.keep_settings) report.settings = settings_texts(experiment.files);
  if (experiment.record.present) {
    const PopulationIndex index(experiment.network.populations);
    for (const Selection& part : experiment.record.populations)
      report.spike_neurons[part.population] += index.count({part});
    for (const TickSpan& span : experiment.record.spans)
      report.spike_spans.emplace_back(tick_to_ms(span.begin, report.dt), tick_to_ms(span.end, report.dt));
  }
  report.threads = threads.count();
  report.host = host_name();
  report.compiler = compiler_name();
  report.instruction_set = name_of(chosen_isa());
  report.started = utc_now();
  return report;
}

}  // namespace rheo
