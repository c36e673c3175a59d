#include "apps/reservoir/spiking_reservoir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/math.hpp"
#include "core/time.hpp"
#include "io/experiment/network.hpp"
#include "networks/description/selections.hpp"
#include "networks/signals/kinds.hpp"

namespace rheo {

namespace {

Network build(Experiment experiment, std::uint64_t seed) {
  experiment.network.seed = seed;
  return build_network(experiment, Threads(1));
}

std::uint32_t width_of(const Experiment& experiment, const std::string& key, const std::string& name) {
  std::vector<std::string> all;
  for (const SignalSpec& signal : experiment.network.signals) {
    const auto* const task = signal.kind.as<TaskSignal>();
    if (task == nullptr) continue;
    if (signal.name == name) return task->width;
    all.push_back(signal.name);
  }
  reject(experiment, key, '"' + name + '"', "no such signal of kind task",
         all.empty() ? fmt::format("a table [signals.{}] with kind = \"task\"", name)
                     : fmt::format("one of {}", fmt::join(all, ", ")));
}

std::vector<std::string> plastic_of(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const ProjectionSpec& projection : experiment.network.projections)
    if (!projection.plasticity.rule.empty()) names.push_back(projection.name);
  return names;
}

// Numbers that the signal carries.
std::size_t channels_of(const ReservoirTask& task, std::size_t inputs) {
  return inputs * (task.encoding.kind == InputEncoding::Kind::direct ? 1 : task.encoding.channels);
}

}  // namespace

std::vector<Observed> select_observed(const Experiment& experiment, const std::vector<Selection>& selections,
                                      const std::string& key) {
  const auto& populations = experiment.network.populations;
  std::vector<Selection> all = selections;
  if (all.empty())
    for (const PopulationSpec& population : populations)
      if (population.model != "spike_source") all.push_back({.population = population.name, .end = {}});
  std::vector<Observed> observed;
  try {
    const PopulationIndex index(populations);
    index.check_distinct(all, true);
    for (const Selection& selection : all) {
      const NeuronRange range = index.resolve(selection).second;
      Observed& part = observed.emplace_back();
      part.population = selection.population;
      for (std::uint32_t n = range.begin; n < range.end; n += range.step) part.neurons.push_back(n);
    }
  } catch (const BuildError& error) {
    Complaint complaint = error.complaint();
    complaint.key = key;
    throw ExperimentError(locate(std::move(complaint), experiment));
  }
  return observed;
}

ObservedNeurons::ObservedNeurons(const Experiment& experiment, const Simulation& simulation,
                                 const std::vector<Selection>& selections, const std::string& key) {
  const auto& populations = simulation.populations();
  for (Observed& observed : select_observed(experiment, selections, key)) {
    Part& part = parts_.emplace_back();
    while (populations[part.population].name != observed.population) ++part.population;
    for (const std::uint32_t n : observed.neurons) ids_.push_back(populations[part.population].first + n);
    part.neurons = std::move(observed.neurons);
  }
}

void ObservedNeurons::potentials(Simulation& simulation, std::span<double> to) const {
  std::size_t first = 0;
  for (const Part& part : parts_) {
    const PopulationBlock& block = simulation.population(part.population);
    if (const auto column = block.find_column("V_m"))
      block.read(*column, simulation.now(), part.neurons, to.data() + first);
    first += part.neurons.size();
  }
}

void check_signals(const Experiment& experiment, const ReservoirTask& task, std::size_t inputs, std::size_t feedbacks,
                   const std::string& drives) {
  const double dt = experiment.network.dt;
  const Tick ticks = ms_to_tick_nearest(task.step, dt);
  if (ticks < 1 || std::abs(tick_to_ms(ticks, dt) - task.step) > 1e-9 * task.step || ticks % task.state.samples != 0)
    reject(experiment, "task.step", fmt::format("{}", task.step), "is no whole number of ticks for each sample",
           fmt::format("a multiple of {} (ms)", dt * task.state.samples));
  if (inputs > 0) {
    const std::uint32_t width = width_of(experiment, "task.signal", task.signal);
    const std::size_t channels = channels_of(task, inputs);
    if (width != channels)
      reject(experiment, "signals." + task.signal + ".width", fmt::format("{}", width),
             "is not the number of channels that the task encodes",
             drives.empty() ? fmt::format("{}", channels)
             : channels == inputs
                 ? fmt::format("{}, for {}", channels, drives)
                 : fmt::format("{}, for {} in {} channels each", channels, drives, task.encoding.channels));
  }
  if (feedbacks > 0) {
    const std::uint32_t width = width_of(experiment, "task.feedback", task.feedback);
    if (width != feedbacks)
      reject(experiment, "signals." + task.feedback + ".width", fmt::format("{}", width),
             "is not the number of outputs", fmt::format("{}", feedbacks));
  }
  const std::vector<std::string> plastic = plastic_of(experiment);
  for (const std::string& name : task.adapt_learns)
    if (std::find(plastic.begin(), plastic.end(), name) == plastic.end())
      reject(experiment, "task.adapt_learns", '"' + name + '"', "no projection with plasticity",
             plastic.empty() ? "a projection with plasticity" : fmt::format("some of {}", fmt::join(plastic, ", ")));
  select_observed(experiment, task.state.populations, "task.state.population");
}

