// Datasets: creating, growing and writing them; chunks with checksums are packed here and not by the library.
#include <algorithm>
#include <array>
#include <cstring>

#include "io/h5/library.hpp"
#include "io/h5/packing.hpp"

namespace rheo::h5 {
namespace {

// For datasets whose chunks never pass through the library's cache, whose table takes 4 kB per dataset that is open.
const Id& uncached() {
  static const Id& plist = []() -> const Id& {
    Id access(H5Pcreate(H5P_DATASET_ACCESS));
    if (access) H5Pset_chunk_cache(access.get(), 0, 0, H5D_CHUNK_CACHE_W0_DEFAULT);
    return kept(std::move(access));
  }();
  return plist;
}

// The filters of a dataset in their order, each with its parameters.
std::vector<std::pair<H5Z_filter_t, std::vector<unsigned>>> filters_of(hid_t dataset) {
  const Id plist(H5Dget_create_plist(dataset));
  std::vector<std::pair<H5Z_filter_t, std::vector<unsigned>>> all(
      static_cast<std::size_t>(std::max(0, plist ? H5Pget_nfilters(plist.get()) : 0)));
  for (unsigned k = 0; k < all.size(); ++k) {
    unsigned flags = 0;
    std::size_t count = 8;
    all[k].second.resize(count);
    all[k].first = H5Pget_filter2(plist.get(), k, &flags, &count, all[k].second.data(), 0, nullptr, nullptr);
    all[k].second.resize(std::min(count, all[k].second.size()));
  }
  return all;
}

}  // namespace

// Rows on their way into chunks. The library itself would write a chunk that has grown in the place of what it was: a
// reader, a kill or a power cut in between would meet half of it, and the checksum of the whole. Here a chunk is given
// another size each time, so that the library looks for another place, and what was there before stays until the index
// names the new one.
class Dataset::Chunks {
 public:
  // grows: the first dimension does; what does not fill a chunk yet is written all the same.
  Chunks(std::vector<std::uint64_t> shape, std::vector<hsize_t> chunk, std::size_t width, Storage storage, bool grows)
      : shape_(std::move(shape)), chunk_(std::move(chunk)), width_(width), storage_(storage), grows_(grows) {
    std::size_t pieces = 1;
    for (std::size_t d = 1; d < shape_.size(); ++d) {
      values_per_row_ *= shape_[d];
      pieces *= (shape_[d] + chunk_[d] - 1) / chunk_[d];
    }
    sizes_.assign(pieces, 0);
    way_ = storage == Storage::checked ? Way::stored : storage == Storage::runs ? Way::runs : Way::level_1;
  }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t rows_per_chunk() const { return chunk_[0]; }
  std::uint64_t rows_to_next() const { return chunk_[0] - rows_ % chunk_[0]; }
  std::uint64_t values_per_row() const { return values_per_row_; }

  // Reads the chunks that hold rows first, ..., first+chunk-1 of `from`, a dataset that stores such rows in chunks of
  // the same shape, as they are stored. False where they are not what pack() makes of these rows, or are damaged.
  bool read_stored(hid_t from, std::uint64_t first) {
    if (first % chunk_[0] != 0) return false;
    const Session session;
    stored_.resize(sizes_.size());
    std::optional<std::uint32_t> mask;
    const bool ok = each_chunk(first, shape_, chunk_, [&, k = std::size_t{0}](const auto& offset) mutable {
      std::vector<std::uint8_t>& packed = stored_[k++];
      hsize_t bytes = 0;
      std::uint32_t skipped = 0;
      if (H5Dget_chunk_storage_size(from, offset.data(), &bytes) < 0 || bytes == 0) return false;
      packed.resize(bytes);
      if (H5Dread_chunk(from, H5P_DEFAULT, offset.data(), &skipped, packed.data()) < 0) return false;
      if (mask.value_or(skipped) != skipped) return false;
      mask = skipped;
      return is_whole_and_short(packed);
    });
    H5Eclear2(H5E_DEFAULT);
    if (!ok) return false;
    if (storage_ == Storage::by_its_first && !decided_) {
      decided_ = true;
      if (*mask != 0) way_ = Way::stored;
    }
    return *mask == left_out();
  }

