// What the rules' own files share; only make_connector and they include it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "networks/connect/connector.hpp"

namespace rheo {

// Throws a BuildError about connect.KEY.
[[noreturn]] void reject_connect(const std::string& key, std::string value, std::string problem, std::string expected);

// A probability, or a BuildError.
void check_probability(const std::string& key, double p);

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

std::unique_ptr<Connector> make_fixed_outdegree(const Connect& connect, const ConnectorEnds& ends, RandomKey key);
std::unique_ptr<Connector> make_scale_free(const Connect& connect, const ConnectorEnds& ends, RandomKey key);
std::unique_ptr<Connector> make_fixed_total(const Connect& connect, const ConnectorEnds& ends, RandomKey key);
std::unique_ptr<Connector> make_small_world(const Connect& connect, const ConnectorEnds& ends, RandomKey key);
std::unique_ptr<Connector> make_modular(const Connect& connect, const ConnectorEnds& ends, RandomKey key);
std::unique_ptr<Connector> make_distance(const Connect& connect, const ConnectorEnds& ends, RandomKey key);

}  // namespace rheo