SpikingReservoir::SpikingReservoir(const Experiment& experiment, const ReservoirTask& task, std::uint64_t seed,
                                   std::size_t inputs, std::size_t feedbacks)
    : task_(task),
      inputs_(inputs),
      feedbacks_(feedbacks),
      network_(build(experiment, seed)),
      observed_(experiment, network_.simulation(), task.state.populations, "task.state.population"),
      traces_(observed_.ids(), task.state.tau, experiment.network.dt),
      plastic_(plastic_of(experiment)),
      ticks_(ms_to_tick_nearest(task.step, experiment.network.dt)) {
  check_signals(experiment, task, inputs, feedbacks);
  if (inputs > 0) signal_.assign(channels_of(task, inputs), 0.0);
  adapt(false);
  network_.simulation().add_sink(traces_);
}

void SpikingReservoir::adapt(bool learns) {
  for (const std::string& name : plastic_) {
    const bool named = task_.adapt_learns.empty() || std::find(task_.adapt_learns.begin(), task_.adapt_learns.end(),
                                                               name) != task_.adapt_learns.end();
    network_.learn(name, learns && named);
  }
}

double SpikingReservoir::rate() const {
  const Simulation& simulation = network_.simulation();
  const double seconds = tick_to_ms(simulation.now(), simulation.dt()) / 1000;
  return seconds > 0 ? static_cast<double>(traces_.spikes()) / static_cast<double>(observed_.size()) / seconds : 0;
}

void SpikingReservoir::encode(std::span<const double> input) {
  const InputEncoding& how = task_.encoding;
  pulses_.clear();
  for (std::size_t i = 0; i < inputs_; ++i) {
    if (how.kind == InputEncoding::Kind::direct) {
      signal_[i] = how.scale * input[i] + how.offset;
      continue;
    }
    const std::uint32_t n = how.channels;
    const double apart = n > 1 ? (how.high - how.low) / (n - 1) : how.high - how.low;
    const double width = how.width > 0 ? how.width : apart;
    for (std::uint32_t c = 0; c < n; ++c) {
      const double z = (input[i] - (how.low + apart * c)) / width;
      const double response = math::exp(-0.5 * z * z);
      const auto channel = static_cast<std::uint32_t>(i * n + c);
      if (how.kind == InputEncoding::Kind::population) {
        signal_[channel] = how.scale * response + how.offset;
      } else if (response >= 0.01) {
        const double late = (1 - response) * static_cast<double>(ticks_);
        pulses_.push_back({std::min(ticks_ - 1, static_cast<Tick>(late)), channel});
      }
    }
  }
  std::sort(pulses_.begin(), pulses_.end(),
            [](const Pulse& a, const Pulse& b) { return std::pair(a.tick, a.channel) < std::pair(b.tick, b.channel); });
}

void SpikingReservoir::read_state(std::span<double> to) {
  if (task_.state.kind == StateSpec::Kind::potential) return observed_.potentials(network_.simulation(), to);
  const std::span<const double> traces = traces_.traces();
  std::copy(traces.begin(), traces.end(), to.begin());
}

void SpikingReservoir::step(std::span<const double> input, std::span<double> state) {
  Simulation& simulation = network_.simulation();
  encode(input);
  const bool is_latency = task_.encoding.kind == InputEncoding::Kind::latency;
  if (inputs_ > 0 && !is_latency) network_.set_signal(task_.signal, signal_);
  if (feedbacks_ > 0) network_.set_signal(task_.feedback, input.subspan(inputs_));
  const Tick sample = ticks_ / task_.state.samples;
  auto pulse = pulses_.begin();
  for (Tick t = 0; t < ticks_;) {
    Tick next = (t / sample + 1) * sample;
    if (pulse != pulses_.end() && pulse->tick == t) {
      std::fill(signal_.begin(), signal_.end(), 0.0);
      for (; pulse != pulses_.end() && pulse->tick == t; ++pulse) signal_[pulse->channel] = task_.encoding.scale;
      network_.set_signal(task_.signal, signal_, true);
    }
    if (pulse != pulses_.end()) next = std::min(next, pulse->tick);
    simulation.run(next - t);
    t = next;
    if (t % sample == 0)
      read_state(state.subspan(static_cast<std::size_t>(t / sample - 1) * observed_.size(), observed_.size()));
  }
}

std::vector<std::byte> SpikingReservoir::save() {
  ByteWriter to;
  traces_.save(to);
  const std::vector<std::byte> network = network_.simulation().save();
  to.put("network", std::span<const std::byte>(network));
  return to.take();
}

void SpikingReservoir::load(std::span<const std::byte> state) {
  ByteReader from(state);
  traces_.load(from);
  network_.simulation().load(from.get_all<std::byte>("network"));
}

}  // namespace rheo
