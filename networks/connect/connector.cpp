#include "networks/connect/connector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/diagnostics.hpp"
#include "core/math.hpp"
#include "networks/connect/connect_rules.hpp"
#include "networks/connect/connectors.hpp"

namespace rheo {

namespace {

// Every target draws `indegree` sources, each uniform over all sources (or, without multapses, over those not drawn).
class FixedIndegree final : public Connector {
 public:
  FixedIndegree(const ConnectorEnds& ends, RandomKey key, std::uint32_t indegree, bool multapses, bool autapses)
      : sources_(ends.sources),
        targets_(ends.targets),
        key_(key),
        indegree_(indegree),
        multapses_(multapses),
        autapses_(autapses) {
    check_partners("indegree", indegree, sources_, "sources", multapses, autapses);
  }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    draw_partners(stream, sources_, indegree_, multapses_, autapses_ ? nobody : self, sources);
  }
  double expected_synapses() const override { return double{1} * indegree_ * targets_; }

 private:
  std::uint32_t sources_, targets_;
  RandomKey key_;
  std::uint32_t indegree_;
  bool multapses_, autapses_;
};

// Every pair once with probability p.
class Bernoulli final : public Connector {
 public:
  Bernoulli(const ConnectorEnds& ends, RandomKey key, double p, bool autapses)
      : sources_(ends.sources),
        targets_(ends.targets),
        key_(key),
        p_(p),
        log1m_p_(math::log1p(-p)),
        autapses_(autapses) {
    check_probability("p", p);
  }
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

class AllToAll final : public Connector {
 public:
  AllToAll(const ConnectorEnds& ends, bool autapses)
      : sources_(ends.sources), targets_(ends.targets), autapses_(autapses) {}
  void incoming(std::uint32_t, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    for (std::uint32_t source = 0; source < sources_; ++source)
      if (autapses_ || source != self) sources.push_back(source);
  }
  double expected_synapses() const override { return double{1} * sources_ * targets_; }

 private:
  std::uint32_t sources_, targets_;
  bool autapses_;
};

class OneToOne final : public Connector {
 public:
  OneToOne(const ConnectorEnds& ends, bool autapses) : targets_(ends.targets), autapses_(autapses) {
    if (ends.sources != ends.targets)
      reject_connect("rule", "one_to_one",
                     std::to_string(ends.sources) + " sources but " + std::to_string(ends.targets) + " targets",
                     "equal numbers");
  }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    if (autapses_ || target != self) sources.push_back(target);
  }
  double expected_synapses() const override { return targets_; }

 private:
  std::uint32_t targets_;
  bool autapses_;
};

// The listed edges; those of one target keep the order of the list.
class List final : public Connector {
 public:
  List(const ConnectorEnds& ends, std::shared_ptr<const EdgeList> list)
      : list_(std::move(list)), begin_(std::size_t{ends.targets} + 1) {
    if (!list_ || list_->source.size() != list_->target.size())
      reject_connect("source", {}, "sources and targets differ in number", "one source and one target per edge");
    const std::size_t n = list_->source.size();
    if (n >= nobody)
      reject_connect("source", std::to_string(n) + " edges", "too many in one list", "fewer than 2^32 - 1");
    for (std::size_t e = 0; e < n; ++e) {
      if (list_->source[e] >= ends.sources)
        reject_connect("source[" + std::to_string(e) + "]", std::to_string(list_->source[e]), "no such source",
                       "0 to " + std::to_string(ends.sources) + " - 1");
      if (list_->target[e] >= ends.targets)
        reject_connect("target[" + std::to_string(e) + "]", std::to_string(list_->target[e]), "no such target",
                       "0 to " + std::to_string(ends.targets) + " - 1");
      ++begin_[list_->target[e] + 1];
    }
    for (std::size_t t = 1; t < begin_.size(); ++t) begin_[t] += begin_[t - 1];
    by_target_.resize(n);
    std::vector<std::uint32_t> cursor(begin_.begin(), begin_.end() - 1);
    for (std::size_t e = 0; e < n; ++e) by_target_[cursor[list_->target[e]]++] = static_cast<std::uint32_t>(e);
  }
  void incoming(std::uint32_t target, std::uint32_t, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>& edges) const override {
    for (std::uint32_t i = begin_[target]; i < begin_[target + 1]; ++i) {
      sources.push_back(list_->source[by_target_[i]]);
      edges.push_back(by_target_[i]);
    }
  }
  double expected_synapses() const override { return static_cast<double>(by_target_.size()); }

 private:
  std::shared_ptr<const EdgeList> list_;
  std::vector<std::uint32_t> begin_;      // [targets + 1] into by_target_
  std::vector<std::uint32_t> by_target_;  // edges by (target, place in the list)
};

}  // namespace

