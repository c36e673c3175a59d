// Edges of connect rule "list" from files. What is wrong with a file is an ExperimentError that names its line or
// dataset; numbers of neurons are checked against the projection's sources and targets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "networks/description/spec.hpp"

namespace rheo {

struct StoredEdges {
  EdgeList edges;
  std::optional<std::vector<double>> weight, delay;  // per edge
};

// Comma-separated, with a header that names the columns: source and target, and weight (in the unit of the port) and
// delay (ms, >= 0) where there are such.
StoredEdges read_edge_csv(const std::string& path, std::uint64_t sources, std::uint64_t targets);

// Two datasets of an HDF5 file.
StoredEdges read_edge_h5(const std::string& path, const std::string& source, const std::string& target,
                         std::uint64_t sources, std::uint64_t targets);

}  // namespace rheo
