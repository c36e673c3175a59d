// Groups of equal size on either side.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/math.hpp"
#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct Modular {
  std::optional<std::uint32_t> groups = {};
  std::optional<double> p_in = {}, p_out = {};
  std::shared_ptr<const NumberTable> p = {};  // instead of these: [source group][target group]
  bool autapses = true;

  static constexpr const char* name = "modular";
  static constexpr const char* summary =
      "Sources and targets are cut into groups of equal size; every pair is connected with the probability of its two "
      "groups.";
  static constexpr const char* memory = "nothing but the probabilities";
  static constexpr const char* source =
      "the stochastic block model: Holland, Laskey & Leinhardt, Soc. Networks 5 (1983)";
  static constexpr auto fields = rheo::fields(
      in_words(field("groups", &Modular::groups, "", "number of groups on either side", {1, 4294967295.0}),
               "needed with `p_in`", "1 to the number of sources and of targets"),
      in_words(field("p_in", &Modular::p_in, "", "probability of a pair in groups of the same number", {0, 1}),
               "needed, or `p`", {}),
      in_words(field("p_out", &Modular::p_out, "", "probability of a pair in groups of different numbers", {0, 1}),
               "needed with `p_in`", {}),
      in_words(field("p", &Modular::p, "",
                     "all probabilities instead: a row for each group of sources, in it one for each group of targets",
                     {0, 1}),
               "needed, or `p_in`", "a list of lists of numbers from 0 to 1, or a file"),
      field("autapses", &Modular::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 9;
  std::string identity() const {
    return first_identity(0, 0, true, autapses) +
           fmt::format(" groups {} {} p {} {}", p ? p->rows : groups.value_or(0), p ? p->columns : groups.value_or(0),
                       p_in.value_or(0), p_out.value_or(0)) +
           (p ? list_identity("p", p->values) : "");
  }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

class ModularConnector final : public Connector {
 public:
  ModularConnector(const ConnectorEnds& ends, RandomKey key, const Modular& rule)
      : ends_(ends),
        key_(key),
        groups_(rule.p ? rule.p->rows : *rule.groups),
        target_groups_(rule.p ? rule.p->columns : *rule.groups),
        table_(rule.p),
        p_in_(rule.p_in.value_or(0)),
        p_out_(rule.p_out.value_or(0)),
        autapses_(rule.autapses) {
    if (table_)
      for (const double p : table_->values) log1m_p_.push_back(math::log1p(-p));
  }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    const std::size_t first = sources.size();
    const std::uint32_t group = group_of(target, ends_.targets, target_groups_);
    if (table_) {
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
    if (!table_) return pairs * (p_in_ + (groups_ - 1) * p_out_) / groups_;
    double sum = 0;
    for (const double p : table_->values) sum += p;
    return pairs * sum / static_cast<double>(table_->values.size());
  }

 private:
  // The first source of a group.
  std::uint32_t begin(std::uint32_t group) const {
    return static_cast<std::uint32_t>((std::uint64_t{group} * ends_.sources + groups_ - 1) / groups_);
  }

  ConnectorEnds ends_;
  RandomKey key_;
  std::uint32_t groups_, target_groups_;  // of sources, of targets
  std::shared_ptr<const NumberTable> table_;
  std::vector<double> log1m_p_;  // log(1 - p) of the table
  double p_in_, p_out_;
  bool autapses_;
};

inline void Modular::check(const ConnectorEnds& ends) const {
  if (p) {
    const auto exclude = [](const char* key, const auto& given) {
      if (given) reject(key, fmt::format("{}", *given), "excludes p", "either p or groups, p_in and p_out");
    };
    exclude("groups", groups);
    exclude("p_in", p_in);
    exclude("p_out", p_out);
    check_table("p", p);
    check_groups("p", p->rows, ends.sources, "sources");
    check_groups("p", p->columns, ends.targets, "targets");
    return;
  }
  if (!groups) reject("groups", {}, "is missing", "a whole number");
  if (!p_in) reject("p_in", {}, "is missing", "a number from 0 to 1");
  if (!p_out) reject("p_out", {}, "is missing", "a number from 0 to 1");
  check_groups("groups", *groups, ends.sources, "sources");
  check_groups("groups", *groups, ends.targets, "targets");
}

inline std::unique_ptr<Connector> Modular::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<ModularConnector>(ends, key, *this);
}

}  // namespace rheo
