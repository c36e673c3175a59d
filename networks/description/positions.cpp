#include "networks/description/positions.hpp"

#include <algorithm>
#include <cmath>

#include "networks/description/spec.hpp"

namespace rheo {

namespace {

template <class... Case>
struct PositionCases : Case... {
  using Case::operator()...;
};
template <class... Case>
PositionCases(Case...) -> PositionCases<Case...>;

}  // namespace

Space space_of(const Positions& positions) {
  return std::visit(
      PositionCases{[](const std::monostate&) { return Space{}; }, [](const auto& kind) { return kind.space(); }},
      positions);
}

Places::Places(const PopulationSpec& population, std::uint64_t seed)
    : positions_(population.positions),
      space_(space_of(population.positions)),
      key_(random_key(seed, population.name, "positions")) {}

Point Places::at(std::uint32_t neuron) const {
  return std::visit(PositionCases{[](const std::monostate&) { return Point{}; },
                                  [&](const auto& kind) { return kind.at(neuron, space_, key_); }},
                    positions_);
}

double distance(const Point& a, const Point& b, const Point& period) {
  double square = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double straight = std::fabs(a[i] - b[i]);
    const double apart = period[i] > 0 ? std::min(straight, period[i] - straight) : straight;
    square += apart * apart;
  }
  return std::sqrt(square);
}

void check_positions(const PopulationSpec& population) {
  const auto check = [&](auto kind) {
    check_ranges(fields_of(kind));
    kind.check(population.size);
  };
  within("positions", [&] {
    std::visit(PositionCases{[](const std::monostate&) {}, [&](const auto& kind) { check(kind); }},
               population.positions);
  });
}

}  // namespace rheo