  // Writes what read_stored() has read as the next rows. False: the library said no.
  bool write_stored(hid_t dataset) {
    const Session session;
    const bool ok = each_chunk(rows_, shape_, chunk_, [&, k = std::size_t{0}](const auto& offset) mutable {
      const std::vector<std::uint8_t>& packed = stored_[k++];
      return H5Dwrite_chunk(dataset, H5P_DEFAULT, left_out(), offset.data(), packed.size(), packed.data()) >= 0;
    });
    rows_ += chunk_[0];
    ++bands_;
    return ok;
  }

  // Whole rows after those that came before. False: the library said no.
  bool append(hid_t dataset, std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const std::size_t some = std::min(bytes.size(), band_bytes() - band_.size());
      band_.insert(band_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(some));
      bytes = bytes.subspan(some);
      rows_ += some / row_bytes();
      const bool is_full = band_.size() == band_bytes();
      if (!is_full && !grows_ && rows_ != shape_[0]) continue;
      if (!write_band(dataset)) return false;
      if (!is_full) continue;
      band_.clear();
      ++bands_;
      sizes_.assign(sizes_.size(), 0);
    }
    return true;
  }

 private:
  std::size_t row_bytes() const { return values_per_row_ * width_; }
  std::size_t band_bytes() const { return static_cast<std::size_t>(chunk_[0]) * row_bytes(); }

  // Cuts the rows at hand into chunks side by side.
  bool write_band(hid_t dataset) {
    return each_chunk(bands_ * chunk_[0], shape_, chunk_, [&, k = std::size_t{0}](const auto& offset) mutable {
      return write_chunk(dataset, offset, sizes_[k++]);
    });
  }

  bool write_chunk(hid_t dataset, const std::vector<hsize_t>& offset, std::size_t& size) {
    std::size_t bytes = width_;
    for (const hsize_t n : chunk_) bytes *= n;
    raw_.assign(bytes, 0);
    copy_into_chunk(offset);
    pack_chunk(false);
    if (storage_ == Storage::by_its_first && !decided_ && band_.size() == band_bytes()) {
      decided_ = true;
      if (packed_.size() > bytes / 2) {
        way_ = Way::stored;
        pack_chunk(false);
      }
    }
    if (packed_.size() == size) pack_chunk(true);
    size = packed_.size();
    const Session session;
    return H5Dwrite_chunk(dataset, H5P_DEFAULT, left_out(), offset.data(), packed_.size(), packed_.data()) >= 0;
  }

  // Filters that a chunk did not go through, a bit for each; the shuffle is the first.
  std::uint32_t left_out() const { return way_ == Way::stored && storage_ != Storage::checked ? 1 : 0; }

  // Fills packed_ from raw_; longer: for another size.
  void pack_chunk(bool longer) { pack(way_, raw_, width_, shuffled_, packed_, longer); }

  // The part of band_ that lies in the chunk at `offset`, what lies outside of the dataset left as it is.
  void copy_into_chunk(const std::vector<hsize_t>& offset) {
    const std::size_t rank = shape_.size();
    const std::size_t rows = band_.size() / row_bytes();
    if (rank == 1) {
      std::copy(band_.begin(), band_.end(), raw_.begin());
      return;
    }
    // Lines along the last dimension.
    const std::size_t last = rank - 1;
    const std::size_t line = static_cast<std::size_t>(std::min(chunk_[last], shape_[last] - offset[last])) * width_;
    std::vector<hsize_t> at(rank, 0);  // within the chunk
    for (;;) {
      bool inside = at[0] < rows;
      std::size_t from = at[0], to = at[0];
      for (std::size_t d = 1; d < rank; ++d) {
        const hsize_t place = offset[d] + at[d];
        inside = inside && place < shape_[d];
        from = from * shape_[d] + place;
        to = to * chunk_[d] + at[d];
      }
      if (inside) std::memcpy(raw_.data() + to * width_, band_.data() + from * width_, line);
      std::size_t d = last;
      while (d-- > 0) {
        if (++at[d] < chunk_[d]) break;
        at[d] = 0;
      }
      if (d == static_cast<std::size_t>(-1)) return;
    }
  }

