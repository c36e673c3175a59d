#include "apps/tasks/trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/math.hpp"
#include "core/memory.hpp"

namespace rheo {

namespace {

void check_bytes(const Experiment& experiment, const std::vector<std::unique_ptr<ReadoutRun>>& readouts) {
  std::size_t bytes = 0;
  for (const auto& readout : readouts) bytes += readout->bytes();
  const auto memory = static_cast<double>(usable_memory());
  if (static_cast<double>(bytes) <= memory) return;
  throw ExperimentError({.file = experiment.place("trials"),
                         .key = "readouts",
                         .problem = fmt::format("what they see of all rows needs about {:.1f} GB of memory",
                                                static_cast<double>(bytes) / 1e9),
                         .expected = fmt::format("at most the {:.1f} GB that can be used here", memory / 1e9)});
}

}  // namespace

Trials::Trials(Network& network, const Experiment& experiment, const Task& task)
    : network_(network), task_(task), row_begin_(experiment.begin), input_(task.data.input_names.size()) {
  for (const NamedReadout& readout : task.readouts)
    readouts_.push_back(std::make_unique<ReadoutRun>(readout, task, experiment, network));
  check_bytes(experiment, readouts_);
  for (const ProjectionSpec& projection : experiment.network.projections)
    if (!projection.plasticity.rule.empty()) plastic_.push_back(projection.name);
  for (const Encoding& encoding : task.encodings) {
    Carrier& carrier = carriers_.emplace_back();
    for (const std::string& column : encoding.columns)
      carrier.columns.push_back(
          static_cast<std::size_t>(std::ranges::find(task.data.input_names, column) - task.data.input_names.begin()));
    carrier.numbers.assign(encoding.as == Encoding::Kind::events   ? task.data.channels
                           : encoding.as == Encoding::Kind::direct ? carrier.columns.size()
                                                                   : carrier.columns.size() * encoding.channels,
                           0.0);
  }
  if (task.reset) start_ = network.simulation().save_states();
  if (!is_over()) row_ = show().first;
}

Tick Trials::next(Tick now) const {
  if (is_over()) return never;
  if (now < row_begin_) return row_begin_;
  Tick next = row_begin_ + task_.row_ticks;
  for (const NamedReadout& readout : task_.readouts) {
    const Tick every = task_.row_ticks / readout.kind->common().samples;
    next = std::min(next, row_begin_ + ((now - row_begin_) / every + 1) * every);
  }
  for (const Pulse& pulse : pulses_)
    if (row_begin_ + pulse.tick > now) next = std::min(next, row_begin_ + pulse.tick);
  return next;
}

void Trials::begin(Tick now) {
  if (now == begun_ || is_over()) return;
  begun_ = now;
  const Tick offset = now - row_begin_;
  if (offset < 0) return;
  if (offset == 0) return begin_row();
  for (const auto& readout : readouts_)
    if (const Tick every = task_.row_ticks / readout->samples(); offset % every == 0)
      readout->sample(static_cast<std::uint32_t>(offset / every - 1));
  if (offset < task_.row_ticks) return send_pulses(offset);
  const std::size_t before = show_;
  end_row();
  row_begin_ = now;
  if (show_ != before && task_.pause_ticks > 0) return begin_pause();
  if (!is_over()) begin_row();
}

// Nothing is shown up to the next item.
void Trials::begin_pause() {
  row_begin_ += task_.pause_ticks;
  pulses_.clear();
  for (std::size_t e = 0; e < task_.encodings.size(); ++e) {
    std::ranges::fill(carriers_[e].numbers, 0.0);
    network_.set_signal(task_.encodings[e].to, carriers_[e].numbers);
  }
}

void Trials::end_row() {
  const DataPart part = show().part;
  for (const auto& readout : readouts_) readout->end_row(show(), row_, input_);
  if (++row_ < show().end) return;
  ++show_;
  if (!is_over()) row_ = show().first;
  if (is_over() || show().part != part)
    for (const auto& readout : readouts_) readout->end_part(part);
}

void Trials::begin_show() {
  const auto learning = task_.learning.find(show().part);
  for (const std::string& name : plastic_)
    network_.learn(
        name, learning != task_.learning.end() && std::ranges::find(learning->second, name) != learning->second.end());
  if (!task_.reset) return;
  network_.simulation().begin_again(start_);
  for (const auto& readout : readouts_) readout->forget();
}

void Trials::begin_row() {
  const Show& now = show();
  if (row_ == now.first) begin_show();
  const bool hears_itself = now.part == DataPart::free && row_ > now.first;
  if (hears_itself)
    std::ranges::copy(readouts_.front()->output(), input_.begin());
  else
    for (std::size_t c = 0; c < input_.size(); ++c)
      input_[c] = task_.data.inputs(static_cast<Eigen::Index>(row_), static_cast<Eigen::Index>(c));
  pulses_.clear();
  for (std::size_t e = 0; e < task_.encodings.size(); ++e) {
    encode(e);
    if (task_.encodings[e].as == Encoding::Kind::direct || task_.encodings[e].as == Encoding::Kind::population)
      network_.set_signal(task_.encodings[e].to, carriers_[e].numbers);
  }
  std::vector<double> output;
  for (std::size_t r = 0; r < readouts_.size(); ++r) {
    const std::string& feedback = task_.readouts[r].kind->common().feedback;
    if (feedback.empty()) continue;
    output.resize(readouts_[r]->output().size());
    readouts_[r]->feedback(now.part, row_, output);
    network_.set_signal(feedback, output);
  }
  send_pulses(0);
}

void Trials::encode(std::size_t which) {
  const Encoding& how = task_.encodings[which];
  Carrier& carrier = carriers_[which];
  for (std::size_t i = 0; i < carrier.columns.size(); ++i) {
    const double x = input_[carrier.columns[i]];
    if (how.as == Encoding::Kind::direct)
      carrier.numbers[i] = how.scale * x + how.offset;
    else
      encode_channels(which, i, x);
  }
  if (how.as == Encoding::Kind::events)
    for (const Dataset::Event& event : task_.data.events[row_]) pulses_.push_back({event.tick, which, event.channel});
  std::ranges::sort(pulses_, {}, [](const Pulse& one) { return std::tuple(one.tick, one.encoding, one.channel); });
}

void Trials::encode_channels(std::size_t which, std::size_t column, double x) {
  const Encoding& how = task_.encodings[which];
  const std::uint32_t n = how.channels;
  const double apart = n > 1 ? (how.high - how.low) / (n - 1) : how.high - how.low;
  const double width = how.width > 0 ? how.width : apart;
  for (std::uint32_t c = 0; c < n; ++c) {
    const double z = (x - (how.low + apart * c)) / width;
    const double response = math::exp(-0.5 * z * z);
    const auto channel = static_cast<std::uint32_t>(column * n + c);
    if (how.as == Encoding::Kind::population) {
      carriers_[which].numbers[channel] = how.scale * response + how.offset;
    } else if (response >= 0.01) {
      const double late = (1 - response) * static_cast<double>(task_.row_ticks);
      pulses_.push_back({std::min(task_.row_ticks - 1, static_cast<Tick>(late)), which, channel});
    }
  }
}

void Trials::send_pulses(Tick offset) {
  for (std::size_t e = 0; e < task_.encodings.size(); ++e) {
    const auto mine = [&](const Pulse& pulse) { return pulse.encoding == e && pulse.tick == offset; };
    if (std::ranges::none_of(pulses_, mine)) continue;
    std::vector<double>& numbers = carriers_[e].numbers;
    std::ranges::fill(numbers, 0.0);
    for (const Pulse& pulse : pulses_)
      if (mine(pulse)) numbers[pulse.channel] += task_.encodings[e].scale;
    network_.set_signal(task_.encodings[e].to, numbers, true);
  }
}

std::string Trials::where() const {
  return is_over() ? std::string() : std::string(name_of(show().part));
}

void Trials::save(ByteWriter& to) const {
  to.put("trials.show", static_cast<std::uint64_t>(show_));
  to.put("trials.row", static_cast<std::uint64_t>(row_));
  to.put("trials.row_begin", row_begin_);
  to.put("trials.begun", begun_);
  to.put("trials.input", std::span<const double>(input_));
  for (const auto& readout : readouts_) readout->save(to);
}

void Trials::load(ByteReader& from) {
  show_ = from.get<std::uint64_t>("trials.show");
  row_ = from.get<std::uint64_t>("trials.row");
  row_begin_ = from.get<Tick>("trials.row_begin");
  begun_ = from.get<Tick>("trials.begun");
  from.get("trials.input", std::span<double>(input_));
  if (show_ > task_.data.shows.size() || (!is_over() && (row_ < show().first || row_ >= show().end)))
    throw StateError({.key = "trials.row", .problem = "is of other data"});
  for (const auto& readout : readouts_) readout->load(from);
  pulses_.clear();
  for (std::size_t e = 0; e < task_.encodings.size() && !is_over(); ++e) encode(e);
}

}  // namespace rheo
