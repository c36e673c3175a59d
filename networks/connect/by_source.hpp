// Rules in which the sources choose. A lane asks for the sources of its targets, so the choices are drawn once and
// stored by target: 4 bytes per synapse and 8 per target, until the projection is built.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

class BySource : public Connector {
 public:
  BySource(const ConnectorEnds& ends, RandomKey key, bool multapses, bool autapses)
      : ends_(ends), key_(key), multapses_(multapses), autapses_(autapses || !ends.self) {}

  void prepare() override {
    std::vector<std::uint32_t> own;  // the target that is the source itself
    if (!autapses_) {
      own.assign(ends_.sources, nobody);
      for (std::uint32_t target = 0; target < ends_.targets; ++target)
        if (const std::uint32_t source = ends_.self(target); source != nobody) own[source] = target;
    }
    std::vector<std::uint32_t> drawn;
    const auto for_each_synapse = [&](const auto& use) {
      for (std::uint32_t source = 0; source < ends_.sources; ++source) {
        RandomStream stream(key_, source);
        drawn.clear();
        const std::uint32_t self = autapses_ ? nobody : own[source];
        const std::uint32_t possible = ends_.targets - (self == nobody ? 0 : 1);
        const std::uint32_t count =
            multapses_ && possible != 0 ? outdegree(source) : std::min(possible, outdegree(source));
        draw_partners(stream, ends_.targets, count, multapses_, self, drawn);
        for (const std::uint32_t target : drawn) use(source, target);
      }
    };
    begin_.assign(std::size_t{ends_.targets} + 2, 0);
    for_each_synapse([&](std::uint32_t, std::uint32_t target) { ++begin_[target + std::size_t{2}]; });
    for (std::size_t i = 2; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    source_.resize(begin_.back());
    // While it is filled, begin_[t + 1] is where the next source of t goes, and in the end where t + 1 begins.
    for_each_synapse(
        [&](std::uint32_t source, std::uint32_t target) { source_[begin_[target + std::size_t{1}]++] = source; });
  }
  double prepared_bytes() const override { return 4 * expected_synapses() + 8.0 * ends_.targets; }
  void incoming(std::uint32_t target, std::uint32_t, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    const auto at = [&](std::size_t i) { return source_.begin() + static_cast<std::ptrdiff_t>(begin_[i]); };
    sources.insert(sources.end(), at(target), at(std::size_t{target} + 1));
  }

 protected:
  virtual std::uint32_t outdegree(std::uint32_t source) const = 0;

  ConnectorEnds ends_;
  RandomKey key_;
  bool multapses_, autapses_;

 private:
  std::vector<std::uint64_t> begin_;   // [targets + 2] into source_; the last is scratch
  std::vector<std::uint32_t> source_;  // by (target, source)
};

}  // namespace rheo