  std::vector<std::uint64_t> shape_;
  std::vector<hsize_t> chunk_;
  std::size_t width_;  // bytes of a value
  Storage storage_;
  bool grows_;
  std::size_t values_per_row_ = 1;
  Way way_ = Way::level_1;
  bool decided_ = false;
  std::uint64_t rows_ = 0, bands_ = 0;  // whole bands that are written
  std::vector<std::uint8_t> band_;      // rows of the band at hand
  std::vector<std::size_t> sizes_;      // of its chunks as they are in the file; 0: not yet
  // Scratch space; a file may have many datasets.
  static thread_local std::vector<std::uint8_t> raw_, shuffled_, packed_;
  static thread_local std::vector<std::vector<std::uint8_t>>
      stored_;  // chunks of a band as another dataset stores them
};
thread_local std::vector<std::uint8_t> Dataset::Chunks::raw_;
thread_local std::vector<std::uint8_t> Dataset::Chunks::shuffled_;
thread_local std::vector<std::uint8_t> Dataset::Chunks::packed_;
thread_local std::vector<std::vector<std::uint8_t>> Dataset::Chunks::stored_;

std::uint64_t Dataset::rows_to_next_chunk() const {
  return chunks_->rows_to_next();
}

// Whether two datasets of the same Storage store the same rows as the same bytes.
bool Dataset::stores_alike(const Dataset& other) const {
  const Session session;
  const Id type(H5Dget_type(id())), other_type(H5Dget_type(other.id()));
  const auto sizes = shape(), other_sizes = other.shape();
  return type && other_type && H5Tequal(type.get(), other_type.get()) > 0 && sizes.size() == other_sizes.size() &&
         std::equal(sizes.begin() + 1, sizes.end(), other_sizes.begin() + 1) &&
         chunk_shape(id(), sizes.size()) == chunk_shape(other.id(), sizes.size()) &&
         filters_of(id()) == filters_of(other.id());
}

bool Dataset::take_chunk(const Dataset& from, std::uint64_t first, std::uint64_t count) {
  if (count != chunks_->rows_per_chunk() || !chunks_->read_stored(from.id(), first)) return false;
  make_longer(chunks_->rows() + count);
  if (chunks_->write_stored(id())) return true;
  const Session session;
  raise_write(id(), file(), path(), "cannot be written");
}

void Dataset::append_rows(std::size_t count, hid_t native, const void* values) {
  if (chunks_) return write_block(chunks_->rows(), count, native, values);
  const Session session;
  if (count == 0) return;
  const auto sizes = shape();
  if (sizes.empty()) fail("a single value does not grow");
  make_longer(sizes[0] + count / values_per_row(sizes));
  write_block(sizes[0], count, native, values);
}

void Dataset::make_longer(std::uint64_t rows) {
  const Session session;
  const auto sizes = shape();
  if (rows <= sizes[0]) return;
  std::vector<hsize_t> longer(sizes.begin(), sizes.end());
  longer[0] = rows;
  if (H5Dset_extent(id(), longer.data()) < 0) raise_write(id(), file(), path(), "cannot be made longer");
}

void Dataset::append_texts(std::span<const std::string> texts) {
  const Session session;
  const Id type = variable_text(H5T_CSET_UTF8);
  append_rows(texts.size(), type.get(), pointers_to(texts).data());
}

