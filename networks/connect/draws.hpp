// What connection rules share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/description.hpp"
#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "networks/connect/connector.hpp"

namespace rheo {

// What a field may be that counts neurons or synapses.
inline constexpr Range whole_numbers{0, 4294967295.0};

// Rejects ends of different sizes.
void check_equal(const char* rule, const ConnectorEnds& ends);

// Whether everyone can draw `count` partners among `all`; `partners` is their name in the message.
void check_partners(const std::string& key, std::uint32_t count, std::uint32_t all, const char* partners,
                    bool multapses, bool autapses);

// Appends `count` numbers below `all`, each uniform; never `excluded`. Without multapses each at most once, and none of
// the last `already` that `to` holds before.
void draw_partners(RandomStream& stream, std::uint32_t all, std::uint32_t count, bool multapses, std::uint32_t excluded,
                   std::vector<std::uint32_t>& to, std::uint32_t already = 0);

// Appends those of begin, ..., end - 1 that independent trials of one probability choose, in ascending order, by
// geometric gaps; log1m_p = log1p(-p).
void draw_bernoulli(RandomStream& stream, std::uint32_t begin, std::uint32_t end, double log1m_p,
                    std::vector<std::uint32_t>& to);

}  // namespace rheo
