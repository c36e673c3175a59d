// Columns of SONATA's HDF5 files, checked and read in pieces. Part of the SONATA reader (io/sonata/sonata.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/h5/h5.hpp"
#include "io/sonata/config.hpp"
#include "networks/description/spec.hpp"

namespace rheo::sonata {

constexpr std::uint64_t slab = std::uint64_t{1} << 20;  // values of a dataset that are read at once

// "network/nodes.h5" opened for the config entry that names it.
inline h5::File open_h5(const Item& entry, Experiment& experiment) {
  const fs::path path = entry.path();
  const std::string name = path.string();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) fail(entry.file(), entry.key(), name, "no such file");
  if (std::ranges::find(experiment.files, name) == experiment.files.end()) experiment.files.push_back(name);
  return h5::File::open(name);
}

// A one-dimensional dataset of numbers with `rows` values.
inline h5::Dataset column(const h5::Group& group, const std::string& name, std::optional<std::uint64_t> rows) {
  if (!group.has_dataset(name)) {
    group.fail(group.exists(name) ? "must be a dataset" : "missing dataset", name);
  }
  h5::Dataset data = group.dataset(name);
  if (data.rank() != 1) fail(data.file(), data.path(), {}, "must have one dimension");
  if (data.kind() != h5::Kind::integer && data.kind() != h5::Kind::real) {
    fail(data.file(), data.path(), {}, "must hold numbers");
  }
  if (rows && data.rows() != *rows) {
    fail(data.file(), data.path(), {}, "has " + std::to_string(data.rows()) + " values",
         std::to_string(*rows) + ", as the other datasets of " + group.path());
  }
  data.check_claim();
  return data;
}

// Calls use(first, values) with pieces of the dataset in order.
template <class T, class Use>
void in_slabs(const h5::Dataset& data, const Use& use) {
  const std::uint64_t rows = data.rows();
  for (std::uint64_t first = 0; first < rows; first += slab) {
    const std::vector<T> values = data.read<T>(first, std::min(slab, rows - first));
    use(first, std::span<const T>(values));
  }
}

inline std::string element(const h5::Dataset& data, std::uint64_t row) {
  return data.path() + "[" + std::to_string(row) + "]";
}

// neuron_of[row]: the node_id of each row, a permutation of 0..rows-1.
inline std::vector<std::uint32_t> read_node_ids(const h5::Group& population, std::uint64_t rows) {
  std::vector<std::uint32_t> ids(rows);
  if (!population.exists("node_id")) {
    for (std::uint64_t i = 0; i < rows; ++i) ids[i] = static_cast<std::uint32_t>(i);
    return ids;
  }
  std::vector<bool> seen(rows, false);
  const h5::Dataset data = column(population, "node_id", rows);
  in_slabs<std::int64_t>(data, [&](std::uint64_t first, std::span<const std::int64_t> values) {
    for (std::uint64_t i = 0; i < values.size(); ++i) {
      const std::int64_t id = values[i];
      if (id < 0 || static_cast<std::uint64_t>(id) >= rows) {
        fail(data.file(), element(data, first + i), std::to_string(id), "out of range",
             "the ids 0 to " + std::to_string(rows - 1) + ", each once");
      }
      if (seen[static_cast<std::size_t>(id)])
        fail(data.file(), element(data, first + i), std::to_string(id), "given twice");
      seen[static_cast<std::size_t>(id)] = true;
      ids[first + i] = static_cast<std::uint32_t>(id);
    }
  });
  return ids;
}

// A list of numbers that becomes a single one as long as all are equal: constants cost no memory.
class Numbers {
 public:
  void add(double value) {
    if (count_ == 0) first_ = value;
    if (all_.empty() && value != first_) all_.assign(count_, first_);
    if (!all_.empty() || value != first_) all_.push_back(value);
    ++count_;
  }
  Value take(double when_none) && {
    if (count_ == 0) return when_none;
    if (all_.empty()) return first_;
    return std::move(all_);
  }

 private:
  std::uint64_t count_ = 0;
  double first_ = 0;
  std::vector<double> all_;
};

// The numbered groups of a population: /nodes/<population>/0, 1, ... Every element has a group and a row in it. Both
// columns may be absent together: then all are in group 0 in the order of the file.
class Groups {
 public:
  Groups(const h5::Group& population, const std::string& prefix, std::uint64_t rows) : population_(population) {
    const std::string id = prefix + "_group_id", index = prefix + "_group_index";
    const bool has_id = population.exists(id), has_index = population.exists(index);
    if (has_id != has_index)
      population.fail("missing dataset, as there is " + (has_id ? id : index), has_id ? index : id);
    if (has_id) {
      id_.emplace(column(population, id, rows));
      index_.emplace(column(population, index, rows));
    }
  }
  // Numbers of the groups that rows [first, first + count) are in, as ordinals of `found()`, and their rows there.
  void read(std::uint64_t first, std::uint64_t count, std::vector<std::uint32_t>& ordinals,
            std::vector<std::uint64_t>& index) {
    ordinals.assign(count, 0);
    index.resize(count);
    if (!id_) {
      for (std::uint64_t i = 0; i < count; ++i) index[i] = first + i;
      if (names_.empty()) names_.emplace_back("0");
      return;
    }
    const auto ids = id_->read<std::int64_t>(first, count);
    const auto rows = index_->read<std::int64_t>(first, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (rows[i] < 0)
        fail(index_->file(), element(*index_, first + i), std::to_string(rows[i]), "must not be negative");
      index[i] = static_cast<std::uint64_t>(rows[i]);
      if (i != 0 && ids[i] == ids[i - 1]) {
        ordinals[i] = ordinals[i - 1];
        continue;
      }
      const auto [known, added] = ordinal_of_.emplace(ids[i], static_cast<std::uint32_t>(names_.size()));
      if (added) {
        const std::string name = std::to_string(ids[i]);
        if (!population_.has_group(name)) {
          fail(id_->file(), element(*id_, first + i), name, "there is no group " + population_.path() + "/" + name);
        }
        names_.push_back(name);
      }
      ordinals[i] = known->second;
    }
  }
  const std::vector<std::string>& names() const { return names_; }
  bool implicit() const { return !id_; }
  // Where the row number of element `row` is written.
  std::string index_place(std::uint64_t row) const {
    return index_ ? element(*index_, row) : population_.path() + "/0, row " + std::to_string(row);
  }

 private:
  const h5::Group& population_;
  std::optional<h5::Dataset> id_, index_;
  std::unordered_map<std::int64_t, std::uint32_t> ordinal_of_;
  std::vector<std::string> names_;
};

}  // namespace rheo::sonata
