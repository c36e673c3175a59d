#include "networks/distributions/normal.hpp"

#include "core/isa.hpp"
#include "neurons/kernels/kernels.hpp"

namespace rheo {

void Normal::draw_many(RandomKey key, std::uint32_t index, std::uint32_t first, std::span<double> to) const {
  kernels(chosen_isa()).normal_stream(key.lo, key.hi, index, first, static_cast<std::uint32_t>(to.size()), to.data());
  for (double& x : to) x = mean + sd * x;
}

}  // namespace rheo
