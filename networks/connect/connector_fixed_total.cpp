#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "networks/connect/connectors.hpp"

namespace rheo {

namespace {

// N pairs, drawn one after the other, give every target a share of a multinomial distribution (without multapses: of a
// multivariate hypergeometric one) and to each share uniform sources. So only the shares are drawn for all at once.
class FixedTotal final : public Connector {
 public:
  FixedTotal(const Connect& c, const ConnectorEnds& ends, RandomKey key)
      : ends_(ends),
        key_(key),
        total_(c.total),
        multapses_(c.multapses.value_or(true)),
        autapses_(c.autapses.value_or(true) || !ends.self) {
    pairs_ = std::uint64_t{ends.sources} * ends.targets;
    if (!autapses_)
      for (std::uint32_t target = 0; target < ends.targets; ++target) pairs_ -= ends.self(target) != nobody;
    if (total_ == 0 || (multapses_ && pairs_ != 0) || total_ <= pairs_) return;
    const char* const help = pairs_ != 0 ? ", or multapses = true" : autapses_ ? "" : ", or autapses = true";
    reject_connect("total", std::to_string(total_), fmt::format("there are only {} pairs", pairs_),
                   (multapses_ ? "at least one pair" : fmt::format("at most {}", pairs_)) + help);
  }

  void prepare() override {
    indegree_.resize(ends_.targets);
    std::uint64_t synapses = total_, pairs = pairs_;
    for (std::uint32_t target = 0; target < ends_.targets; ++target) {
      const std::uint64_t own = ends_.sources - (is_itself_a_source(target) ? 1 : 0);
      RandomStream stream(key_, target, 1);
      const std::uint64_t share =
          multapses_ ? binomial(stream, synapses, own, pairs) : stream.hypergeometric(own, pairs - own, synapses);
      if (share > std::numeric_limits<std::uint32_t>::max())
        reject_connect("total", std::to_string(total_), fmt::format("{} synapses onto one target", share),
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
  std::uint64_t total_, pairs_ = 0;
  bool multapses_, autapses_;
  std::vector<std::uint32_t> indegree_;  // [target]
};

}  // namespace

std::unique_ptr<Connector> make_fixed_total(const Connect& connect, const ConnectorEnds& ends, RandomKey key) {
  return std::make_unique<FixedTotal>(connect, ends, key);
}

}  // namespace rheo
