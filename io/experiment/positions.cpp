// The positions of a population.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <utility>

#include "io/experiment/reader.hpp"
#include "io/h5/h5.hpp"

namespace rheo::experiment_file {

namespace {

constexpr const Positions* all_kinds = nullptr;

// { file = .., dataset = .. } stands for a list.
std::shared_ptr<const NumberTable> read_stored_points(const Field& field, std::uint32_t size) {
  const Field file = field.need("file", "the path of an HDF5 file");
  const std::string expected = fmt::format("a dataset of {} x 2 or {} x 3 coordinates", size, size);
  const std::string& name = field.need("dataset", "the path of a dataset in the file").text(expected);
  try {
    const h5::Dataset dataset = h5::File::open(file.path()).dataset(name);
    const std::vector<std::uint64_t> shape = dataset.shape();
    if (shape.size() != 2 || shape[0] != size || (shape[1] != 2 && shape[1] != 3))  // before any of it is read
      field.reject_table(fmt::format("the dataset is of shape {}", fmt::join(shape, " x ")), expected);
    return std::make_shared<const NumberTable>(NumberTable{
        static_cast<std::uint32_t>(shape[0]), static_cast<std::uint32_t>(shape[1]), dataset.read<double>()});
  } catch (const h5::Error& error) {
    const Complaint& c = error.complaint();
    file.reject(fmt::format("{}{}{}: {}", c.file, c.key.empty() ? "" : ":", c.key, c.problem), c.expected);
  }
}

}  // namespace

Positions ExperimentReader::read_positions(const Field& field, std::uint32_t size) {
  Names all;
  for_each_kind(all_kinds, [&](const auto& kind) { all.emplace_back(kind.form); });
  const std::string forms = fmt::format("{} or {{ file = .., dataset = .. }}", fmt::join(all, ", "));
  field.need_table(forms);
  std::size_t chosen = field.find("file").has_value();
  for_each_kind(all_kinds, [&](const auto& kind) { chosen += field.find(kind.name).has_value(); });
  if (chosen != 1) field.reject_table("is no way to place neurons", forms);
  Positions positions;
  for_each_kind(all_kinds, [&](auto kind) {
    if (!field.find(kind.name)) return;
    const std::vector<KindField> fields = fields_of(kind);
    field.only(keys_of(fields));
    read_fields(field, fields, {});
    positions = std::move(kind);
  });
  if (field.find("file")) {
    field.only({"file", "dataset", "extent", "periodic"});
    ListedPositions kind{.list = read_stored_points(field, size)};
    std::vector<KindField> fields = fields_of(kind);
    std::erase_if(fields, [](const KindField& one) { return one.needed; });
    read_fields(field, fields, {});
    positions = std::move(kind);
  }
  return positions;
}

}  // namespace rheo::experiment_file
