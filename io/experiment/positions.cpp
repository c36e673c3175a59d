// The positions of a population.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <memory>
#include <tuple>
#include <utility>

#include "io/experiment/reader.hpp"
#include "io/h5/h5.hpp"

namespace rheo::experiment_file {

namespace {

void set_dimensions(const Field& at, std::size_t count, Positions& positions) {
  if (count != 2 && count != 3) at.reject(fmt::format("has {} dimensions", count), "2 or 3");
  positions.dimensions = static_cast<std::uint32_t>(count);
}

void read_grid(const Field& grid, std::uint32_t size, Positions& positions) {
  positions.kind = Positions::Kind::grid;
  const std::vector<double>& numbers = grid.numbers("two or three whole numbers");
  set_dimensions(grid, numbers.size(), positions);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!(numbers[i] >= 1 && numbers[i] <= max_neurons && numbers[i] == std::floor(numbers[i])))
      grid.reject(fmt::format("holds {}", numbers[i]), fmt::format("whole numbers with the product {}", size));
    positions.grid[i] = static_cast<std::uint32_t>(numbers[i]);
    positions.high[i] = numbers[i];
  }
}

void read_space(const Field& uniform, Positions& positions) {
  positions.kind = Positions::Kind::uniform;
  if (!uniform.is(TomlNode::Kind::list)) uniform.reject_kind("[[low, high], ..] for each dimension");
  set_dimensions(uniform, uniform.node().items.size(), positions);
  for (std::size_t i = 0; i < positions.dimensions; ++i) {
    const Field side{uniform.node().items[i], fmt::format("{}[{}]", uniform.key(), i)};
    std::tie(positions.low[i], positions.high[i]) = two_numbers(side, "[low, high]");
    if (!(positions.low[i] < positions.high[i])) side.reject("has no extent", "[low, high] with low < high");
  }
}

std::vector<double> read_points(const Field& list, std::uint32_t size, Positions& positions) {
  const std::string expected = fmt::format("{} lists of 2 or 3 coordinates", size);
  if (!list.is(TomlNode::Kind::list)) list.reject_kind(expected);
  if (list.node().items.size() != size) list.reject(fmt::format("has {} entries", list.node().items.size()), expected);
  std::vector<double> points;
  for (std::size_t n = 0; n < size; ++n) {
    const Field point{list.node().items[n], fmt::format("{}[{}]", list.key(), n)};
    const std::vector<double>& numbers = point.numbers("2 or 3 coordinates");
    if (n == 0) set_dimensions(point, numbers.size(), positions);
    if (numbers.size() != positions.dimensions)
      point.reject(fmt::format("has {} coordinates", numbers.size()),
                   fmt::format("{} as the first", positions.dimensions));
    points.insert(points.end(), numbers.begin(), numbers.end());
  }
  return points;
}

std::vector<double> read_stored_points(const Field& field, const Field& file, std::uint32_t size,
                                       Positions& positions) {
  const std::string expected = fmt::format("a dataset of {} x 2 or {} x 3 coordinates", size, size);
  const std::string& name = field.need("dataset", "the path of a dataset in the file").text(expected);
  try {
    const h5::Dataset dataset = h5::File::open(file.path()).dataset(name);
    const std::vector<std::uint64_t> shape = dataset.shape();
    if (shape.size() != 2 || shape[0] != size || (shape[1] != 2 && shape[1] != 3))
      field.reject_table(fmt::format("the dataset is of shape {}", fmt::join(shape, " x ")), expected);
    set_dimensions(file, shape[1], positions);
    return dataset.read<double>();
  } catch (const h5::Error& error) {
    const Complaint& c = error.complaint();
    file.reject(fmt::format("{}{}{}: {}", c.file, c.key.empty() ? "" : ":", c.key, c.problem), c.expected);
  }
}

void read_extent(const Field& extent, Positions& positions) {
  const std::vector<double>& numbers = extent.numbers("a number for each dimension");
  if (numbers.size() != positions.dimensions)
    extent.reject(fmt::format("has {} entries", numbers.size()), fmt::format("{}", positions.dimensions));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!(numbers[i] > 0)) extent.reject(fmt::format("holds {}", numbers[i]), "numbers > 0");
    positions.high[i] = numbers[i];
  }
}

}  // namespace

Positions ExperimentReader::read_positions(const Field& field, std::uint32_t size) {
  const std::string forms =
      "{ grid = [40, 40] }, { uniform = [[0.0, 1.0], [0.0, 1.0]] }, { list = [[x, y], ..] } or { file = .., dataset "
      "= .. }";
  field.need_table(forms);
  const auto grid = field.find("grid"), uniform = field.find("uniform"), list = field.find("list"),
             file = field.find("file"), extent = field.find("extent");
  if (int{grid.has_value()} + uniform.has_value() + list.has_value() + file.has_value() != 1)
    field.reject_table("is no way to place neurons", forms);
  Positions positions;
  if (const auto periodic = field.find("periodic")) positions.periodic = periodic->flag();
  if (grid) {
    field.only({"grid", "extent", "periodic"});
    read_grid(*grid, size, positions);
  } else if (uniform) {
    field.only({"uniform", "periodic"});
    read_space(*uniform, positions);
  } else {
    positions.kind = Positions::Kind::listed;
    field.only(list ? Names{"list", "extent", "periodic"} : Names{"file", "dataset", "extent", "periodic"});
    positions.points = std::make_shared<const std::vector<double>>(
        list ? read_points(*list, size, positions) : read_stored_points(field, *file, size, positions));
    if (positions.periodic && !extent) field.need("extent", "the size of the periodic space, from 0 on");
  }
  if (extent) read_extent(*extent, positions);
  return positions;
}

}  // namespace rheo::experiment_file
