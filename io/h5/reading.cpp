// Datasets: their shapes, what is whole of them, and reading them. Counts are compared with what the file stores first.
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/h5/library.hpp"

namespace rheo::h5 {
namespace {

// Whether the maker of a dataset said what stands where nobody wrote. Otherwise the library's own zeros stand there.
bool has_fill_value(hid_t plist) {
  H5D_fill_value_t fill = H5D_FILL_VALUE_ERROR;
  H5D_fill_time_t when = H5D_FILL_TIME_ERROR;
  return H5Pfill_value_defined(plist, &fill) >= 0 && fill == H5D_FILL_VALUE_USER_DEFINED &&
         H5Pget_fill_time(plist, &when) >= 0 && when != H5D_FILL_TIME_NEVER;
}

// Whether a dataset has values, none of which was ever written.
bool never_written(hid_t dataset) {
  H5D_space_status_t status = H5D_SPACE_STATUS_ERROR;
  if (H5Dget_space_status(dataset, &status) < 0 || status != H5D_SPACE_STATUS_NOT_ALLOCATED) return false;
  const Id plist(H5Dget_create_plist(dataset));
  return plist && !has_fill_value(plist.get());
}

// Bytes that the file has on the disk, whatever it says itself.
std::uint64_t bytes_on_disk(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::uint64_t size_of_file(hid_t object) {
  const Id file(H5Iget_file_id(object));
  hsize_t bytes = 0;
  return file && H5Fget_filesize(file.get(), &bytes) >= 0 ? bytes : 0;
}

Id type_of(const Dataset& dataset) {
  Id type(H5Dget_type(dataset.id()));
  if (!type) raise(dataset.file(), dataset.path(), "cannot read its type");
  return type;
}

// Whether what no chunk stores has no meaning either.
bool needs_all_chunks(hid_t dataset) {
  const Id plist(H5Dget_create_plist(dataset));
  return plist && H5Pget_layout(plist.get()) == H5D_CHUNKED && !has_fill_value(plist.get());
}

// Whether the file has as many chunks as a dataset of this shape needs, by one pass over their index. Looking for each
// of them by itself takes many times as long.
bool has_all_chunks(hid_t dataset, const std::vector<std::uint64_t>& shape, const std::vector<hsize_t>& chunk) {
  std::uint64_t needed = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) needed *= (shape[d] + chunk[d] - 1) / chunk[d];
  const Id space(H5Dget_space(dataset));
  hsize_t found = 0;
  const bool counted = space && H5Dget_num_chunks(dataset, space.get(), &found) >= 0;
  H5Eclear2(H5E_DEFAULT);
  return counted && found == needed;
}

// Whether the index of the chunks can be read and knows none at `offset`. It is read from its start.
bool lacks_chunk(hid_t dataset, const std::vector<hsize_t>& offset) {
  unsigned mask = 0;
  haddr_t place = 0;
  hsize_t bytes = 0;
  const bool read = H5Dget_chunk_info_by_coord(dataset, offset.data(), &mask, &place, &bytes) >= 0;
  H5Eclear2(H5E_DEFAULT);
  return read && place == HADDR_UNDEF;
}
}  // namespace

std::vector<std::uint64_t> Dataset::shape() const {
  const Session session;
  const Id space(H5Dget_space(id()));
  const int rank = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (rank < 0) raise(file(), path(), "cannot read its shape");
  if (rank > H5S_MAX_RANK) raise(file(), path(), "has too many dimensions", false);
  hsize_t sizes[H5S_MAX_RANK] = {};
  if (H5Sget_simple_extent_dims(space.get(), sizes, nullptr) < 0) raise(file(), path(), "cannot read its shape");
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) return {0};
  return {sizes, sizes + rank};
}

std::uint64_t Dataset::size() const {
  std::uint64_t product = 1;
  for (const std::uint64_t n : shape()) {
    if (n == 0) return 0;
    if (product > std::numeric_limits<std::int64_t>::max() / n) fail("claims an impossible number of values");
    product *= n;
  }
  return product;
}

std::uint64_t Dataset::rows() const {
  const auto sizes = shape();
  return sizes.empty() ? 1 : sizes[0];
}

Kind Dataset::kind() const {
  const Session session;
  return kind_of(type_of(*this).get());
}

