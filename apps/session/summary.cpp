#include "apps/session/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "apps/session/run_directory.hpp"
#include "core/time.hpp"
#include "networks/description/selections.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

std::string plural(std::uint64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

}  // namespace

std::string memory_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.2f} GB", bytes / 1e9);
  if (bytes >= 1e6) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.0f} kB", bytes / 1e3);
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string selections_text(const std::vector<Selection>& selections) {
  std::string text;
  for (const Selection& one : selections) text += (text.empty() ? "" : ", ") + text_of(one);
  return text;
}

std::string weights_text(const std::vector<PortWeights>& weights) {
  std::string text;
  for (const PortWeights& w : weights) {
    text += text.empty() ? "" : "; ";
    text += w.range.low == w.range.high ? fmt::format("{:.6g}", w.range.low)
                                        : fmt::format("{:.4g} to {:.4g}", w.range.low, w.range.high);
    text += fmt::format(" {} at {}, {}", w.unit, w.port, w.sign == "both" ? "of both signs" : w.sign);
  }
  return text;
}

std::string learning_text(const Experiment& experiment, const Phase& phase) {
  const auto& projections = experiment.network.projections;
  const auto plastic = std::count_if(projections.begin(), projections.end(), [](const ProjectionSpec& projection) {
    return !projection.plasticity.rule.empty();
  });
  if (phase.learning.empty()) return "nothing";
  return phase.learning.size() == static_cast<std::size_t>(plastic)
             ? "all"
             : fmt::format("{}", fmt::join(phase.learning, ", "));
}

std::string phases_text(const Experiment& experiment, std::string_view label) {
  const double dt = experiment.network.dt;
  std::string text;
  for (const Phase& phase : experiment.phases)
    text += fmt::format("{}{:<16} {:>11} to {} ms, learning: {}\n", label, phase.name, tick_to_ms(phase.begin, dt),
                        tick_to_ms(phase.end, dt), learning_text(experiment, phase));
  return text;
}

std::string summary_text(const RunReport& report, const Network& network, const std::string& phases,
                         const fs::path& directory) {
  std::string text;
  if (!report.title.empty()) text += report.title + "\n";
  std::uint64_t neurons = 0;
  std::size_t name_width = 10;
  for (const PopulationStatistics& population : report.populations) {
    neurons += population.size;
    name_width = std::max(name_width, population.name.size());
  }
  for (const RunReport::Projection& projection : report.projections)
    name_width = std::max(name_width, projection.name.size());
  text += fmt::format("network      {}, {}", plural(neurons, "neuron", "neurons"),
                      plural(network.synapses(), "synapse", "synapses"));
  if (network.synapses() > 0) text += fmt::format(" of {:.2f} bytes each", network.bytes_per_synapse());
  text +=
      fmt::format("; {}, {}\n\n", plural(report.lanes, "lane", "lanes"), plural(report.threads, "thread", "threads"));

  text += fmt::format("{:<{}}  {:>11}  {:>13}  {:>9}  {:>6}\n", "population", name_width, "neurons", "spikes",
                      "rate (Hz)", "CV ISI");
  for (const PopulationStatistics& population : report.populations) {
    text += fmt::format("{:<{}}  {:>11}  {:>13}  {:>9.2f}  {:>6}\n", population.name, name_width,
                        grouped(population.size), grouped(population.spikes), population.rate,
                        population.cv_isi ? fmt::format("{:.3f}", *population.cv_isi) : std::string("-"));
  }

  if (!report.projections.empty()) {
    text += fmt::format("\n{:<{}}  {:>11}  weights\n", "projection", name_width, "synapses");
    for (const RunReport::Projection& projection : report.projections)
      text += fmt::format("{:<{}}  {:>11}  {}\n", projection.name, name_width, grouped(projection.synapses),
                          projection.weights.empty() ? std::string("-") : weights_text(projection.weights));
  }
  if (!phases.empty()) text += "\n" + phases;
  if (!report.scores.empty()) text += '\n';
  for (const auto& [name, value] : report.scores)
    text += fmt::format("score        {:<24} {}\n", name, value ? fmt::format("{:.6g}", *value) : "not defined");
  for (const std::string& remark : report.remarks) text += fmt::format("remark       {}\n", remark);
  text += fmt::format("\nbuilding     {:.2f} s\n", report.build_wall_time);
  text += fmt::format("simulation   {:.2f} s for {:.6g} ms", report.simulate_wall_time, report.simulated);
  if (const auto factor = real_time_factor(report)) {
    text += fmt::format(": real-time factor {:.3g} (wall seconds per second of biology)", *factor);
  }
  text += fmt::format("\nmemory       {} at most\n", memory_text(static_cast<double>(report.peak_memory)));
  text += fmt::format("output       {}", (directory / report_file).string());
  for (const std::string& file : report.files) text += fmt::format(", {}", (directory / file).string());
  text += '\n';
  if (!report.stopped.empty()) text += fmt::format("stopped      at {:.6g} ms, {}\n", report.simulated, report.stopped);
  if (report.status == RunReport::Status::interrupted) {
    text += fmt::format("interrupted  after {:.6g} of {:.6g} ms", report.simulated, report.duration);
    if (report.resumable) text += fmt::format("; \"rheo resume {}\" goes on", directory.string());
    text += '\n';
  }
  return text;
}

std::string profile_text(const StageTimes& times) {
  const std::pair<const char*, double> stages[] = {{"fan out", times.fan_out}, {"arrive", times.arrive},
                                                   {"drive", times.drive},     {"advance", times.advance},
                                                   {"gather", times.gather},   {"sinks", times.sinks}};
  double sum = 0;
  for (const auto& stage : stages) sum += stage.second;
  std::string text = "\nstage        seconds of all threads\n";
  for (const auto& [name, seconds] : stages) {
    text += fmt::format("{:<11}  {:>10.3f}  {:>5.1f} %\n", name, seconds, sum > 0 ? 100 * seconds / sum : 0.0);
  }
  return text;
}

}  // namespace rheo
