// The synapses of a network, one by one, as its description defines them: rules, selections, ports and values written
// out again without lanes, rows or slices. The draws of random rules come from the engine's connectors and samplers,
// which have tests of their own; where they end up is worked out here.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/random.hpp"
#include "core/time.hpp"
#include "networks/connect/connector.hpp"
#include "networks/connect/rules.hpp"
#include "networks/description/spec.hpp"
#include "networks/description/values.hpp"

namespace rebuilt {

struct Edge {
  rheo::NeuronId source = 0, target = 0;  // global
  double weight = 0;
  rheo::Tick delay = 1;
  unsigned port = 0;
  unsigned projection = 0;
  std::uint32_t index = 0;  // in the projection, by (target, canonical order)
  std::size_t target_population = 0;
};

// Neurons of selections, in the order in which a projection counts them.
struct Member {
  std::size_t population;
  rheo::NeuronId id;  // global
};

inline std::vector<Member> members(const rheo::NetworkSpec& spec, const std::vector<rheo::Selection>& selections) {
  std::vector<Member> all;
  for (const rheo::Selection& selection : selections) {
    rheo::NeuronId first = 0;
    for (std::size_t p = 0; p < spec.populations.size(); ++p) {
      const auto& population = spec.populations[p];
      if (population.name == selection.population)
        for (std::uint32_t i = selection.begin; i < selection.end.value_or(population.size); i += selection.step)
          all.push_back({p, first + i});
      first += population.size;
    }
  }
  return all;
}

inline bool has_conductances(const std::string& model) {
  return model == "iaf_cond_exp" || model == "aeif_cond_exp";
}

inline unsigned port_of(const std::string& model, const std::string& name, double weight) {
  const bool two = model != "iaf_psc_delta" && model != "lif_discrete" && !model.starts_with("izhikevich");
  if (name == "I") return two ? 2 : 1;
  if (name == "ex") return 0;
  if (name == "in") return two ? 1 : 0;
  return two && weight < 0 ? 1 : 0;
}

inline std::vector<Edge> edges_of(const rheo::NetworkSpec& spec, std::size_t projection_index) {
  const rheo::ProjectionSpec& projection = spec.projections[projection_index];
  const auto sources = members(spec, projection.source), targets = members(spec, projection.target);
  const rheo::Connect& connect = projection.connect;
  const auto* const all = connect.as<rheo::AllToAll>();
  const auto* const pairs = connect.as<rheo::OneToOne>();
  const auto* const list = connect.as<rheo::List>();
  const bool autapses = all != nullptr ? all->autapses : pairs != nullptr ? pairs->autapses : true;
  const auto key = [&](const char* use) { return rheo::random_key(spec.seed, projection.name, use); };
  const auto self_of = [&](std::uint32_t t) {
    std::uint32_t self = rheo::Connector::nobody;
    for (std::uint32_t s = 0; s < sources.size(); ++s)
      if (sources[s].id == targets[t].id) self = s;
    return self;
  };
  const auto place_of = [&](const Member& member) {
    rheo::NeuronId first = 0;
    for (std::size_t p = 0; p < member.population; ++p) first += spec.populations[p].size;
    return rheo::Places(spec.populations[member.population], spec.seed).at(member.id - first);
  };
  rheo::ConnectorEnds ends{.sources = static_cast<std::uint32_t>(sources.size()),
                           .targets = static_cast<std::uint32_t>(targets.size()),
                           .self = self_of};
  ends.source_at = [&](std::uint32_t s) { return place_of(sources[s]); };
  ends.target_at = [&](std::uint32_t t) { return place_of(targets[t]); };
  if (const rheo::Space space = space_of(spec.populations[targets.front().population].positions); space.periodic)
    for (std::size_t i = 0; i < space.dimensions; ++i) ends.period[i] = space.high[i] - space.low[i];
  const auto connector = rheo::make_connector(connect, ends, key("connect"));
  connector->prepare();

  std::vector<Edge> edges;
  for (std::uint32_t t = 0; t < targets.size(); ++t) {
    std::vector<std::uint32_t> from, place;  // place: in the list
    const auto add = [&](std::uint32_t s) {
      if (autapses || sources[s].id != targets[t].id) from.push_back(s);
    };
    if (all != nullptr) {
      for (std::uint32_t s = 0; s < sources.size(); ++s) add(s);
    } else if (pairs != nullptr) {
      add(t);
    } else if (list != nullptr) {
      for (std::uint32_t e = 0; e < list->edges->target.size(); ++e) {
        if (list->edges->target[e] != t) continue;
        from.push_back(list->edges->source[e]);
        place.push_back(e);
      }
    } else {
      connector->incoming(t, self_of(t), from, place);
    }
    rheo::RandomStream weights(key("weight"), t), delays(key("delay"), t);
    const auto value = [&](const rheo::Value& v, std::size_t k, rheo::RandomStream& stream) {
      if (const auto* constant = std::get_if<double>(&v)) return *constant;
      if (const auto* each = std::get_if<std::vector<double>>(&v)) return (*each)[place[k]];
      return rheo::draw(std::get<rheo::Distribution>(v), stream);
    };
    for (std::size_t k = 0; k < from.size(); ++k) {
      Edge edge;
      edge.source = sources[from[k]].id;
      edge.target = targets[t].id;
      edge.weight = value(projection.weight, k, weights);
      double delay = value(projection.delay, k, delays);
      if (projection.velocity > 0)
        delay += rheo::distance(ends.source_at(from[k]), ends.target_at(t), ends.period) / projection.velocity;
      edge.delay = rheo::ms_to_tick_nearest(delay, spec.dt);
      edge.target_population = targets[t].population;
      const std::string& model = spec.populations[edge.target_population].model;
      edge.port = port_of(model, projection.port, edge.weight);
      if (has_conductances(model) && edge.port < 2) edge.weight = std::abs(edge.weight);
      edge.projection = static_cast<unsigned>(projection_index);
      edge.index = static_cast<std::uint32_t>(edges.size());
      edges.push_back(edge);
    }
  }
  return edges;
}

inline std::vector<Edge> edges_of(const rheo::NetworkSpec& spec) {
  std::vector<Edge> all;
  for (std::size_t p = 0; p < spec.projections.size(); ++p) {
    auto edges = edges_of(spec, p);
    all.insert(all.end(), edges.begin(), edges.end());
  }
  return all;
}

}  // namespace rebuilt
