// Predicting what comes when (the task of arXiv 2510.14382): after a cue comes A at one latency with probability p, or
// else B at another. Two readouts of the same spiking network learn from errors: `when` in every tick, gated by which
// of the two came and by its latency; `what` once at the end of each trial, from the mean activity. The prediction of
// channel k is what_k x when_k(t), and should be the probability-weighted expectation of the event.
//
// What is known of the paper and what is our choice stands in docs/reservoir.md.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>

#include "apps/learning/measures.hpp"
#include "apps/learning/readouts.hpp"
#include "apps/reservoir/observed.hpp"
#include "apps/reservoir/trial.hpp"
#include "apps/reservoir/what_when.hpp"
#include "apps/tasks/filtered_spikes.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "core/stopwatch.hpp"
#include "core/time.hpp"
#include "io/experiment/network.hpp"
#include "networks/signals/kinds.hpp"

namespace rheo {

namespace {

constexpr std::size_t channels = 2;
using Pair = std::array<double, channels>;

// What is true in a block of trials.
struct Statistics {
  Pair latency;
  double p = 0.5;  // of A
};

// Outputs of the two readouts in one trial.
struct Course {
  std::vector<Pair> when;  // [tick of the trial]
  Pair what{1, 1};
  Pair output(std::size_t t) const { return {what[0] * when[t][0], what[1] * when[t][1]}; }
};

double bump(double t, double latency, double width) {
  const double z = (t - latency) / width;
  return math::exp(-0.5 * z * z);
}

// What a readout is told in a tick: what to change by, and how much it counts.
struct Lesson {
  Pair error{}, gate{};
};

// The two readouts, wherever they are.
class Readouts {
 public:
  virtual ~Readouts() = default;
  virtual void begin_trial() = 0;
  virtual Pair when() = 0;  // after the network computed a tick
  virtual Pair what() = 0;  // summed over ticks by the caller
  virtual void learn_when(const Lesson& lesson) = 0;
  virtual void learn_what(const Pair& error) = 0;  // at the end of a trial
  // Weights, neurons x channels.
  virtual Matrix when_weights() = 0;
  virtual Matrix what_weights() = 0;
};

// The projection of this name, which has a rule and goes to one neuron for each channel. key: of the setting.
std::size_t readout_projection(const Experiment& experiment, const std::string& name, const char* key) {
  const auto& all = experiment.network.projections;
  const auto found = std::find_if(all.begin(), all.end(), [&](const ProjectionSpec& p) { return p.name == name; });
  if (found == all.end() || found->plasticity.rule.empty())
    throw ExperimentError({.file = experiment.place("task"),
                           .key = "projections." + name,
                           .problem = found == all.end() ? "is missing" : "has no plasticity",
                           .expected = "a projection from the reservoir onto two readout neurons, with a rule"});
  std::size_t targets = 0;
  for (const Observed& observed : select_observed(experiment, found->target, key)) targets += observed.neurons.size();
  if (targets != channels)
    reject(experiment, key, fmt::format("{} target neurons", targets), "is not one for each of A and B",
           "a projection onto two neurons");
  return static_cast<std::size_t>(found - all.begin());
}

// Whether readouts are neurons of the network.
bool reads_inside(const WhatWhen& how) {
  return how.readout == WhatWhen::Readout::three_factor && how.control != WhatWhen::Control::frozen &&
         how.control != WhatWhen::Control::shuffled && !how.outside;
}

// Readout neurons of the network itself, whose projections have plasticity rules.
class InNetwork final : public Readouts {
 public:
  InNetwork(const Experiment& experiment, const WhatWhen& how, Network& network)
      : network_(network),
        projections_{readout_projection(experiment, how.when, "task.when"),
                     readout_projection(experiment, how.what, "task.what")},
        when_(experiment, network.simulation(), experiment.network.projections[projections_[0]].target, "task.when"),
        what_(experiment, network.simulation(), experiment.network.projections[projections_[1]].target, "task.what") {}
  void begin_trial() override { network_.set_signal("trial", std::array{1.0}, true); }
  Pair when() override { return read(when_); }
  Pair what() override { return read(what_); }
  void learn_when(const Lesson& lesson) override {
    network_.set_signal("when_error", lesson.error, true);
    network_.set_signal("when_gate", lesson.gate);
  }
  void learn_what(const Pair& error) override {
    network_.set_signal("what_error", error, true);
    network_.set_signal("trial", std::array{-1.0}, true);
  }
  Matrix when_weights() override { return weights(projections_[0]); }
  Matrix what_weights() override { return weights(projections_[1]); }

