#include "io/experiment/number_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

#include "core/diagnostics.hpp"
#include "io/h5/h5.hpp"
#include "io/text/numbers.hpp"
#include "io/text/trimmed.hpp"

namespace rheo {

namespace {

static_assert(std::endian::native == std::endian::little);

[[noreturn]] void reject_numbers(const std::string& place, const std::string& problem,
                                 const std::string& expected = {}) {
  reject<ExperimentError>({.file = place, .problem = problem, .expected = expected});
}

std::ifstream open_numbers(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error))
    reject_numbers(path, "is no file of numbers");
  std::ifstream file(path, std::ios::binary);
  if (!file) reject_numbers(path, fmt::format("cannot be read ({})", std::strerror(errno)));
  return file;
}

NumberTable read_csv(const std::string& path) {
  std::ifstream file = open_numbers(path);
  NumberTable table;
  std::uint64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string place = fmt::format("{}:{}", path, ++number);
    std::string_view rest = trimmed(line);
    if (rest.empty() || rest.front() == '#') continue;
    const std::size_t before = table.values.size();
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      const std::string_view cell = trimmed(rest.substr(0, comma));
      const auto value = parse_number<double>(cell);
      if (!value || !std::isfinite(*value))
        reject_numbers(place, fmt::format("\"{}\" is no number", cell.substr(0, 60)), "numbers between commas");
      table.values.push_back(*value);
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
    const std::size_t columns = table.values.size() - before;
    if (table.rows > 0 && columns != table.columns)
      reject_numbers(place, fmt::format("has {} numbers", columns),
                     fmt::format("{} as in the rows before", table.columns));
    table.columns = static_cast<std::uint32_t>(columns);
    ++table.rows;
  }
  if (file.bad()) reject_numbers(path, "cannot be read to its end");
  if (table.rows == 0) reject_numbers(path, "is empty", "rows of numbers between commas");
  return table;
}

void set_shape(NumberTable& table, const std::string& place, const std::vector<std::uint64_t>& shape) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (shape.size() != 2 || shape[0] == 0 || shape[1] == 0 || shape[0] > most || shape[1] > most)
    reject_numbers(place, fmt::format("is of shape ({})", fmt::join(shape, ", ")),
                   "rows of numbers, both in two dimensions");
  table.rows = static_cast<std::uint32_t>(shape[0]);
  table.columns = static_cast<std::uint32_t>(shape[1]);
}

void check_finite(const NumberTable& table, const std::string& place) {
  const auto odd = std::find_if(table.values.begin(), table.values.end(), [](double x) { return !std::isfinite(x); });
  if (odd == table.values.end()) return;
  const auto i = static_cast<std::uint64_t>(odd - table.values.begin());
  reject_numbers(place, fmt::format("row {}, column {} is {}", i / table.columns, i % table.columns, *odd),
                 "finite numbers, rows and columns counted from 0");
}

// What stands behind a key of the header, {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
std::string_view entry_of(std::string_view header, std::string_view key, const std::string& path) {
  const std::string quoted = fmt::format("'{}':", key);
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) reject_numbers(path, fmt::format("its header has no {}", key), "a file of NumPy");
  header.remove_prefix(at + quoted.size());
  header = trimmed(header);
  return header.substr(0, header.starts_with('(') ? header.find(')') : header.find(','));
}

std::vector<std::uint64_t> shape_of(std::string_view entry, const std::string& path) {
  std::vector<std::uint64_t> shape;
  entry.remove_prefix(std::min<std::size_t>(1, entry.size()));
  while (!trimmed(entry).empty()) {
    const std::size_t comma = entry.find(',');
    const auto size = parse_number<std::uint64_t>(trimmed(entry.substr(0, comma)));
    if (!size) reject_numbers(path, "the shape in its header is damaged", "a file of NumPy");
    shape.push_back(*size);
    entry = comma == std::string_view::npos ? std::string_view() : entry.substr(comma + 1);
  }
  return shape;
}

