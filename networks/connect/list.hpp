// Edges given one by one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct List {
  std::shared_ptr<const EdgeList> edges = {};
  // As the experiment file has them.
  KeyOfEdges from = {}, to = {}, file = {};

  static constexpr const char* name = "list";
  static constexpr const char* summary =
      "Edge k goes from `source[k]` to `target[k]`, which count within the projection's source and target.";
  static constexpr const char* memory = "8 bytes per edge for the list, 4 for its order, 8 for each value per edge";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(in_words(field("source", &List::from, "", "the sources, or the dataset of `file` that holds them"),
                            "needed without a CSV file", "a list of whole numbers, or a text"),
                   in_words(field("target", &List::to, "", "the targets, likewise"), "needed without a CSV file",
                            "a list of whole numbers, or a text"),
                   in_words(field("file", &List::file, "", "a CSV or HDF5 file with the edges"), "none", "a path"));
  static constexpr int first_number = 4;
  std::string identity() const {
    std::string text = first_identity(0, 0, true, true);
    if (edges) text += list_identity("sources", edges->source) + list_identity("targets", edges->target);
    return text;
  }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey) const;
};

// The listed edges; those of one target keep the order of the list.
class ListConnector final : public Connector {
 public:
  ListConnector(const ConnectorEnds& ends, std::shared_ptr<const EdgeList> list)
      : list_(std::move(list)), begin_(std::size_t{ends.targets} + 1), by_target_(list_->source.size()) {
    for (const std::uint32_t target : list_->target) ++begin_[target + std::size_t{1}];
    for (std::size_t t = 1; t < begin_.size(); ++t) begin_[t] += begin_[t - 1];
    std::vector<std::uint32_t> cursor(begin_.begin(), begin_.end() - 1);
    for (std::size_t e = 0; e < by_target_.size(); ++e)
      by_target_[cursor[list_->target[e]]++] = static_cast<std::uint32_t>(e);
  }
  void incoming(std::uint32_t target, std::uint32_t, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>& edges) const override {
    for (std::uint32_t i = begin_[target]; i < begin_[target + 1]; ++i) {
      sources.push_back(list_->source[by_target_[i]]);
      edges.push_back(by_target_[i]);
    }
  }
  double expected_synapses() const override { return static_cast<double>(by_target_.size()); }

 private:
  std::shared_ptr<const EdgeList> list_;
  std::vector<std::uint32_t> begin_;      // [targets + 1] into by_target_
  std::vector<std::uint32_t> by_target_;  // edges by (target, place in the list)
};

inline void List::check(const ConnectorEnds& ends) const {
  if (!edges || edges->source.size() != edges->target.size())
    reject("source", {}, "sources and targets differ in number", "one source and one target per edge");
  const std::size_t n = edges->source.size();
  if (n >= Connector::nobody)
    reject("source", std::to_string(n) + " edges", "too many in one list", "fewer than 2^32 - 1");
  for (std::size_t e = 0; e < n; ++e) {
    if (edges->source[e] >= ends.sources)
      reject("source[" + std::to_string(e) + "]", std::to_string(edges->source[e]), "no such source",
             "0 to " + std::to_string(ends.sources) + " - 1");
    if (edges->target[e] >= ends.targets)
      reject("target[" + std::to_string(e) + "]", std::to_string(edges->target[e]), "no such target",
             "0 to " + std::to_string(ends.targets) + " - 1");
  }
}

inline std::unique_ptr<Connector> List::make(const ConnectorEnds& ends, RandomKey) const {
  return std::make_unique<ListConnector>(ends, edges);
}

}  // namespace rheo
