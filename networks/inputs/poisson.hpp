// Independent Poisson trains.
#pragma once

#include <map>

#include "networks/description/profiles.hpp"
#include "networks/inputs/kind_of.hpp"

namespace rheo {

struct PoissonSpikes {
  Value rate = 0.0;
  Value weight = 1.0;
  double delay = 0;
  std::string port = {};
  Profile profile = {};
  std::string signal = {};
  std::optional<std::uint32_t> channel = {};
  std::optional<double> peak = {};

  static constexpr const char* name = "poisson";
  static constexpr const char* summary =
      "Every target neuron receives spikes of a Poisson process of its own, independent of all others.";
  static constexpr const char* source = "";
  static constexpr auto fields = std::tuple_cat(
      rheo::fields(
          needed(field("rate", &PoissonSpikes::rate, "Hz", "value per neuron: the rate of its train", non_negative))),
      input_fields::spikes(&PoissonSpikes::weight, &PoissonSpikes::delay, &PoissonSpikes::port),
      rheo::fields(in_words(
          field("profile", &PoissonSpikes::profile, "", "multiplies the rate in time; a negative factor counts as 0"),
          "constant", "a table")),
      input_fields::signal(&PoissonSpikes::signal, &PoissonSpikes::channel,
                           "in place of `profile` and `delay`: multiplies the rate in each tick"),
      rheo::fields(in_words(field("peak", &PoissonSpikes::peak, "",
                                  "with `signal`: the largest number that it will have; what is more is cut", positive),
                            "1", {})));

  static constexpr double most_per_tick = 50'000;  // spikes of one train: its counts are 16 bits wide

  void check(const InputEnds& ends) const;
  MakeInput prepare(const InputEnds& ends) const;
  double bytes(double targets) const;

 private:
  static Range rates(double dt) { return {0, most_per_tick / dt * 1000}; }
  double peak_factor() const { return signal.empty() ? profile.peak() : peak.value_or(1); }
};

inline void PoissonSpikes::check(const InputEnds& ends) const {
  within("rate", [&] { check_value(rate, rates(ends.network.dt), "Hz"); });
  within("profile", [&] { check_rate_profile(profile, ends.network.dt); });
  if (peak && signal.empty()) reject("peak", fmt::format("{}", *peak), "there is no signal", "signal beside it");
  if (!signal.empty() && profile.kind != Profile::Kind::constant)
    reject("profile", {}, "stands beside signal", "one of the two");
}

inline MakeInput PoissonSpikes::prepare(const InputEnds& ends) const {
  std::map<double, std::shared_ptr<const PoissonTable>> table_of;  // by mean number of spikes per tick
  std::vector<std::shared_ptr<const PoissonTable>> tables;
  const Range allowed = rates(ends.network.dt);
  for (const double drawn : ends.draw("rate", rate, allowed)) {
    const double mean = drawn * peak_factor() * ends.network.dt / 1000;
    if (!(mean >= 0 && mean <= most_per_tick))
      reject("rate", fmt::format("{}", drawn * peak_factor()), "is out of range",
             fmt::format("0 to {} Hz", allowed.high));
    auto& table = table_of[mean];
    if (!table) table = std::make_shared<const PoissonTable>(mean);
    tables.push_back(table);
  }
  return [this, ends, tables](const InputPart& part) {
    return std::make_unique<PoissonInput>(part.where, ends.network.precision, ends.key(name), part.offset,
                                          part.of(tables), part.weights, ends.ticks(delay),
                                          kernels(ends.isa).poisson[ends.precision()],
                                          signal.empty() ? profile_factors(profile, ends.network.dt, part.where.first)
                                                         : ends.factors(signal, channel, part.offset, 0),
                                          peak_factor());
  };
}

// A table of its own for each rate that occurs: places of 16 bits that need more, and what may be drawn.
inline double PoissonSpikes::bytes(double targets) const {
  if (is_constant(rate)) return 0;
  const auto* const drawn = std::get_if<Distribution>(&rate);
  constexpr double bytes_per_table = 65536 / 8 + 400;
  const double tables = drawn == nullptr ? targets : std::min(targets, distinct(*drawn));
  return tables * bytes_per_table + targets * 84;
}

}  // namespace rheo