void Dataset::write_values(std::uint64_t first, std::size_t count, hid_t native, const void* values) {
  const Session session;
  const std::uint64_t all = size();
  if (first > all || count > all - first) fail("cannot be written beyond its end");
  if (count == 0) return;
  if (chunks_ || first != 0 || count != all) {
    if (rank() != 1 && (first != 0 || count != all)) fail("only a one-dimensional dataset can be written in parts");
    write_block(first, count, native, values);
  } else if (H5Dwrite(id(), native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    raise_write(id(), file(), path(), "cannot be written");
  }
}

void Dataset::write_block(std::uint64_t first, std::size_t count, hid_t native, const void* values) {
  if (count == 0) return;
  if (chunks_) return write_chunks(first, count, native, values);
  const Session session;
  const auto sizes = shape();
  const std::uint64_t width = values_per_row(sizes);
  if (sizes.empty() || count % width != 0) fail("can be written in whole rows only");
  if (first > sizes[0] || count / width > sizes[0] - first) fail("cannot be written beyond its end");
  std::vector<hsize_t> start(sizes.size(), 0), extent(sizes.begin(), sizes.end());
  start[0] = first;
  extent[0] = count / width;
  const Id file_space(H5Dget_space(id()));
  const Id memory_space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr));
  if (!file_space || !memory_space ||
      H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr) < 0 ||
      H5Dwrite(id(), native, memory_space.get(), file_space.get(), H5P_DEFAULT, values) < 0)
    raise_write(id(), file(), path(), "cannot be written");
}

// Without the session while values are compressed: other files get their turn.
void Dataset::write_chunks(std::uint64_t first, std::size_t count, hid_t native, const void* values) {
  std::size_t width = 0;
  {
    const Session session;
    const Id stored(H5Dget_type(id()));
    if (!stored || H5Tequal(stored.get(), native) <= 0) fail("is written as another type than its own");
    if (first != chunks_->rows()) fail("can be written from its first row to its last only");
    if (count % chunks_->values_per_row() != 0) fail("can be written in whole rows only");
    make_longer(first + count / chunks_->values_per_row());
    width = H5Tget_size(native);
  }
  if (!chunks_->append(id(), {static_cast<const std::uint8_t*>(values), count * width})) {
    const Session session;
    raise_write(id(), file(), path(), "cannot be written");
  }
}

void Dataset::close() {
  const Session session;
  const bool closed = H5Dclose(id()) >= 0;
  if (!closed) raise_write(id(), file(), path(), "cannot be written");
  abandon();
}

void Dataset::reopen(const File& from) {
  const Session session;
  replace(Id(H5Dopen2(from.id(), path().c_str(), chunks_ ? uncached().get() : H5P_DEFAULT)));
  if (id() < 0) raise_write(from.id(), file(), path(), "cannot be opened again");
}

void Dataset::flush() {
  const Session session;
  if (H5Dflush(id()) < 0) raise_write(id(), file(), path(), "cannot be written");
}

namespace {

// How a dataset in chunks of this shape is stored, as a list of properties; an empty one where the library refuses.
// Many datasets are stored like the one before, and share its list.
const Id& chunked(const std::vector<hsize_t>& pieces, Storage storage) {
  struct Last {
    std::vector<hsize_t> pieces;
    Storage storage = Storage::plain;
    Id list;
  };
  static Last& last = *new Last;  // guarded by the session
  if (last.list && last.pieces == pieces && last.storage == storage) return last.list;
  last = {pieces, storage, without_times(H5P_DATASET_CREATE)};
  const hid_t list = last.list.get();
  const bool is_plain = storage == Storage::plain, is_shuffled = !is_plain && storage != Storage::checked;
  if (H5Pset_chunk(list, static_cast<int>(pieces.size()), pieces.data()) < 0 ||
      (!is_plain && H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) < 0) || (is_shuffled && H5Pset_shuffle(list) < 0) ||
      (!is_plain && H5Pset_deflate(list, is_shuffled ? 1 : 0) < 0) || (!is_plain && H5Pset_fletcher32(list) < 0))
    last.list = Id();
  return last.list;
}