void reject_connect(const std::string& key, std::string value, std::string problem, std::string expected) {
  throw BuildError({.key = "connect." + key,
                    .value = std::move(value),
                    .problem = std::move(problem),
                    .expected = std::move(expected)});
}

void check_probability(const std::string& key, double p) {
  if (!(p >= 0 && p <= 1)) reject_connect(key, fmt::format("{}", p), "not a probability", "a number from 0 to 1");
}

void check_partners(const std::string& key, std::uint32_t count, std::uint32_t all, const char* partners,
                    bool multapses, bool autapses) {
  if (count == 0) return;
  // A neuron may be its own only partner: without autapses everyone needs one more.
  const std::uint64_t distinct = multapses ? 1 : count;
  const std::uint64_t enough = distinct + (autapses ? 0 : 1);
  if (all >= enough) return;
  std::string expected = fmt::format("at least {} {}", enough, partners);
  if (!multapses && all >= (autapses ? 1u : 2u))
    expected += ", or multapses = true";
  else if (!autapses && all >= distinct)
    expected += ", or autapses = true";
  reject_connect(key, std::to_string(count), fmt::format("there are only {} {}", all, partners), expected);
}

void draw_partners(RandomStream& stream, std::uint32_t all, std::uint32_t count, bool multapses, std::uint32_t excluded,
                   std::vector<std::uint32_t>& to, std::uint32_t already) {
  if (!multapses && already == 0 && count > all / 2) {
    // The first of a random permutation (Fisher and Yates): for dense connections.
    std::vector<std::uint32_t> rest;
    rest.reserve(all);
    for (std::uint32_t i = 0; i < all; ++i)
      if (i != excluded) rest.push_back(i);
    for (std::uint32_t k = 0; k < count; ++k) {
      std::swap(rest[k], rest[k + stream.below(static_cast<std::uint32_t>(rest.size()) - k)]);
      to.push_back(rest[k]);
    }
    return;
  }
  // A few are looked through, many get a bit each.
  const std::size_t first = to.size() - already;
  std::vector<bool> seen(!multapses && std::uint64_t{count} + already > 64 ? all : 0);
  if (!seen.empty())
    for (std::size_t i = first; i < to.size(); ++i) seen[to[i]] = true;
  const auto drawn = [&](std::uint32_t partner) {
    if (multapses) return false;
    if (!seen.empty()) return bool{seen[partner]};
    return std::find(to.begin() + static_cast<std::ptrdiff_t>(first), to.end(), partner) != to.end();
  };
  for (std::uint32_t k = 0; k < count; ++k) {
    std::uint32_t partner = stream.below(all);
    while (partner == excluded || drawn(partner)) partner = stream.below(all);
    if (!seen.empty()) seen[partner] = true;
    to.push_back(partner);
  }
}

void draw_bernoulli(RandomStream& stream, std::uint32_t begin, std::uint32_t end, double log1m_p,
                    std::vector<std::uint32_t>& to) {
  if (log1m_p == 0) return;
  const bool certain = log1m_p == -math::detail::infinity;
  for (std::uint64_t next = begin;; ++next) {
    if (!certain) {
      const std::uint64_t gap = stream.skip(log1m_p);
      if (gap >= end) return;
      next += gap;
    }
    if (next >= end) return;
    to.push_back(static_cast<std::uint32_t>(next));
  }
}

std::unique_ptr<Connector> make_connector(const Connect& c, const ConnectorEnds& ends, RandomKey key) {
  const bool autapses = c.autapses.value_or(true);
  if (c.multapses.value_or(false) && !find_connect_rule(c.rule).can_make_multapses)
    reject_connect("multapses", "true", "this rule makes at most one synapse per pair",
                   "fixed_indegree or list for multapses");
  switch (c.rule) {
    case Connect::Rule::fixed_indegree:
      return std::make_unique<FixedIndegree>(ends, key, c.indegree, c.multapses.value_or(true), autapses);
    case Connect::Rule::bernoulli:
      return std::make_unique<Bernoulli>(ends, key, c.p, autapses);
    case Connect::Rule::all_to_all:
      return std::make_unique<AllToAll>(ends, autapses);
    case Connect::Rule::one_to_one:
      return std::make_unique<OneToOne>(ends, autapses);
    case Connect::Rule::list:
      return std::make_unique<List>(ends, c.edges);
    case Connect::Rule::fixed_outdegree:
      return make_fixed_outdegree(c, ends, key);
    case Connect::Rule::fixed_total:
      return make_fixed_total(c, ends, key);
    case Connect::Rule::small_world:
      return make_small_world(c, ends, key);
    case Connect::Rule::scale_free:
      return make_scale_free(c, ends, key);
    case Connect::Rule::modular:
      return make_modular(c, ends, key);
    case Connect::Rule::distance:
      return make_distance(c, ends, key);
  }
  return nullptr;
}

}  // namespace rheo