 private:
  Pair read(const ObservedNeurons& neurons) {
    Pair values{};
    neurons.potentials(network_.simulation(), values);
    return values;
  }
  Matrix weights(std::size_t projection) {
    network_.simulation().settle();
    return std::visit(
        [](const auto& column) {
          Matrix all(static_cast<Eigen::Index>(column.size() / channels), static_cast<Eigen::Index>(channels));
          for (std::size_t i = 0; i < column.size(); ++i) all.data()[i] = static_cast<double>(column[i]);
          return all;
        },
        network_.read_column(projection, 0));
  }

  Network& network_;
  std::array<std::size_t, 2> projections_;
  ObservedNeurons when_, what_;
};

// Outside the network, on filtered spikes: the same three-factor rules, for controls whose states are not the network's
// any more; or recursive least squares (FORCE), where `what` is always 1.
class Outside final : public Readouts {
 public:
  Outside(const WhatWhen& how, const FilteredSpikes& traces, double dt, std::uint64_t seed)
      : how_(how),
        traces_(traces),
        x_(traces.traces().size()),
        mean_(x_.size(), 0.0),
        dt_(dt),
        shuffling_(random_key(seed, "control", "shuffled")) {
    if (how.readout == WhatWhen::Readout::force)
      rls_.emplace(x_.size(), channels, how.alpha, how.forgetting);
    else
      when_ = Matrix::Zero(static_cast<Eigen::Index>(x_.size()), channels);
    what_ = Matrix::Zero(static_cast<Eigen::Index>(x_.size()), channels);
  }

  void begin_trial() override {
    ticks_ = 0;
    std::fill(mean_.begin(), mean_.end(), 0.0);
    if (how_.control == WhatWhen::Control::shuffled) last_.swap(now_);
    now_.clear();
    ++trials_;
  }
  Pair when() override {
    observe();
    Pair y{};
    if (rls_)
      rls_->predict(x_, y);
    else
      y = product(when_);
    return y;
  }
  Pair what() override {
    if (rls_) return {1, 1};
    return product(what_);
  }
  void learn_when(const Lesson& lesson) override {
    if (rls_) {
      if (ticks_ % how_.every == 0) rls_->update(x_, lesson.error);
      return;
    }
    for (std::size_t k = 0; k < channels; ++k) {
      const double step = how_.eta_when * lesson.gate[k] * lesson.error[k];
      if (step == 0) continue;
      for (std::size_t i = 0; i < x_.size(); ++i) when_.data()[i * channels + k] += step * x_[i];
    }
  }
  void learn_what(const Pair& error) override {
    if (rls_) return;
    // The mean trace is rate x tau.
    const double to_rate = 1000 / how_.tau / std::max(1.0, static_cast<double>(ticks_));
    for (std::size_t i = 0; i < x_.size(); ++i)
      for (std::size_t k = 0; k < channels; ++k)
        what_.data()[i * channels + k] += how_.eta_what * error[k] * mean_[i] * to_rate;
  }
  Matrix when_weights() override { return rls_ ? rls_->weights() : when_; }
  Matrix what_weights() override { return what_; }

 private:
  // The state that the readouts see in this tick.
  void observe() {
    const std::span<const double> traces = traces_.traces();
    const auto n = x_.size();
    switch (how_.control) {
      case WhatWhen::Control::frozen:  // the state of one moment after the cue, for the whole trial
        if (frozen_.empty()) {
          if (static_cast<double>(ticks_) * dt_ >= how_.frozen_at) frozen_.assign(traces.begin(), traces.end());
          std::copy(traces.begin(), traces.end(), x_.begin());
        } else {
          x_ = frozen_;
        }
        break;
      case WhatWhen::Control::shuffled: {
        // Each neuron's states of the trial before, in an order of ticks that is drawn anew for each trial and neuron.
        now_.insert(now_.end(), traces.begin(), traces.end());
        const std::size_t length = last_.size() / n;
        if (length == 0) {
          std::fill(x_.begin(), x_.end(), 0.0);
          break;
        }
        RandomStream stream(shuffling_, static_cast<std::uint32_t>(ticks_), static_cast<Tick>(trials_));
        for (std::size_t i = 0; i < n; ++i)
          x_[i] = last_[std::size_t{stream.below(static_cast<std::uint32_t>(length))} * n + i];
        break;
      }
      default:
        std::copy(traces.begin(), traces.end(), x_.begin());
    }
    for (std::size_t i = 0; i < n; ++i) mean_[i] += x_[i];
    ++ticks_;
  }
  Pair product(const Matrix& weights) const {
    Pair y{};
    for (std::size_t i = 0; i < x_.size(); ++i)
      for (std::size_t k = 0; k < channels; ++k) y[k] += weights.data()[i * channels + k] * x_[i];
    return y;
  }

