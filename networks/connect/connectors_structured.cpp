// Rules with a structure that every target can work out for itself: the ring of small_world, the groups of modular.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/math.hpp"
#include "networks/connect/connectors.hpp"

namespace rheo {

namespace {

class SmallWorld final : public Connector {
 public:
  SmallWorld(const Connect& c, const ConnectorEnds& ends, RandomKey key)
      : n_(ends.sources), key_(key), k_(c.k), p_(c.p) {
    if (ends.sources != ends.targets)
      reject_connect("rule", "small_world", fmt::format("{} sources but {} targets", ends.sources, ends.targets),
                     "equal numbers");
    if (k_ == 0 || k_ % 2 != 0 || k_ >= n_)
      reject_connect("k", std::to_string(k_), fmt::format("is no number of neighbours on a ring of {}", n_),
                     fmt::format("an even number from 2 to {}", (n_ - 1) / 2 * 2));
    check_probability("p", p_);
  }
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

class Modular final : public Connector {
 public:
  Modular(const Connect& c, const ConnectorEnds& ends, RandomKey key)
      : ends_(ends),
        key_(key),
        groups_(c.source_groups),
        target_groups_(c.target_groups),
        matrix_(c.matrix),
        autapses_(c.autapses.value_or(true)) {
    check_groups(groups_, ends.sources, "sources");
    check_groups(target_groups_, ends.targets, "targets");
    if (matrix_) {
      if (matrix_->size() != std::size_t{groups_} * target_groups_)
        reject_connect("p", fmt::format("{} probabilities", matrix_->size()), "wrong number",
                       fmt::format("{} x {}", groups_, target_groups_));
      for (const double p : *matrix_) {
        check_probability("p", p);
        log1m_p_.push_back(math::log1p(-p));
      }
      return;
    }
    if (groups_ != target_groups_)
      reject_connect("groups", std::to_string(groups_), "differs between sources and targets", "p for each two groups");
    check_probability("p_in", c.p_in);
    check_probability("p_out", c.p_out);
    p_in_ = c.p_in;
    p_out_ = c.p_out;
  }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    const std::size_t first = sources.size();
    const auto group = static_cast<std::uint32_t>(std::uint64_t{target} * target_groups_ / ends_.targets);
    if (matrix_) {
      for (std::uint32_t g = 0; g < groups_; ++g)
        draw_bernoulli(stream, begin(g), begin(g + 1), log1m_p_[std::size_t{g} * target_groups_ + group], sources);
    } else {
      draw_bernoulli(stream, 0, begin(group), math::log1p(-p_out_), sources);
      draw_bernoulli(stream, begin(group), begin(group + 1), math::log1p(-p_in_), sources);
      draw_bernoulli(stream, begin(group + 1), ends_.sources, math::log1p(-p_out_), sources);
    }
    if (!autapses_)
      sources.erase(std::remove(sources.begin() + static_cast<std::ptrdiff_t>(first), sources.end(), self),
                    sources.end());
  }
  double expected_synapses() const override {
    const double pairs = double{1} * ends_.sources * ends_.targets;
    if (!matrix_) return pairs * (p_in_ + (groups_ - 1) * p_out_) / groups_;
    double sum = 0;
    for (const double p : *matrix_) sum += p;
    return pairs * sum / static_cast<double>(matrix_->size());
  }

 private:
  static void check_groups(std::uint32_t groups, std::uint32_t neurons, const char* what) {
    if (groups == 0 || groups > neurons)
      reject_connect("groups", std::to_string(groups), fmt::format("there are {} {}", neurons, what),
                     fmt::format("from 1 to {} groups", neurons));
  }
  // The first source of a group: source i is in group floor(i * groups / sources).
  std::uint32_t begin(std::uint32_t group) const {
    return static_cast<std::uint32_t>((std::uint64_t{group} * ends_.sources + groups_ - 1) / groups_);
  }

  ConnectorEnds ends_;
  RandomKey key_;
  std::uint32_t groups_, target_groups_;  // of sources, of targets
  std::shared_ptr<const std::vector<double>> matrix_;
  std::vector<double> log1m_p_;  // log(1 - p) of the matrix
  double p_in_ = 0, p_out_ = 0;
  bool autapses_;
};

}  // namespace

std::unique_ptr<Connector> make_small_world(const Connect& connect, const ConnectorEnds& ends, RandomKey key) {
  return std::make_unique<SmallWorld>(connect, ends, key);
}

std::unique_ptr<Connector> make_modular(const Connect& connect, const ConnectorEnds& ends, RandomKey key) {
  return std::make_unique<Modular>(connect, ends, key);
}

}  // namespace rheo
