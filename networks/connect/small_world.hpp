// A ring with shortcuts, which every target can work out for itself.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct SmallWorld {
  std::uint32_t k = 0;  // an even number
  double p = 0;

  static constexpr const char* name = "small_world";
  static constexpr const char* summary =
      "A ring on which every target has its `k` nearest neighbours as sources, k / 2 on either side; each synapse is "
      "rewired with probability `p` to a source drawn uniformly from all that are not yet connected to the target.";
  static constexpr const char* memory = "nothing";
  static constexpr const char* source = "Watts & Strogatz, Nature 393 (1998)";
  static constexpr auto fields =
      rheo::fields(needed(in_words(field("k", &SmallWorld::k, "", "sources of each target", whole_numbers), {},
                                   "even numbers from 2 to the number of sources - 1")),
                   needed(field("p", &SmallWorld::p, "", "probability of rewiring", {0, 1})));
  static constexpr int first_number = 7;
  std::string identity() const { return first_identity(0, p, true, true) + fmt::format(" k {}", k); }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

class SmallWorldConnector final : public Connector {
 public:
  SmallWorldConnector(const ConnectorEnds& ends, RandomKey key, const SmallWorld& rule)
      : n_(ends.sources), key_(key), k_(rule.k), p_(rule.p) {}
  void incoming(std::uint32_t target, std::uint32_t, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    const std::size_t first = sources.size();
    for (std::uint32_t i = 0; i <= k_; ++i) {  // from k / 2 before the target to k / 2 behind
      if (i == k_ / 2) continue;
      if (stream.uniform() < p_) continue;
      const std::uint64_t place = std::uint64_t{target} + n_ - k_ / 2 + i;
      sources.push_back(static_cast<std::uint32_t>(place % n_));
    }
    const auto kept = static_cast<std::uint32_t>(sources.size() - first);
    draw_partners(stream, n_, k_ - kept, false, target, sources, kept);
  }
  double expected_synapses() const override { return double{1} * n_ * k_; }

 private:
  std::uint32_t n_;
  RandomKey key_;
  std::uint32_t k_;
  double p_;
};

inline void SmallWorld::check(const ConnectorEnds& ends) const {
  check_equal(name, ends);
  if (k == 0 || k % 2 != 0 || k >= ends.sources)
    reject("k", std::to_string(k), "is no number of neighbours on a ring of " + std::to_string(ends.sources),
           "an even number from 2 to " + std::to_string((ends.sources - 1) / 2 * 2));
}

inline std::unique_ptr<Connector> SmallWorld::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<SmallWorldConnector>(ends, key, *this);
}

}  // namespace rheo
