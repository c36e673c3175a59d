// Which projections share their rows, and which rows those are.
#include <algorithm>
#include <vector>

#include "networks/synapses/builder.hpp"

namespace rheo {

namespace {

// Of two lists of disjoint ranges, each ascending: calls use(a, b) for those whose stretches from first to last neuron
// overlap, until it returns true, which is then returned.
template <class Sets, class Use>
bool any_overlap(const Sets& all, const Sets& others, const Use& use) {
  auto a = all.begin();
  for (auto b = others.begin(); a != all.end() && b != others.end();) {
    if (a->first < b->end && b->first < a->end && use(*a, *b)) return true;
    a->end < b->end ? ++a : ++b;
  }
  return false;
}

bool share_a_target(const ProjectionPlan& one, const ProjectionPlan& other) {
  const auto ascending = [](const ProjectionPlan& plan) {
    std::vector<NeuronSet> neurons = plan.target_neurons();
    std::ranges::sort(neurons, {}, &NeuronSet::first);
    return neurons;
  };
  return any_overlap(ascending(one), ascending(other), [](const NeuronSet&, const NeuronSet&) { return true; });
}

}  // namespace

bool can_join(std::span<const ProjectionPlan* const> bundle, const ProjectionPlan& next) {
  if (next.plastic || bundle.front()->plastic) return false;
  if (next.spec->is_graded() || bundle.front()->spec->is_graded()) return false;
  // A weight for each synapse where one would do for all costs more than longer rows save.
  if (next.has_one_weight() || bundle.front()->has_one_weight()) return false;
  if (next.weight_step() != bundle.front()->weight_step()) return false;
  // Each member is compared with each other one, and a synapse that is read back is looked for in all of them.
  constexpr std::size_t most_members = 256;
  if (bundle.size() == most_members) return false;
  double synapses = next.connector->expected_synapses();
  bool shares_a_row = false;
  for (const ProjectionPlan* member : bundle) {
    synapses += member->connector->expected_synapses();
    const bool differ = any_overlap(member->sources, next.sources, [&](const NeuronSet& theirs, const NeuronSet& ours) {
      const bool same = theirs.first == ours.first && theirs.end == ours.end && theirs.step == ours.step;
      shares_a_row = shares_a_row || same;
      return !same;
    });
    if (differ) return false;
    // Where both reach a target, (source, projection) must be the same order as (projection, source).
    if (member->sources.back().end > next.sources.front().first && share_a_target(*member, next)) return false;
  }
  return shares_a_row && synapses < 4e9;
}

std::vector<SourceRange> rows_of(std::span<const ProjectionPlan* const> members) {
  std::vector<SourceRange> ranges;
  for (const ProjectionPlan* member : members)
    ranges.insert(ranges.end(), member->sources.begin(), member->sources.end());
  std::ranges::sort(ranges, {}, &SourceRange::first);
  const auto is_repeated = [](const SourceRange& a, const SourceRange& b) { return a.first == b.first; };
  ranges.erase(std::unique(ranges.begin(), ranges.end(), is_repeated), ranges.end());
  std::vector<SourceRange> rows;  // neighbours as one, so that a spike of many small populations is soon found
  std::uint32_t row = 0;
  for (SourceRange range : ranges) {
    if (members.size() > 1) range.row = row;
    row += range.size();
    if (!rows.empty() && rows.back().end == range.first && rows.back().step == 1 && range.step == 1 &&
        rows.back().row + (rows.back().end - rows.back().first) == range.row)
      rows.back().end = range.end;
    else
      rows.push_back(range);
  }
  return rows;
}

}  // namespace rheo
