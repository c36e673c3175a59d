#include "networks/connect/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/math.hpp"

namespace rheo {

void check_equal(const char* rule, const ConnectorEnds& ends) {
  if (ends.sources != ends.targets)
    reject("rule", rule, fmt::format("{} sources but {} targets", ends.sources, ends.targets), "equal numbers");
}

void check_partners(const std::string& key, std::uint32_t count, std::uint32_t all, const char* partners,
                    bool multapses, bool autapses) {
  if (count == 0) return;
  // A neuron may be its own only partner: without autapses everyone needs one more.
  const std::uint64_t distinct = multapses ? 1 : count;
  const std::uint64_t enough = distinct + (autapses ? 0 : 1);
  if (all >= enough) return;
  std::string expected = fmt::format("at least {} {}", enough, partners);
  if (!multapses && all >= (autapses ? 1u : 2u))
    expected += ", or multapses = true";
  else if (!autapses && all >= distinct)
    expected += ", or autapses = true";
  reject(key, std::to_string(count), fmt::format("there are only {} {}", all, partners), expected);
}

void draw_partners(RandomStream& stream, std::uint32_t all, std::uint32_t count, bool multapses, std::uint32_t excluded,
                   std::vector<std::uint32_t>& to, std::uint32_t already) {
  if (!multapses && already == 0 && count > all / 2) {
    // The first of a random permutation (Fisher and Yates): for dense connections.
    std::vector<std::uint32_t> rest;
    rest.reserve(all);
    for (std::uint32_t i = 0; i < all; ++i)
      if (i != excluded) rest.push_back(i);
    for (std::uint32_t k = 0; k < count; ++k) {
      std::swap(rest[k], rest[k + stream.below(static_cast<std::uint32_t>(rest.size()) - k)]);
      to.push_back(rest[k]);
    }
    return;
  }
  // A few are looked through, many get a bit each.
  const std::size_t first = to.size() - already;
  std::vector<bool> seen(!multapses && std::uint64_t{count} + already > 64 ? all : 0);
  if (!seen.empty())
    for (std::size_t i = first; i < to.size(); ++i) seen[to[i]] = true;
  const auto drawn = [&](std::uint32_t partner) {
    if (multapses) return false;
    if (!seen.empty()) return bool{seen[partner]};
    return std::find(to.begin() + static_cast<std::ptrdiff_t>(first), to.end(), partner) != to.end();
  };
  // Whoever is refused is drawn again from where the stream has come to.
  std::vector<std::uint32_t> candidates;
  for (std::uint32_t missing = count; missing > 0;) {
    candidates.resize(missing);
    stream.below(all, candidates);
    for (const std::uint32_t partner : candidates) {
      if (partner == excluded || drawn(partner)) continue;
      if (!seen.empty()) seen[partner] = true;
      to.push_back(partner);
      --missing;
    }
  }
}

void draw_bernoulli(RandomStream& stream, std::uint32_t begin, std::uint32_t end, double log1m_p,
                    std::vector<std::uint32_t>& to) {
  if (log1m_p == 0) return;
  const bool certain = log1m_p == -math::detail::infinity;
  for (std::uint64_t next = begin;; ++next) {
    if (!certain) {
      const std::uint64_t gap = stream.skip(log1m_p);
      if (gap >= end) return;
      next += gap;
    }
    if (next >= end) return;
    to.push_back(static_cast<std::uint32_t>(next));
  }
}

}  // namespace rheo