std::string read_npy_header(std::ifstream& file, const std::string& path) {
  std::array<char, 12> start{};
  file.read(start.data(), 10);
  if (!file || std::string_view(start.data(), 6) != "\x93NUMPY") reject_numbers(path, "is no file of NumPy");
  const int version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3) reject_numbers(path, fmt::format("is of version {}", version), "version 1 to 3");
  std::uint32_t size = 0;
  if (version > 1) file.read(start.data() + 10, 2);
  std::memcpy(&size, start.data() + 8, version == 1 ? 2 : 4);
  if (size > 65536) reject_numbers(path, "its header is damaged", "a file of NumPy");
  std::string header(size, ' ');
  file.read(header.data(), static_cast<std::streamsize>(size));
  if (!file) reject_numbers(path, "ends within its header");
  return header;
}

template <class T>
void append(std::ifstream& file, std::uint64_t count, std::vector<double>& to) {
  std::vector<T> some(8192);
  for (std::uint64_t left = count; left > 0;) {
    const std::uint64_t now = std::min<std::uint64_t>(left, some.size());
    file.read(reinterpret_cast<char*>(some.data()), static_cast<std::streamsize>(now * sizeof(T)));
    for (std::uint64_t i = 0; i < now; ++i) to.push_back(static_cast<double>(some[i]));
    left -= now;
  }
}

struct StoredType {
  std::size_t bytes;
  void (*append)(std::ifstream&, std::uint64_t, std::vector<double>&);
};
template <class T>
constexpr StoredType stored_as{sizeof(T), append<T>};

// may_be_list: of one dimension, as a column.
NumberTable read_npy(const std::string& path, bool may_be_list = false) {
  static const std::map<std::string_view, StoredType> types = {
      {"'<f8'", stored_as<double>},        {"'<f4'", stored_as<float>},         {"'|i1'", stored_as<std::int8_t>},
      {"'|u1'", stored_as<std::uint8_t>},  {"'|b1'", stored_as<std::uint8_t>},  {"'<i2'", stored_as<std::int16_t>},
      {"'<u2'", stored_as<std::uint16_t>}, {"'<i4'", stored_as<std::int32_t>},  {"'<u4'", stored_as<std::uint32_t>},
      {"'<i8'", stored_as<std::int64_t>},  {"'<u8'", stored_as<std::uint64_t>},
  };
  std::ifstream file = open_numbers(path);
  const std::string header = read_npy_header(file, path);
  const std::string_view type = entry_of(header, "descr", path);
  const auto known = types.find(type);
  if (known == types.end())
    reject_numbers(path, fmt::format("holds numbers of type {}", type.substr(0, 60)),
                   "little-endian f8, f4 or integers");
  if (entry_of(header, "fortran_order", path) != "False")
    reject_numbers(path, "is in Fortran's order", "C order, as numpy.ascontiguousarray makes it");
  NumberTable table;
  std::vector<std::uint64_t> shape = shape_of(entry_of(header, "shape", path), path);
  if (may_be_list && shape.size() == 1) shape.push_back(1);
  set_shape(table, path, shape);
  const std::uint64_t count = std::uint64_t{table.rows} * table.columns,
                      start = static_cast<std::uint64_t>(file.tellg());
  const std::uint64_t stored = std::filesystem::file_size(path) - start;
  if (stored / known->second.bytes != count || stored % known->second.bytes != 0)
    reject_numbers(path, fmt::format("has {} bytes of numbers", stored),
                   fmt::format("{} x {} numbers of {} bytes", table.rows, table.columns, known->second.bytes));
  table.values.reserve(count);
  known->second.append(file, count, table.values);
  if (!file) reject_numbers(path, "cannot be read to its end");
  check_finite(table, path);
  return table;
}

}  // namespace

NumberTable read_npy_file(const std::string& path) {
  return read_npy(path, true);
}

NumberTable read_number_file(const std::string& path, const std::string& dataset) {
  const std::string extension = std::filesystem::path(path).extension().string();
  const bool is_csv = extension == ".csv", is_npy = extension == ".npy";
  if (is_csv || is_npy) {
    if (!dataset.empty()) reject_numbers(path, "has no datasets", "an HDF5 file, or no dataset");
    return is_csv ? read_csv(path) : read_npy(path);
  }
  const std::string place = path + ":" + dataset;
  if (dataset.empty())
    reject_numbers(path, "is no table of numbers", "a file *.csv or *.npy, or dataset = \"..\" of an HDF5 file");
  const h5::Dataset stored = h5::File::open(path).dataset(dataset);
  NumberTable table;
  set_shape(table, place, stored.shape());
  table.values = stored.read<double>();
  check_finite(table, place);
  return table;
}

}  // namespace rheo
