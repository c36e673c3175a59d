// Out-degrees by a power law.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/math.hpp"
#include "networks/connect/by_source.hpp"
#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct ScaleFree {
  double alpha = 0, beta = 0;
  bool multapses = true;
  bool autapses = false;

  static constexpr const char* name = "scale_free";
  static constexpr const char* summary =
      "Out-degrees follow a power law: every source draws x uniformly from 1 to n - 1, n the number of sources, and "
      "then "
      "floor(`beta` x^-`alpha`) targets, each uniformly from all.";
  static constexpr const char* memory = "4 bytes per synapse, 8 per target";
  static constexpr const char* source = "PLOD: Palmer & Steffan, GLOBECOM (2000); `boost::plod_iterator`";
  static constexpr auto fields =
      rheo::fields(needed(field("alpha", &ScaleFree::alpha, "",
                                "how fast out-degrees fall; P(degree = d) falls as d^-(1 + 1 / alpha)", {1e-30, 100})),
                   needed(field("beta", &ScaleFree::beta, "", "the largest out-degree", {1e-30, 4294967295.0})),
                   field("multapses", &ScaleFree::multapses, "", "a pair may be connected several times"),
                   field("autapses", &ScaleFree::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 8;
  // The first versions forgot `multapses`: the text of its default stays as theirs, so that their states can be loaded.
  std::string identity() const {
    return first_identity(0, 0, true, true) +
           fmt::format(" alpha {} beta {} {}{}", alpha, beta, autapses, multapses ? "" : " multapses false");
  }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

// Boost.Graph's iterator for the same rule takes the C library's pow, whose last bit differs between machines.
class ScaleFreeConnector final : public BySource {
 public:
  ScaleFreeConnector(const ConnectorEnds& ends, RandomKey key, const ScaleFree& rule)
      : BySource(ends, key, rule.multapses, rule.autapses), alpha_(rule.alpha), beta_(rule.beta) {}
  // A sum over few x, an integral over the many beyond.
  double expected_synapses() const override {
    const double last = std::min<double>(ends_.sources - 1.0, 10'000);
    double sum = 0;
    for (double x = 1; x <= last; ++x) sum += std::floor(degree(x));
    if (const double n = ends_.sources - 1.0; n > last) {
      const double from = math::log(last + 0.5), to = math::log(n + 0.5), power = 1 - alpha_;
      sum += beta_ * (power == 0 ? to - from : (math::exp(power * to) - math::exp(power * from)) / power);
    }
    const double mean = sum / (ends_.sources - 1.0);
    return (multapses_ ? mean : std::min<double>(mean, ends_.targets)) * ends_.sources;
  }

 private:
  std::uint32_t outdegree(std::uint32_t source) const override {
    RandomStream stream(key_, source, 1);
    return static_cast<std::uint32_t>(degree(1.0 + stream.below(ends_.sources - 1)));
  }
  // The factor lets whole numbers such as 8 * 4^-0.5 not fall short of themselves.
  double degree(double x) const { return beta_ * math::exp(-alpha_ * math::log(x)) * (1 + 1e-12); }

  double alpha_, beta_;
};

inline void ScaleFree::check(const ConnectorEnds& ends) const {
  if (ends.sources < 2) reject("rule", name, "there is only one source", "at least 2 sources");
  if (ends.targets < (autapses || !ends.self ? 1u : 2u))
    reject("rule", name, "there is only one target", "at least 2 targets, or autapses = true");
}

inline std::unique_ptr<Connector> ScaleFree::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<ScaleFreeConnector>(ends, key, *this);
}

}  // namespace rheo
