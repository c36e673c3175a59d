#include "networks/connector.hpp"

#include <algorithm>
#include <string>

#include "core/errors.hpp"
#include "core/math.hpp"

namespace rheo {

namespace {

[[noreturn]] void refuse(std::string key, std::string value, std::string problem, std::string expected) {
  throw BuildError({.file = {},
                    .key = "connect." + std::move(key),
                    .value = std::move(value),
                    .problem = std::move(problem),
                    .expected = std::move(expected),
                    .suggestion = {}});
}

// Every target draws `indegree` sources, each uniform over all sources (or, without multapses, over those not drawn).
class FixedIndegree final : public Connector {
 public:
  FixedIndegree(ConnectorSizes sizes, RandomKey key, std::uint32_t indegree, bool multapses, bool autapses)
      : sizes_(sizes), key_(key), indegree_(indegree), multapses_(multapses), autapses_(autapses) {
    if (indegree == 0) return;
    // A target may be its own only source: without autapses every target needs one more.
    const std::uint32_t enough = (multapses ? 1 : indegree) + (autapses ? 0 : 1);
    if (sizes.sources < enough)
      refuse("indegree", std::to_string(indegree), "there are only " + std::to_string(sizes.sources) + " sources",
             "at least " + std::to_string(enough) + " sources, or multapses = true");
  }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    const std::size_t first = sources.size();
    if (!multapses_ && indegree_ > sizes_.sources / 2) {
      shuffled(stream, self, sources);
      return;
    }
    // A few synapses are looked through, many get a bit per source.
    std::vector<bool> seen(!multapses_ && indegree_ > 64 ? sizes_.sources : 0);
    const auto drawn = [&](std::uint32_t source) {
      if (multapses_) return false;
      if (!seen.empty()) return bool{seen[source]};
      return std::find(sources.begin() + static_cast<std::ptrdiff_t>(first), sources.end(), source) != sources.end();
    };
    for (std::uint32_t k = 0; k < indegree_; ++k) {
      std::uint32_t source = stream.below(sizes_.sources);
      while ((!autapses_ && source == self) || drawn(source)) source = stream.below(sizes_.sources);
      if (!seen.empty()) seen[source] = true;
      sources.push_back(source);
    }
  }
  double expected_synapses() const override { return double{1} * indegree_ * sizes_.targets; }

 private:
  // The first `indegree` of a random permutation (Fisher and Yates): for dense connections without multapses.
  void shuffled(RandomStream& stream, std::uint32_t self, std::vector<std::uint32_t>& sources) const {
    std::vector<std::uint32_t> all;
    all.reserve(sizes_.sources);
    for (std::uint32_t s = 0; s < sizes_.sources; ++s)
      if (autapses_ || s != self) all.push_back(s);
    for (std::uint32_t k = 0; k < indegree_; ++k) {
      std::swap(all[k], all[k + stream.below(static_cast<std::uint32_t>(all.size()) - k)]);
      sources.push_back(all[k]);
    }
  }

  ConnectorSizes sizes_;
  RandomKey key_;
  std::uint32_t indegree_;
  bool multapses_, autapses_;
};

// Every pair once with probability p; the gaps between synapses are geometric.
class Bernoulli final : public Connector {
 public:
  Bernoulli(ConnectorSizes sizes, RandomKey key, double p, bool autapses)
      : sizes_(sizes), key_(key), p_(p), log1m_p_(math::log1p(-p)), autapses_(autapses) {}
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    if (p_ == 0) return;
    RandomStream stream(key_, target);
    for (std::uint64_t source = 0;; ++source) {
      if (p_ < 1) {
        const std::uint64_t gap = stream.skip(log1m_p_);
        if (gap >= sizes_.sources) return;
        source += gap;
      }
      if (source >= sizes_.sources) return;
      if (autapses_ || source != self) sources.push_back(static_cast<std::uint32_t>(source));
    }
  }
  double expected_synapses() const override { return p_ * sizes_.sources * sizes_.targets; }

 private:
  ConnectorSizes sizes_;
  RandomKey key_;
  double p_, log1m_p_;
  bool autapses_;
};

class AllToAll final : public Connector {
 public:
  AllToAll(ConnectorSizes sizes, bool autapses) : sizes_(sizes), autapses_(autapses) {}
  void incoming(std::uint32_t, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    for (std::uint32_t source = 0; source < sizes_.sources; ++source)
      if (autapses_ || source != self) sources.push_back(source);
  }
  double expected_synapses() const override { return double{1} * sizes_.sources * sizes_.targets; }

 private:
  ConnectorSizes sizes_;
  bool autapses_;
};

class OneToOne final : public Connector {
 public:
  OneToOne(ConnectorSizes sizes, bool autapses) : sizes_(sizes), autapses_(autapses) {
    if (sizes.sources != sizes.targets)
      refuse("rule", "one_to_one",
             std::to_string(sizes.sources) + " sources but " + std::to_string(sizes.targets) + " targets",
             "equal numbers");
  }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    if (autapses_ || target != self) sources.push_back(target);
  }
  double expected_synapses() const override { return sizes_.targets; }

 private:
  ConnectorSizes sizes_;
  bool autapses_;
};

// The listed edges; those of one target keep the order of the list.
class List final : public Connector {
 public:
  List(ConnectorSizes sizes, std::shared_ptr<const EdgeList> list) : list_(std::move(list)), begin_(sizes.targets + 1) {
    if (!list_ || list_->source.size() != list_->target.size())
      refuse("source", {}, "sources and targets differ in number", "one source and one target per edge");
    const std::size_t n = list_->source.size();
    if (n >= nobody) refuse("source", std::to_string(n) + " edges", "too many in one list", "fewer than 2^32 - 1");
    for (std::size_t e = 0; e < n; ++e) {
      if (list_->source[e] >= sizes.sources)
        refuse("source[" + std::to_string(e) + "]", std::to_string(list_->source[e]), "no such source",
               "0 to " + std::to_string(sizes.sources) + " - 1");
      if (list_->target[e] >= sizes.targets)
        refuse("target[" + std::to_string(e) + "]", std::to_string(list_->target[e]), "no such target",
               "0 to " + std::to_string(sizes.targets) + " - 1");
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

std::unique_ptr<Connector> make_connector(const Connect& c, ConnectorSizes sizes, RandomKey key) {
  const bool autapses = c.autapses.value_or(true);
  if (c.rule != Connect::Rule::fixed_indegree && c.multapses.value_or(false) && c.rule != Connect::Rule::list)
    refuse("multapses", "true", "this rule makes at most one synapse per pair", "fixed_indegree or list for multapses");
  switch (c.rule) {
    case Connect::Rule::fixed_indegree:
      return std::make_unique<FixedIndegree>(sizes, key, c.indegree, c.multapses.value_or(true), autapses);
    case Connect::Rule::bernoulli:
      if (!(c.p >= 0 && c.p <= 1)) refuse("p", std::to_string(c.p), "not a probability", "a number from 0 to 1");
      return std::make_unique<Bernoulli>(sizes, key, c.p, autapses);
    case Connect::Rule::all_to_all:
      return std::make_unique<AllToAll>(sizes, autapses);
    case Connect::Rule::one_to_one:
      return std::make_unique<OneToOne>(sizes, autapses);
    case Connect::Rule::list:
      return std::make_unique<List>(sizes, c.edges);
  }
  return nullptr;
}

}  // namespace rheo
