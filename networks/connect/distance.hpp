// A probability that falls with distance.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "core/math.hpp"
#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"
#include "networks/pairs/distance_kernel.hpp"

namespace rheo {

struct Distance {
  DistanceKernel kernel = DistanceKernel::exponential;
  double p = 0;
  double scale = 0;                         // in the unit of the positions
  std::optional<double> max_distance = {};  // no synapse beyond
  bool autapses = true;

  static constexpr const char* name = "distance";
  static constexpr const char* summary =
      "A pair at distance d is connected with a probability that falls with d. Both sides need `positions`.";
  static constexpr const char* memory = "28 bytes per source";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(needed(field("kernel", &Distance::kernel, "",
                                "exponential: p exp(-d / scale); gaussian: p exp(-d^2 / (2 scale^2)); linear: p (1 - d "
                                "/ scale) up to scale; box: p up to scale")),
                   needed(field("p", &Distance::p, "", "probability at distance 0", {0, 1})),
                   needed(in_words(field("scale", &Distance::scale, "", "length of the kernel", positive), {},
                                   "> 0, in the unit of the positions")),
                   in_words(field("max_distance", &Distance::max_distance, "", "no synapse beyond", positive), {},
                            "> 0, in the unit of the positions"),
                   field("autapses", &Distance::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 10;
  std::string identity() const {
    return first_identity(0, p, true, autapses) +
           fmt::format(" kernel {} scale {} max {}", static_cast<int>(kernel), scale, max_distance.value_or(0));
  }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

// Every pair once with a probability of its distance. The sources are sorted into a grid of cells; in each cell the
// nearest possible distance gives a probability that no source exceeds, candidates are drawn with it by geometric gaps,
// and each is kept with the rest of its own probability. So a target costs its synapses and the cells, not the sources.
class DistanceConnector final : public Connector {
 public:
  DistanceConnector(const ConnectorEnds& ends, RandomKey key, const Distance& rule)
      : ends_(ends),
        key_(key),
        kernel_(rule.kernel),
        p_(rule.p),
        scale_(rule.scale),
        max_distance_(std::min(rule.max_distance.value_or(math::detail::infinity), reach())),
        autapses_(rule.autapses) {}

  void prepare() override {
    Point low, high;
    low.fill(math::detail::infinity);
    high.fill(-math::detail::infinity);
    std::vector<std::uint32_t> cell(ends_.sources);
    for (std::uint32_t source = 0; source < ends_.sources; ++source) {
      const Point at = ends_.source_at(source);
      for (std::size_t i = 0; i < 3; ++i) {
        low[i] = std::min(low[i], at[i]);
        high[i] = std::max(high[i], at[i]);
      }
    }
    cut(low, high);
    std::vector<std::uint32_t> count(cells() + 1);
    for (std::uint32_t source = 0; source < ends_.sources; ++source) {
      cell[source] = cell_of(ends_.source_at(source));
      ++count[cell[source] + 1];
    }
    std::partial_sum(count.begin(), count.end(), count.begin());
    cell_begin_ = count;
    sources_.resize(ends_.sources);
    points_.resize(ends_.sources);
    for (std::uint32_t source = 0; source < ends_.sources; ++source) {
      const std::uint32_t place = count[cell[source]]++;
      sources_[place] = source;
      points_[place] = ends_.source_at(source);
    }
  }

  double prepared_bytes() const override { return 28.0 * ends_.sources; }

  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    const Point at = ends_.target_at(target);
    const std::size_t first = sources.size();
    std::vector<std::uint32_t> candidates;
    std::uint32_t cell = 0;
    for (std::uint32_t z = 0; z < cut_[2]; ++z)
      for (std::uint32_t y = 0; y < cut_[1]; ++y)
        for (std::uint32_t x = 0; x < cut_[0]; ++x, ++cell) {
          if (cell_begin_[cell] == cell_begin_[cell + 1]) continue;
          const double d = nearest(at, {x, y, z});
          if (d > max_distance_) continue;
          const double bound = probability(d);
          candidates.clear();
          draw_bernoulli(stream, cell_begin_[cell], cell_begin_[cell + 1], math::log1p(-bound), candidates);
          for (const std::uint32_t place : candidates) {
            const double p = probability(rheo::distance(at, points_[place], ends_.period));
            if (p < bound && stream.uniform() * bound >= p) continue;
            if (autapses_ || sources_[place] != self) sources.push_back(sources_[place]);
          }
        }
    std::sort(sources.begin() + static_cast<std::ptrdiff_t>(first), sources.end());
  }

  // From some of the pairs.
  double expected_synapses() const override {
    constexpr std::uint32_t most = 512;
    const std::uint32_t targets = std::min(most, ends_.targets), sources = std::min(most, ends_.sources);
    double sum = 0;
    for (std::uint32_t t = 0; t < targets; ++t) {
      const Point at = ends_.target_at(static_cast<std::uint32_t>(std::uint64_t{t} * ends_.targets / targets));
      for (std::uint32_t s = 0; s < sources; ++s)
        sum += probability(rheo::distance(
            at, ends_.source_at(static_cast<std::uint32_t>(std::uint64_t{s} * ends_.sources / sources)), ends_.period));
    }
    return sum / targets / sources * ends_.targets * ends_.sources;
  }

 private:
  // Where the kernel has fallen to 2^-60 of its height: no network is large enough to show what lies beyond.
  double reach() const {
    switch (kernel_) {
      case DistanceKernel::exponential:
        return 41.6 * scale_;
      case DistanceKernel::gaussian:
        return 9.2 * scale_;
      default:
        return scale_;
    }
  }
  double probability(double d) const {
    if (d > max_distance_) return 0;
    return p_ * kernel_at(kernel_, d, scale_);
  }

  // Between two places of one dimension, the short way round where it is periodic.
  double apart(double a, double b, std::size_t dimension) const {
    const double straight = std::fabs(a - b);
    return ends_.period[dimension] > 0 ? std::min(straight, ends_.period[dimension] - straight) : straight;
  }
  // To the nearest point of a cell.
  double nearest(const Point& at, const std::array<std::uint32_t, 3>& cell) const {
    double square = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const double begin = low_[i] + cell[i] * width_[i], end = low_[i] + (cell[i] + 1) * width_[i];
      if (at[i] >= begin && at[i] <= end) continue;
      const double d = std::min(apart(at[i], begin, i), apart(at[i], end, i));
      square += d * d;
    }
    return std::sqrt(square);
  }

  // Cells with about 8 sources each where these are spread evenly, but not more than a thousand cells.
  void cut(const Point& low, const Point& high) {
    low_ = low;
    std::size_t dimensions = 0;
    for (std::size_t i = 0; i < 3; ++i) dimensions += high[i] > low[i];
    std::uint32_t each = 1;
    const auto fits = [&](std::uint32_t n) {
      const double all = dimensions == 3 ? double{1} * n * n * n : dimensions == 2 ? double{1} * n * n : n;
      return all <= 1024 && all * 8 <= ends_.sources;
    };
    while (dimensions != 0 && fits(each + 1)) ++each;
    for (std::size_t i = 0; i < 3; ++i) {
      cut_[i] = high[i] > low[i] ? each : 1;
      width_[i] = (high[i] - low[i]) / cut_[i];
    }
  }
  std::size_t cells() const { return std::size_t{cut_[0]} * cut_[1] * cut_[2]; }
  std::uint32_t cell_of(const Point& at) const {
    std::uint32_t cell = 0;
    for (std::size_t i = 3; i-- > 0;) {
      const double place = width_[i] > 0 ? (at[i] - low_[i]) / width_[i] : 0;
      cell = cell * cut_[i] + std::min(cut_[i] - 1, static_cast<std::uint32_t>(place));
    }
    return cell;
  }

  ConnectorEnds ends_;
  RandomKey key_;
  DistanceKernel kernel_;
  double p_, scale_, max_distance_;
  bool autapses_;
  Point low_{}, width_{};
  std::array<std::uint32_t, 3> cut_{};     // cells along each dimension
  std::vector<std::uint32_t> cell_begin_;  // [cells + 1] into the next two
  std::vector<std::uint32_t> sources_;
  std::vector<Point> points_;
};

inline void Distance::check(const ConnectorEnds& ends) const {
  if (!ends.source_at || !ends.target_at)
    reject("rule", name, "the neurons have no positions", "positions of both populations");
}

inline std::unique_ptr<Connector> Distance::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<DistanceConnector>(ends, key, *this);
}

}  // namespace rheo
