// As many synapses in all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct FixedTotal {
  std::uint64_t total = 0;
  bool multapses = true;
  bool autapses = true;

  static constexpr const char* name = "fixed_total";
  static constexpr const char* summary =
      "`total` synapses in all, each a pair drawn uniformly from all pairs; without multapses the random graph G(n, M) "
      "of "
      "Erdos and Renyi.";
  static constexpr const char* memory = "4 bytes per target";
  static constexpr const char* source = "Erdos & Renyi, Publ. Math. Debrecen 6 (1959)";
  static constexpr auto fields =
      rheo::fields(needed(field("total", &FixedTotal::total, "", "number of synapses")),
                   field("multapses", &FixedTotal::multapses, "", "a pair may be connected several times"),
                   field("autapses", &FixedTotal::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 6;
  // The number of synapses stands in the fingerprint beside it.
  std::string identity() const { return first_identity(0, 0, multapses, autapses); }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

// Pairs that may be connected.
inline std::uint64_t pairs_of(const ConnectorEnds& ends, bool autapses) {
  std::uint64_t pairs = std::uint64_t{ends.sources} * ends.targets;
  if (!autapses && ends.self)
    for (std::uint32_t target = 0; target < ends.targets; ++target) pairs -= ends.self(target) != Connector::nobody;
  return pairs;
}

// N pairs, drawn one after the other, give every target a share of a multinomial distribution (without multapses: of a
// multivariate hypergeometric one) and to each share uniform sources. So only the shares are drawn for all at once.
class FixedTotalConnector final : public Connector {
 public:
  FixedTotalConnector(const ConnectorEnds& ends, RandomKey key, const FixedTotal& rule)
      : ends_(ends),
        key_(key),
        total_(rule.total),
        pairs_(pairs_of(ends, rule.autapses)),
        multapses_(rule.multapses),
        autapses_(rule.autapses || !ends.self) {}

  void prepare() override {
    indegree_.resize(ends_.targets);
    std::uint64_t synapses = total_, pairs = pairs_;
    for (std::uint32_t target = 0; target < ends_.targets; ++target) {
      const std::uint64_t own = ends_.sources - (is_itself_a_source(target) ? 1 : 0);
      RandomStream stream(key_, target, 1);
      const std::uint64_t share =
          multapses_ ? binomial(stream, synapses, own, pairs) : stream.hypergeometric(own, pairs - own, synapses);
      if (share > std::numeric_limits<std::uint32_t>::max())
        reject("connect.total", std::to_string(total_), fmt::format("{} synapses onto one target", share),
               "fewer than 2^32 onto each");
      indegree_[target] = static_cast<std::uint32_t>(share);
      synapses -= share;
      pairs -= own;
    }
  }
  double prepared_bytes() const override { return 4.0 * ends_.targets; }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    draw_partners(stream, ends_.sources, indegree_[target], multapses_, autapses_ ? nobody : self, sources);
  }
  double expected_synapses() const override { return static_cast<double>(total_); }

 private:
  // Whether the target is one of its own sources and must not be.
  bool is_itself_a_source(std::uint32_t target) const { return !autapses_ && ends_.self(target) != nobody; }

  // Successes of n trials with probability own / all, in portions that the sampler takes.
  static std::uint64_t binomial(RandomStream& stream, std::uint64_t n, std::uint64_t own, std::uint64_t all) {
    if (own == all) return n;
    const double p = static_cast<double>(own) / static_cast<double>(all);
    std::uint64_t sum = 0;
    while (n > 0) {
      const auto portion = static_cast<std::uint32_t>(std::min<std::uint64_t>(n, 1u << 31));
      sum += stream.binomial(portion, p);
      n -= portion;
    }
    return sum;
  }

  ConnectorEnds ends_;
  RandomKey key_;
  std::uint64_t total_, pairs_;
  bool multapses_, autapses_;
  std::vector<std::uint32_t> indegree_;  // [target]
};

inline void FixedTotal::check(const ConnectorEnds& ends) const {
  const std::uint64_t pairs = pairs_of(ends, autapses);
  if (total == 0 || (multapses && pairs != 0) || total <= pairs) return;
  const char* const help = pairs != 0 ? ", or multapses = true" : autapses || !ends.self ? "" : ", or autapses = true";
  reject("total", std::to_string(total), "there are only " + std::to_string(pairs) + " pairs",
         (multapses ? "at least one pair" : "at most " + std::to_string(pairs)) + help);
}

inline std::unique_ptr<Connector> FixedTotal::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<FixedTotalConnector>(ends, key, *this);
}

}  // namespace rheo