double Dataset::spacing() const {
  const Session session;
  const Id type = type_of(*this);
  if (H5Tget_class(type.get()) != H5T_FLOAT) return 1;
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (H5Tget_fields(type.get(), &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0)
    raise(file(), path(), "cannot read its type");
  return std::ldexp(1.0, -static_cast<int>(mantissa_bits));
}

void Dataset::check_claim() const {
  const Session session;
  const std::uint64_t all = size();
  if (all <= harmless_count) return;
  const std::uint64_t stored = H5Dget_storage_size(id());
  const Id type(H5Dget_type(id()));
  const std::uint64_t stored_width = type ? H5Tget_size(type.get()) : 1;
  if (stored > size_of_file(id()) || all / largest_compression > stored / std::max<std::uint64_t>(stored_width, 1) + 1)
    fail("claims " + std::to_string(all) + " values, but the file does not store that many");
}

std::size_t Dataset::check_count(std::uint64_t first, std::optional<std::uint64_t> count, std::size_t width) const {
  const Session session;
  const Kind found = kind();
  if (found == Kind::text) fail("must hold numbers, but holds texts");
  if (found == Kind::enumeration) fail("must hold numbers, but holds an enum");
  if (found == Kind::other) fail("must hold numbers");
  const std::uint64_t all = size(), all_rows = rows();
  const std::uint64_t wanted_rows = count.value_or(all_rows);
  if (first > all_rows || wanted_rows > all_rows - first) {
    fail("has only " + std::to_string(all_rows) + " rows, rows " + std::to_string(first) + " to " +
         std::to_string(first + wanted_rows) + " were asked for");
  }
  const std::uint64_t wanted = all_rows == 0 ? 0 : all / all_rows * wanted_rows;
  if (wanted > harmless_count) {
    check_claim();
    if (wanted > std::numeric_limits<std::size_t>::max() / 2 / width) fail("is too large");
  }
  if (wanted != 0 && never_written(id()))
    fail("has room for " + std::to_string(all) + " values, but none was ever written");
  return static_cast<std::size_t>(wanted);
}

void Dataset::read_rows(std::uint64_t first, std::optional<std::uint64_t> count, hid_t native, void* values) const {
  const Session session;
  const auto sizes = shape();
  if (size() == 0 || (count && *count == 0)) return;
  if (needs_all_chunks(id())) check_chunks(first, count.value_or(rows()));
  Id memory_space, file_space;
  if (count && !sizes.empty()) {
    std::vector<hsize_t> start(sizes.size(), 0), extent(sizes.begin(), sizes.end());
    start[0] = first;
    extent[0] = *count;
    file_space = Id(H5Dget_space(id()));
    memory_space = Id(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr));
    if (!file_space || !memory_space ||
        H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr) < 0)
      raise(file(), path(), "cannot select rows");
  }
  bool refused = false;
  const Id transfer = checked_transfer(refused);
  if (H5Dread(id(), native, memory_space ? memory_space.get() : H5S_ALL, file_space ? file_space.get() : H5S_ALL,
              transfer.get(), values) < 0) {
    if (refused) {
      H5Eclear2(H5E_DEFAULT);
      raise(file(), path(), "holds " + misfit(native), false);
    }
    raise(file(), path(), "cannot be read");
  }
}