  const WhatWhen& how_;
  const FilteredSpikes& traces_;
  std::vector<double> x_, mean_, frozen_, now_, last_;  // now_, last_: [tick][neuron]
  double dt_;
  RandomKey shuffling_;
  std::uint64_t trials_ = 0;
  std::size_t ticks_ = 0;
  std::optional<Rls> rls_;
  Matrix when_, what_;
};

// A network in the task, from its first trial on.
class Session {
 public:
  Session(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed)
      : how_(how),
        dt_(experiment.network.dt),
        network_(build(experiment, seed)),
        observed_(experiment, network_.simulation(), how.populations, "task.population"),
        traces_(observed_.ids(), how.tau, dt_),
        events_(random_key(seed, "task", "events")) {
    network_.simulation().add_sink(traces_);
    ticks_ = ms_to_tick_nearest(how.trial, dt_);
    pause_ = ms_to_tick_nearest(how.pause, dt_);
    if (reads_inside(how))
      readouts_ = std::make_unique<InNetwork>(experiment, how, network_);
    else
      readouts_ = std::make_unique<Outside>(how, traces_, dt_, seed);
    for (const SignalSpec& signal : experiment.network.signals) {
      has_feedback_ |= signal.name == "feedback";
      has_reset_ |= signal.name == "reset";
    }
  }

  void learn(const Statistics& truth) {
    RandomStream stream(events_, static_cast<std::uint32_t>(learnt_++));
    const std::size_t event = stream.uniform() < truth.p ? 0 : 1;
    trial(truth, event, true);
  }

  // Cue only, without learning; the network goes on from where it was.
  Course test() {
    const std::vector<std::byte> state = network_.simulation().save();
    ByteWriter traces;
    traces_.save(traces);
    const std::vector<std::byte> kept = traces.take();
    Course course = trial({}, channels, false);
    network_.simulation().load(state);
    ByteReader from(kept);
    traces_.load(from);
    return course;
  }

  Readouts& readouts() { return *readouts_; }
  const WhatWhen& how() const { return how_; }
  double dt() const { return dt_; }
  double simulated() const { return simulated_; }
  double rate() const {
    const double seconds = tick_to_ms(network_.simulation().now(), dt_) / 1000;
    return seconds > 0 ? static_cast<double>(traces_.spikes()) / static_cast<double>(observed_.size()) / seconds : 0;
  }

 private:
  static Network build(Experiment experiment, std::uint64_t seed) {
    experiment.network.seed = seed;
    return build_network(experiment, Threads(1));
  }

  // event: which channel's event occurs; neither in a test.
  Course trial(const Statistics& truth, std::size_t event, bool learning) {
    Simulation& simulation = network_.simulation();
    const Tick cue = ms_to_tick_nearest(how_.cue_length, dt_);
    const Tick reset = std::min(pause_, ms_to_tick_nearest(how_.reset_length, dt_));
    const auto set = [&](const char* name, double value) { network_.set_signal(name, std::array{value}); };
    Course course;
    Pair what{};
    readouts_->begin_trial();
    for (Tick t = 0; t < ticks_; ++t) {
      if (t == 0) set("cue", 1);
      if (t == cue) set("cue", 0);
      simulation.run(1);
      const Pair y = readouts_->when(), identity = readouts_->what();
      for (std::size_t k = 0; k < channels; ++k)
        if (!std::isfinite(y[k]) || !std::isfinite(identity[k]))
          throw NumericalError(
              {.key = "task.readout",
               .problem = fmt::format("diverges: its output is not finite {} ms after the cue of trial {}",
                                      tick_to_ms(t, dt_), learnt_),
               .expected = "smaller rates of learning"});
      course.when.push_back(y);
      for (std::size_t k = 0; k < channels; ++k) what[k] += identity[k];
      if (learning) readouts_->learn_when(lesson(truth, event, t, y));
      if (has_feedback_) network_.set_signal("feedback", y);
    }
    for (double& x : what) x /= static_cast<double>(ticks_);
    const bool product = how_.readout == WhatWhen::Readout::three_factor && how_.control != WhatWhen::Control::merged;
    if (product) {
      course.what = what;
      if (learning) readouts_->learn_what({(event == 0) - what[0], (event == 1) - what[1]});
    }
    if (has_feedback_) network_.set_signal("feedback", Pair{});
    for (Tick t = 0; t < pause_;) {
      if (t == 0 && has_reset_) set("reset", 1);
      if (t == reset && has_reset_) set("reset", 0);
      const Tick next = t < reset ? reset : pause_;
      simulation.run(next - t);
      t = next;
    }
    if (has_reset_ && reset == pause_) set("reset", 0);
    simulated_ += tick_to_ms(ticks_ + pause_, dt_) / 1000;
    return course;
  }

