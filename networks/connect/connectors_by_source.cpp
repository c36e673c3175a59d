// Rules in which the sources choose. A lane asks for the sources of its targets, so the choices are drawn once and
// stored by target: 4 bytes per synapse and 8 per target, until the projection is built.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/math.hpp"
#include "networks/connect/connectors.hpp"

namespace rheo {

namespace {

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

class FixedOutdegree final : public BySource {
 public:
  FixedOutdegree(const Connect& c, const ConnectorEnds& ends, RandomKey key)
      : BySource(ends, key, c.multapses.value_or(true), c.autapses.value_or(true)), outdegree_(c.outdegree) {
    check_partners("outdegree", outdegree_, ends.targets, "targets", multapses_, autapses_);
  }
  double expected_synapses() const override { return double{1} * outdegree_ * ends_.sources; }

 private:
  std::uint32_t outdegree(std::uint32_t) const override { return outdegree_; }
  std::uint32_t outdegree_;
};

// Boost.Graph's iterator for the same rule takes the C library's pow, whose last bit differs between machines.
class ScaleFree final : public BySource {
 public:
  ScaleFree(const Connect& c, const ConnectorEnds& ends, RandomKey key)
      : BySource(ends, key, c.multapses.value_or(true), c.autapses.value_or(false)), alpha_(c.alpha), beta_(c.beta) {
    if (!(alpha_ > 0 && alpha_ <= 100))
      reject_connect("alpha", fmt::format("{}", alpha_), "out of range", "a number > 0 and <= 100");
    if (!(beta_ > 0 && beta_ <= 4294967295.0))
      reject_connect("beta", fmt::format("{}", beta_), "out of range", "a number > 0 and <= 4294967295");
    if (ends.sources < 2) reject_connect("rule", "scale_free", "there is only one source", "at least 2 sources");
    if (ends.targets < (autapses_ ? 1u : 2u))
      reject_connect("rule", "scale_free", "there is only one target", "at least 2 targets, or autapses = true");
  }
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

}  // namespace

std::unique_ptr<Connector> make_fixed_outdegree(const Connect& connect, const ConnectorEnds& ends, RandomKey key) {
  return std::make_unique<FixedOutdegree>(connect, ends, key);
}

std::unique_ptr<Connector> make_scale_free(const Connect& connect, const ConnectorEnds& ends, RandomKey key) {
  return std::make_unique<ScaleFree>(connect, ends, key);
}

}  // namespace rheo