// In one piece. What holds texts of variable length has to be filled.
const Id& whole(bool filled) {
  const auto make = [](bool fill) -> const Id& {
    Id list = without_times(H5P_DATASET_CREATE);
    if (!fill) H5Pset_fill_time(list.get(), H5D_FILL_TIME_NEVER);
    return kept(std::move(list));
  };
  static const Id &with = make(true), &without = make(false);
  return filled ? with : without;
}

}  // namespace

Dataset Group::make_dataset(std::string_view name, hid_t stored, std::span<const std::uint64_t> shape,
                            std::uint64_t chunk, Storage storage) {
  const Session session;
  const bool grows = chunk != 0;
  const bool is_empty = std::find(shape.begin(), shape.end(), std::uint64_t{0}) != shape.end();
  if (!grows && (shape.empty() || is_empty)) storage = Storage::plain;  // there is nothing to check
  Id space;
  const Id* list = nullptr;
  std::shared_ptr<Dataset::Chunks> chunks;
  if (grows || storage != Storage::plain) {
    // Rows of many values are stored in pieces: a chunk holds at most 65536 values in a row, and at least one row.
    constexpr hsize_t widest = 65536;
    std::vector<hsize_t> sizes(shape.begin(), shape.end()), most(sizes), pieces(sizes);
    if (grows) most[0] = H5S_UNLIMITED;
    hsize_t width = 1;
    for (std::size_t d = 1; d < pieces.size(); ++d) width *= pieces[d] = std::min(pieces[d], widest);
    pieces[0] = std::max<hsize_t>(1, (grows ? chunk : chunk_values) / width);
    if (!grows) pieces[0] = std::min(pieces[0], sizes[0]);
    space = Id(H5Screate_simple(static_cast<int>(shape.size()), sizes.data(), most.data()));
    list = &chunked(pieces, storage);
    if (storage != Storage::plain)
      chunks = std::make_shared<Dataset::Chunks>(std::vector(shape.begin(), shape.end()), pieces, H5Tget_size(stored),
                                                 storage, grows);
  } else {
    const std::vector<hsize_t> sizes(shape.begin(), shape.end());
    space = Id(sizes.empty() ? H5Screate(H5S_SCALAR)
                             : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr));
    list = &whole(H5Tis_variable_str(stored) > 0);
  }
  Id id_of(space && *list ? H5Dcreate2(id(), std::string(name).c_str(), stored, space.get(), H5P_DEFAULT, list->get(),
                                       chunks ? uncached().get() : H5P_DEFAULT)
                          : -1);
  if (!id_of) raise_write(id(), file(), below(name), "cannot create the dataset");
  Dataset made{std::move(id_of), file_pointer(), below(name)};
  made.chunks_ = std::move(chunks);
  return made;
}

Dataset Group::create_variable_text(std::string_view name, const std::string& text) {
  const Session session;
  const Id type = variable_text(H5T_CSET_UTF8);
  Dataset dataset = make_dataset(name, type.get(), {}, 0);
  const char* pointer = text.c_str();
  dataset.write_values(0, 1, type.get(), &pointer);
  return dataset;
}

Dataset Group::create_variable_texts(std::string_view name, std::uint64_t chunk) {
  const Session session;
  const std::uint64_t none = 0;
  return make_dataset(name, variable_text(H5T_CSET_UTF8).get(), std::span(&none, 1), chunk);
}

Dataset Group::create_texts(std::string_view name, std::span<const std::string> texts) {
  const Session session;
  std::size_t longest = 0;
  bool ascii = true;
  for (const std::string& text : texts) {
    longest = std::max(longest, text.size());
    ascii = ascii && is_ascii(text);
  }
  const Id type = fixed_text(longest, ascii);
  const std::uint64_t count = texts.size();
  Dataset dataset = make_dataset(name, type.get(), std::span<const std::uint64_t>(&count, 1), 0);
  std::vector<char> bytes(texts.size() * (longest + 1), '\0');
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::copy(texts[i].begin(), texts[i].end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * (longest + 1)));
  if (count != 0 && H5Dwrite(dataset.id(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
    raise_write(id(), file(), below(name), "cannot be written");
  return dataset;
}

}  // namespace rheo::h5
