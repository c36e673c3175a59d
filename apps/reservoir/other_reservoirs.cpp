#include "apps/reservoir/other_reservoirs.hpp"

#include <stdexcept>

namespace rheo {
std::unique_ptr<Reservoir> make_echo_state(const OtherReservoir&, std::uint64_t, std::size_t) {
  throw std::logic_error("not yet");
}
std::unique_ptr<Reservoir> make_rate_reservoir(const OtherReservoir&, std::uint64_t, std::size_t,
                                               const std::function<std::span<const double>(std::size_t)>&) {
  throw std::logic_error("not yet");
}
}  // namespace rheo
