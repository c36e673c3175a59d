#include "networks/delivery/stored_synapses.hpp"

#include <utility>

#include "networks/delivery/stored_bundles.hpp"

namespace rheo {

std::unique_ptr<StoredSynapses> make_stored_synapses(std::vector<SynapseBundle> bundles, const DeliveryPlan& delivery,
                                                     Precision precision, const std::vector<std::uint32_t>& slots,
                                                     SignalBoard signals) {
  if (delivery.kind == DeliveryPlan::Kind::ring)
    return make_ring_delivery(std::move(bundles), delivery, precision, slots.size());
  return make_wheel_delivery(std::move(bundles), delivery, precision, slots, std::move(signals));
}

}  // namespace rheo
