// Every pair with one probability.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/math.hpp"
#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct Bernoulli {
  double p = 0;
  OnlyFalse multapses = {};
  bool autapses = true;

  static constexpr const char* name = "bernoulli";
  static constexpr const char* summary =
      "Every pair is connected with probability `p`, independently: the random graph G(n, p) of Erdos and Renyi.";
  static constexpr const char* memory = "nothing";
  static constexpr const char* source = "Gilbert, Ann. Math. Statist. 30 (1959)";
  static constexpr auto fields =
      rheo::fields(needed(field("p", &Bernoulli::p, "", "probability of each pair", {0, 1})),
                   field("multapses", &Bernoulli::multapses, "", "can only be false: a pair is connected at most once"),
                   field("autapses", &Bernoulli::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 1;
  std::string identity() const { return first_identity(0, p, true, autapses); }
  void check(const ConnectorEnds&) const {}
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

// Every pair once with probability p.
class BernoulliConnector final : public Connector {
 public:
  BernoulliConnector(const ConnectorEnds& ends, RandomKey key, double p, bool autapses)
      : sources_(ends.sources),
        targets_(ends.targets),
        key_(key),
        p_(p),
        log1m_p_(math::log1p(-p)),
        autapses_(autapses) {}
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    const std::size_t first = sources.size();
    draw_bernoulli(stream, 0, sources_, log1m_p_, sources);
    if (!autapses_)
      sources.erase(std::remove(sources.begin() + static_cast<std::ptrdiff_t>(first), sources.end(), self),
                    sources.end());
  }
  double expected_synapses() const override { return p_ * sources_ * targets_; }

 private:
  std::uint32_t sources_, targets_;
  RandomKey key_;
  double p_, log1m_p_;
  bool autapses_;
};

inline std::unique_ptr<Connector> Bernoulli::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<BernoulliConnector>(ends, key, p, autapses);
}

}  // namespace rheo