std::vector<std::string> Dataset::read_texts() const {
  const Session session;
  const Id type = type_of(*this);
  if (kind_of(type.get()) != Kind::text) fail("must hold texts");
  const std::uint64_t count = size();
  if (count == 0) return {};
  const std::size_t width = H5Tget_size(type.get());
  const std::uint64_t file_bytes = size_of_file(id());
  const std::uint64_t stored = H5Dget_storage_size(id());
  if (stored > file_bytes || width == 0 ||
      (count > harmless_count / width && count / largest_compression > stored / width + 1))
    fail("claims " + std::to_string(count) + " texts, but the file does not store that many");
  if (never_written(id())) fail("has room for " + std::to_string(count) + " texts, but none was ever written");
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(count));
  if (H5Tis_variable_str(type.get()) > 0) {
    const Id memory = variable_text(H5Tget_cset(type.get()));
    const Id space(H5Dget_space(id()));
    std::vector<char*> pointers(static_cast<std::size_t>(count), nullptr);
    const bool ok = H5Dread(id(), memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) >= 0;
    if (ok) {
      for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
      H5Dvlen_reclaim(memory.get(), space.get(), H5P_DEFAULT, pointers.data());
    } else {
      raise(file(), path(), "cannot be read");
    }
    return texts;
  }
  std::vector<char> bytes(static_cast<std::size_t>(count) * width);
  if (H5Dread(id(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
    raise(file(), path(), "cannot be read");
  const H5T_str_t padding = H5Tget_strpad(type.get());
  for (std::size_t i = 0; i < count; ++i) texts.push_back(unpadded(bytes.data() + i * width, width, padding));
  return texts;
}

bool Dataset::is_checked() const {
  const Session session;
  const Id plist(H5Dget_create_plist(id()));
  unsigned flags = 0;
  std::size_t values = 0;
  const bool has = plist && H5Pget_filter_by_id2(plist.get(), H5Z_FILTER_FLETCHER32, &flags, &values, nullptr, 0,
                                                 nullptr, nullptr) >= 0;
  H5Eclear2(H5E_DEFAULT);
  return has;
}

void Dataset::check_chunks(std::uint64_t first, std::uint64_t count) const {
  const Session session;
  const auto sizes = shape();
  const std::vector<hsize_t> chunk = chunk_shape(id(), sizes.size());
  if (chunk.empty() || count == 0 || size() == 0) return;
  if (first == 0 && count == sizes[0] && has_all_chunks(id(), sizes, chunk)) return;
  for (std::uint64_t band = first / chunk[0] * chunk[0]; band < first + count; band += chunk[0])
    each_chunk(band, sizes, chunk, [&](const std::vector<hsize_t>& offset) {
      hsize_t bytes = 0;
      // Of a chunk that is not there the library says no size, as of an index that is damaged.
      if (H5Dget_chunk_storage_size(id(), offset.data(), &bytes) >= 0 && bytes != 0) return true;
      const std::string why = reason(), row = "row " + std::to_string(std::max(band, first));
      if (!lacks_chunk(id(), offset))
        raise(file(), path(), "is damaged: the place of " + row + " cannot be read (" + why + ")", false);
      fail(is_checked() ? "is damaged: " + row + " is not in the file" : row + " was never written");
    });
}

Dataset::WholeRows Dataset::whole_rows(std::uint64_t rows) const {
  const Session session;
  const auto sizes = shape();
  const std::uint64_t wanted = std::min(rows, sizes.empty() ? 0 : sizes[0]);
  WholeRows whole{wanted, {}};
  if (wanted < rows) whole.problem = "holds only " + std::to_string(wanted) + " rows";
  if (wanted == 0 || size() == 0) return whole;
  const std::uint64_t on_disk = bytes_on_disk(file());
  const auto behind_the_end = [&](std::uint64_t row) {
    return "row " + std::to_string(row) + " lies behind the end of the file, which has " + std::to_string(on_disk) +
           " bytes";
  };
  const Id type(H5Dget_type(id()));
  const std::uint64_t width = type ? H5Tget_size(type.get()) : 0;
  std::uint64_t per_row = width;
  for (std::size_t d = 1; d < sizes.size(); ++d) per_row *= sizes[d];
  std::vector<hsize_t> chunk = chunk_shape(id(), sizes.size());
  if (chunk.empty()) {
    const haddr_t place = H5Dget_offset(id());
    H5Eclear2(H5E_DEFAULT);
    if (place == HADDR_UNDEF || place + wanted * per_row <= on_disk) return whole;
    return {place >= on_disk ? 0 : (on_disk - place) / per_row, behind_the_end((on_disk - place) / per_row)};
  }
  if (!is_checked()) {
    // Of an older version, without checksums: at least they must be in the file.
    const Id space(H5Dget_space(id()));
    hsize_t count = 0;
    if (!space || H5Dget_num_chunks(id(), space.get(), &count) < 0) raise(file(), path(), "its chunks cannot be found");
    std::vector<hsize_t> offset(sizes.size());
    std::uint64_t side_by_side = 1;
    for (std::size_t d = 1; d < sizes.size(); ++d) side_by_side *= (sizes[d] + chunk[d] - 1) / chunk[d];
    std::vector<std::uint64_t> found((wanted + chunk[0] - 1) / chunk[0], 0);  // chunks that are in the file, by band
    for (hsize_t k = 0; k < count; ++k) {
      unsigned mask = 0;
      haddr_t place = 0;
      hsize_t bytes = 0;
      if (H5Dget_chunk_info(id(), space.get(), k, offset.data(), &mask, &place, &bytes) < 0)
        raise(file(), path(), "its chunks cannot be found");
      const std::uint64_t band = offset[0] / chunk[0];
      if (band < found.size() && place != HADDR_UNDEF && place + bytes <= on_disk) ++found[band];
    }
    const auto cut = std::find_if(found.begin(), found.end(), [&](std::uint64_t n) { return n < side_by_side; });
    const auto first = static_cast<std::uint64_t>(cut - found.begin()) * chunk[0];
    return cut == found.end() ? whole : WholeRows{first, behind_the_end(first)};
  }
  std::vector<std::uint8_t> band;
  for (std::uint64_t first = 0; first < wanted; first += chunk[0]) {
    const std::uint64_t count = std::min<std::uint64_t>(chunk[0], wanted - first);
    try {
      check_chunks(first, count);
      band.resize(count * per_row);
      read_rows(first, count, type.get(), band.data());
    } catch (const Error& error) {
      return {first, "rows from " + std::to_string(first) + " on: " + error.complaint().problem};
    }
  }
  return whole;
}

void Dataset::refresh() {
  const Session session;
  if (H5Drefresh(id()) < 0) raise(file(), path(), "cannot be read again");
}

}  // namespace rheo::h5
