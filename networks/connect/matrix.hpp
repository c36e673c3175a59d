// The synapses of a dense matrix.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct MatrixEntries {
  std::shared_ptr<const NumberTable> values = {};
  bool autapses = true;

  static constexpr const char* name = "matrix";
  static constexpr const char* summary =
      "A synapse for every entry of a matrix that is not 0. The entries are "
      "also the weights, unless the projection has a "
      "`weight`.";
  static constexpr const char* memory = "8 bytes for each pair for the matrix, 4 per synapse, 8 per target";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(needed(in_words(field("values", &MatrixEntries::values, "",
                                         "a row for each source, in it a number for each "
                                         "target: values[source][target]"),
                                   {}, "a list of lists of numbers, or a file")),
                   field("autapses", &MatrixEntries::autapses, "", "a neuron may be its own source"));
  void check(const ConnectorEnds& ends) const {
    check_shape("values", values, {.sources = ends.sources, .targets = ends.targets});
  }
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey) const;
  Value weight() const { return ByMatrix{values}; }
};

class MatrixConnector final : public Connector {
 public:
  MatrixConnector(const ConnectorEnds& ends, const MatrixEntries& rule)
      : values_(rule.values), begin_(std::size_t{ends.targets} + 1), autapses_(rule.autapses) {
    for (std::size_t i = 0; i < values_->values.size(); ++i)
      begin_[i % values_->columns + 1] += values_->values[i] != 0;
    for (std::size_t target = 1; target < begin_.size(); ++target) begin_[target] += begin_[target - 1];
  }

  // By target, row by row, since rows are what stands together.
  void prepare() override {
    sources_.resize(begin_.back());
    std::vector<std::uint64_t> next = begin_;
    for (std::uint32_t source = 0; source < values_->rows; ++source)
      for (std::uint32_t target = 0; target < values_->columns; ++target)
        if (values_->at(source, target) != 0) sources_[next[target]++] = source;
  }
  double prepared_bytes() const override { return 4 * expected_synapses() + 8 * static_cast<double>(begin_.size()); }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    for (std::uint64_t i = begin_[target]; i < begin_[target + std::size_t{1}]; ++i)
      if (autapses_ || sources_[i] != self) sources.push_back(sources_[i]);
  }
  double expected_synapses() const override { return static_cast<double>(begin_.back()); }

 private:
  std::shared_ptr<const NumberTable> values_;
  std::vector<std::uint64_t> begin_;    // [targets + 1] into sources_
  std::vector<std::uint32_t> sources_;  // by (target, source)
  bool autapses_;
};

inline std::unique_ptr<Connector> MatrixEntries::make(const ConnectorEnds& ends, RandomKey) const {
  return std::make_unique<MatrixConnector>(ends, *this);
}

}  // namespace rheo