  Lesson lesson(const Statistics& truth, std::size_t event, Tick tick, const Pair& y) const {
    const double t = tick_to_ms(tick, dt_);
    Lesson lesson;
    for (std::size_t k = 0; k < channels; ++k) {
      const bool comes = k == event;
      const double target = comes ? bump(t, truth.latency[k], how_.width) : 0;
      lesson.error[k] = target - y[k];
      const bool in_window = std::abs(t - truth.latency[k]) <= how_.gate_width;
      const bool all = how_.control == WhatWhen::Control::gate_off || how_.control == WhatWhen::Control::merged ||
                       how_.readout == WhatWhen::Readout::force;
      lesson.gate[k] = all ? 1 : comes ? (in_window ? 1 : how_.gate_outside) : 0;
      if (lesson.gate[k] == 0) lesson.error[k] = 0;
    }
    return lesson;
  }

  const WhatWhen& how_;
  double dt_;
  Network network_;
  ObservedNeurons observed_;
  FilteredSpikes traces_;
  std::unique_ptr<Readouts> readouts_;
  RandomKey events_;
  Tick ticks_ = 1, pause_ = 1;
  std::uint64_t learnt_ = 0;
  double simulated_ = 0;
  bool has_feedback_ = false, has_reset_ = false;
};

Pair expectation(const Statistics& truth, double t, double width) {
  return {truth.p * bump(t, truth.latency[0], width), (1 - truth.p) * bump(t, truth.latency[1], width)};
}

// Root mean square of what is missing to the expectation over that of the expectation, both channels and the whole
// trial: 1 is the error of no output at all.
double error_of(const Session& session, const Course& course, const Statistics& truth) {
  double missing = 0, all = 0;
  for (std::size_t t = 0; t < course.when.size(); ++t) {
    const Pair wanted = expectation(truth, static_cast<double>(t) * session.dt(), session.how().width);
    const Pair got = course.output(t);
    for (std::size_t k = 0; k < channels; ++k) {
      missing += (got[k] - wanted[k]) * (got[k] - wanted[k]);
      all += wanted[k] * wanted[k];
    }
  }
  return std::sqrt(missing / all);
}

// How strongly channel k answers at its time: the regression of its output on the bump, near it.
double amplitude(const Session& session, const Course& course, const Statistics& truth, std::size_t k) {
  double product = 0, square = 0;
  for (std::size_t t = 0; t < course.when.size(); ++t) {
    const double ms = static_cast<double>(t) * session.dt();
    if (std::abs(ms - truth.latency[k]) > 2 * session.how().width) continue;
    const double b = bump(ms, truth.latency[k], session.how().width);
    product += b * course.output(t)[k];
    square += b * b;
  }
  return product / square;
}

void draw(const Session& session, const Course& course, const Statistics& truth, Trial& trial) {
  for (std::size_t k = 0; k < channels; ++k) {
    Curve target{"prediction", k == 0 ? "A, expected" : "B, expected", "time after the cue (ms)", "output", {}, {}};
    Curve output = target;
    output.name = k == 0 ? "A" : "B";
    target.wanted = true;
    for (std::size_t t = 0; t < course.when.size(); t += 2) {
      const double ms = static_cast<double>(t) * session.dt();
      target.x.push_back(ms);
      target.y.push_back(expectation(truth, ms, session.how().width)[k]);
      output.x.push_back(ms);
      output.y.push_back(course.output(t)[k]);
    }
    trial.curves.push_back(std::move(target));
    trial.curves.push_back(std::move(output));
  }
}

// Principal angles between the spaces of the two readouts' weights, and with the neurons of one of them shuffled.
void score_angles(Session& session, std::uint64_t seed, Trial& trial) {
  const Matrix when = session.readouts().when_weights(), what = session.readouts().what_weights();
  const std::vector<double> angles = principal_angles(what, when);
  Matrix shuffled = when;
  RandomStream stream(random_key(seed, "angles", "shuffled"), 0);
  for (auto i = static_cast<std::uint32_t>(shuffled.rows()); i > 1; --i)
    shuffled.row(i - 1).swap(shuffled.row(stream.below(i)));
  const std::vector<double> by_chance = principal_angles(what, shuffled);
  for (std::size_t i = 0; i < angles.size(); ++i) trial.score(fmt::format("angle_{}", i + 1), angles[i]);
  for (std::size_t i = 0; i < by_chance.size(); ++i) trial.score(fmt::format("angle_{}.shuffled", i + 1), by_chance[i]);
}

Statistics statistics_of(const WhatWhen& how) {
  return {how.latency, how.probability};
}

void learning(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed, Trial& trial) {
  Session session(experiment, how, seed);
  const Statistics truth = statistics_of(how);
  Curve curve{"learning", "test error", "trials", "error", {}, {}};
  Course course;
  double last = 0;
  for (std::size_t n = 1; n <= how.block; ++n) {
    session.learn(truth);
    const bool looks = n <= 5 || n % 5 == 0;
    if (!looks) continue;
    course = session.test();
    last = error_of(session, course, truth);
    curve.x.push_back(static_cast<double>(n));
    curve.y.push_back(last);
    for (const std::size_t named : {std::size_t{1}, std::size_t{10}, std::size_t{50}, std::size_t{100}})
      if (n == named) trial.score(fmt::format("error.trial_{}", n), last);
  }
  trial.score("error_fall", 1 - last / curve.y.front());
  if (how.readout == WhatWhen::Readout::three_factor && how.control != WhatWhen::Control::merged)
    score_angles(session, seed, trial);
  trial.score("rate", session.rate());
  draw(session, course, truth, trial);
  trial.curves.push_back(std::move(curve));
  trial.score("validation", last);
  trial.simulated += session.simulated();
}

void probabilities(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed, Trial& trial) {
  Eigen::VectorXd p(11), of_a(11), of_b(11);
  Curve a{"amplitude", "A", "p(A)", "amplitude", {}, {}}, b = a;
  b.name = "B";
  for (Eigen::Index i = 0; i < p.size(); ++i) {
    Statistics truth = statistics_of(how);
    truth.p = p(i) = 0.1 * static_cast<double>(i);
    Session session(experiment, how, seed * 100 + static_cast<std::uint64_t>(i));
    for (std::size_t n = 0; n < how.block; ++n) session.learn(truth);
    const Course course = session.test();
    of_a(i) = amplitude(session, course, truth, 0);
    of_b(i) = amplitude(session, course, truth, 1);
    a.x.push_back(p(i));
    a.y.push_back(of_a(i));
    b.x.push_back(p(i));
    b.y.push_back(of_b(i));
    trial.simulated += session.simulated();
  }
  trial.score("correlation.A", pearson(p, of_a));
  trial.score("correlation.B", pearson(p, of_b));
  trial.score("validation", 2 - pearson(p, of_a) + pearson(p, of_b));
  trial.curves.push_back(std::move(a));
  trial.curves.push_back(std::move(b));
}

// Two blocks; how many trials after the switch until the error is back within 20 % of what it was before.
void change(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed, Trial& trial) {
  Session session(experiment, how, seed);
  const Statistics before = statistics_of(how);
  Statistics after = before;
  if (how.protocol != WhatWhen::Protocol::switch_probability) after.latency = how.later_latency;
  if (how.protocol != WhatWhen::Protocol::switch_timing) after.p = how.later_probability;
  Curve curve{"switch", "test error", "trials", "error", {}, {}};
  const auto look = [&](const Statistics& truth) {
    const double error = error_of(session, session.test(), truth);
    curve.x.push_back(static_cast<double>(curve.x.size() + 1));
    curve.y.push_back(error);
    return error;
  };
  double level = 0;
  for (std::size_t n = 1; n <= how.block; ++n) {
    session.learn(before);
    const double error = look(before);
    if (n + 5 > how.block) level += error / static_cast<double>(std::min<std::size_t>(5, how.block));
  }
  std::size_t back = how.block;
  double last = 0;
  for (std::size_t n = 1; n <= how.block; ++n) {
    session.learn(after);
    const double error = look(after);
    if (error <= 1.2 * level && back == how.block) back = n;
    if (n == 1) trial.score("error.at_switch", error);
    if (n + 5 > how.block) last += error / static_cast<double>(std::min<std::size_t>(5, how.block));
  }
  trial.score("error.before", level);
  trial.score("error.in_the_end", last);
  trial.score("trials_to_recover", static_cast<double>(back));
  trial.score("validation",
              std::accumulate(curve.y.begin() + static_cast<std::ptrdiff_t>(how.block), curve.y.end(), 0.0) /
                  static_cast<double>(how.block));
  trial.curves.push_back(std::move(curve));
  trial.simulated += session.simulated();
}

}  // namespace

void check_what_when(const Experiment& experiment, const WhatWhen& how) {
  const double dt = experiment.network.dt;
  const Tick trial = ms_to_tick_nearest(how.trial, dt), cue = ms_to_tick_nearest(how.cue_length, dt);
  if (trial < 2)
    reject(experiment, "task.trial", fmt::format("{}", how.trial), "is too short",
           fmt::format("at least two ticks of {} ms", dt));
  if (cue < 1 || cue >= trial)
    reject(experiment, "task.cue_length", fmt::format("{}", how.cue_length), "does not end within the trial",
           fmt::format("at least one tick of {} ms, and less than the {} ms of task.trial", dt, how.trial));
  if (how.control == WhatWhen::Control::frozen && how.frozen_at >= how.trial)
    reject(experiment, "task.frozen_at", fmt::format("{}", how.frozen_at), "is not within the trial",
           fmt::format("less than the {} ms of task.trial", how.trial));
  const bool timing_changes =
      how.protocol == WhatWhen::Protocol::switch_timing || how.protocol == WhatWhen::Protocol::switch_both;
  for (const auto& [key, latencies] :
       {std::pair{"task.latency", how.latency},
        std::pair{"task.later_latency", timing_changes ? how.later_latency : how.latency}})
    for (const double latency : latencies)
      if (latency >= how.trial)
        reject(experiment, key, fmt::format("{}", latency), "is not within the trial",
               fmt::format("less than the {} ms of task.trial", how.trial));
  const bool inside = reads_inside(how);
  if (inside) {
    readout_projection(experiment, how.when, "task.when");
    readout_projection(experiment, how.what, "task.what");
  }
  struct Needed {
    const char* name;
    std::uint32_t width;
    bool always;
  };
  for (const Needed& needed : {Needed{"cue", 1, true}, Needed{"trial", 1, inside}, Needed{"what_error", 2, inside},
                               Needed{"when_error", 2, inside}, Needed{"when_gate", 2, inside},
                               Needed{"feedback", 2, false}, Needed{"reset", 1, false}}) {
    const std::string key = fmt::format("signals.{}", needed.name);
    const auto& signals = experiment.network.signals;
    const auto found = std::ranges::find(signals, std::string(needed.name), &SignalSpec::name);
    const std::string expected =
        fmt::format("kind = \"task\" with {} number{}", needed.width, needed.width == 1 ? "" : "s");
    if (found == signals.end()) {
      if (needed.always) reject(experiment, key, {}, "is missing, and this task sets it", expected);
    } else if (const auto* const task = found->kind.as<TaskSignal>(); task == nullptr || task->width != needed.width) {
      reject(experiment, key, {}, "is no signal that this task can set", expected);
    }
  }
  select_observed(experiment, how.populations, "task.population");
}

Trial run_what_when(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed) {
  Trial trial;
  const Stopwatch watch;
  if (how.protocol == WhatWhen::Protocol::learning)
    learning(experiment, how, seed, trial);
  else if (how.protocol == WhatWhen::Protocol::probabilities)
    probabilities(experiment, how, seed, trial);
  else
    change(experiment, how, seed, trial);
  trial.seconds = watch.seconds();
  return trial;
}

}  // namespace rheo
