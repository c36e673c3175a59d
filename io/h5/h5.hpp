// HDF5 as values: files, groups and datasets that close themselves, and errors that name file, object and cause.
//
// Threads: HDF5 is one critical section. Every call here holds one process-wide lock, so that several writers are safe
// with any build of the library; nobody wins by calling from two threads. While a simulation runs, only a writer
// thread comes here. One object must not be used by two threads at a time.
//
// Errors: everything throws h5::Error, with the file in Complaint::file and the object's path ("/spikes/E/node_ids") in
// Complaint::key. HDF5 itself prints nothing. Destructors and moves never throw.
//
// Files are not trusted: counts are compared with what the file really stores before memory is taken, and a value that
// does not fit the type it is read as is an error, never a clipped number. Everything read lies in the file that was
// opened: virtual datasets, external storage, external links and links that lead nowhere are errors, and so are values
// that nobody wrote, which the library would fill with zeros.
#pragma once

#include <hdf5.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"

namespace rheo::h5 {

// Values of a dataset that are held at a time where it is read or written in pieces.
inline constexpr std::uint64_t piece_values = std::uint64_t{1} << 18;

// A file cannot be read or written as HDF5, or does not hold what it should. Callers that know what the file is for
// turn it into a RecordingError or an ExperimentError with the same complaint.
struct Error : UserError {
  using UserError::UserError;
};

template <class T>
concept Number =
    std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> && !std::is_same_v<T, long double>;

// Makes the library's tables, which the first call of anything here does otherwise: in a process whose children use it.
void start_library();

// Type of T in memory; belongs to the library, not to be closed.
template <Number T>
hid_t native_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  constexpr bool is_signed = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 1) return is_signed ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8;
  if constexpr (sizeof(T) == 2) return is_signed ? H5T_NATIVE_INT16 : H5T_NATIVE_UINT16;
  if constexpr (sizeof(T) == 4) return is_signed ? H5T_NATIVE_INT32 : H5T_NATIVE_UINT32;
  return is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
}
// The same for memory and file: a little-endian IEEE or two's complement type of T's width.
template <Number T>
hid_t stored_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_IEEE_F32LE;
  if constexpr (std::is_same_v<T, double>) return H5T_IEEE_F64LE;
  constexpr bool is_signed = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 1) return is_signed ? H5T_STD_I8LE : H5T_STD_U8LE;
  if constexpr (sizeof(T) == 2) return is_signed ? H5T_STD_I16LE : H5T_STD_U16LE;
  if constexpr (sizeof(T) == 4) return is_signed ? H5T_STD_I32LE : H5T_STD_U32LE;
  return is_signed ? H5T_STD_I64LE : H5T_STD_U64LE;
}

// Owns one HDF5 identifier of any kind.
class Id {
 public:
  Id() = default;
  explicit Id(hid_t id) noexcept : id_(id) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Id& operator=(Id&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, -1);
    }
    return *this;
  }
  ~Id() { reset(); }
  hid_t get() const noexcept { return id_; }
  explicit operator bool() const noexcept { return id_ >= 0; }
  void reset() noexcept;
  void abandon() noexcept { id_ = -1; }  // it was closed by other means

 private:
  hid_t id_ = -1;
};

enum class Kind { integer, real, text, enumeration, other };

// How the values of a dataset are stored. All but `plain` are chunks that the library reads as deflated, each with a
// checksum of its own (Fletcher32): where a byte of them has changed, or where zeros stand in their place, reading
// fails. They are filled from the first row to the last.
enum class Storage {
  plain,
  checked,       // not compressed
  compressed,    // shuffled and deflated at level 1
  by_its_first,  // compressed if that halves the first chunk, which decides for all: the same values, the same bytes
  // Compressed, but only runs of equal bytes are looked for, and bytes of one place in all values that look like noise
  // are stored as they are: faster, and enough for spikes.
  runs,
};

// About so many values are stored together, of recordings while they grow and of datasets of fixed shape. Small,
// because a flush writes whole chunks, and because every population takes two such chunks on disk with its first spike.
inline constexpr std::uint64_t chunk_values = 4096;

struct EnumMember {
  std::string name;
  std::int8_t value;
};

// Where an object is: for messages, and for reading by path.
class Object {
 public:
  const std::string& file() const { return *file_; }  // as the user named it
  const std::string& path() const { return path_; }   // "/spikes/E"
  hid_t id() const { return id_.get(); }

  // Throws Error about this object, or about `below` it.
  [[noreturn]] void fail(std::string problem, std::string_view below = {}) const;

  // Attributes. Text is written as fixed-length, null-terminated ASCII or UTF-8 (what libsonata and h5py both read).
  // Writing an attribute that exists is an error.
  void set_text(std::string_view name, std::string_view text);
  // Text of variable length, UTF-8, as NWB wants it: one, or a list.
  void set_variable_text(std::string_view name, const std::string& text);
  void set_variable_texts(std::string_view name, std::span<const std::string> texts);
  // A reference to another object of the same file.
  void set_reference(std::string_view name, const Object& target);
  template <Number T>
  void set_number(std::string_view name, T value) {
    write_attribute(name, stored_type<T>(), native_type<T>(), &value, std::nullopt);
  }
  template <Number T>
  void set_numbers(std::string_view name, std::span<const T> values) {
    write_attribute(name, stored_type<T>(), native_type<T>(), values.data(), values.size());
  }
  // An attribute of an enum type with these members (8 bits wide).
  void set_enum(std::string_view name, std::span<const EnumMember> members, std::int8_t value);

  bool has_attribute(std::string_view name) const;
  // A scalar or one-element attribute that is a string of any kind, or the name of an enum's value; nothing when there
  // is no such attribute. Throws when it is something else.
  std::optional<std::string> text_attribute(std::string_view name) const;
  // All values of a numeric attribute (a scalar gives one); nothing when there is no such attribute.
  template <Number T>
  std::optional<std::vector<T>> numbers_attribute(std::string_view name) const {
    const auto count = count_attribute(name);
    if (!count) return std::nullopt;
    std::vector<T> values(*count);
    read_attribute(name, native_type<T>(), values.data(), values.size());
    return values;
  }

 protected:
  Object(Id id, std::shared_ptr<std::string> file, std::string path) noexcept
      : id_(std::move(id)), file_(std::move(file)), path_(std::move(path)) {}
  std::string below(std::string_view name) const;  // path of something in this object
  void abandon() noexcept { id_.abandon(); }
  void replace(Id id) noexcept { id_ = std::move(id); }
  const std::shared_ptr<std::string>& file_pointer() const { return file_; }

 private:
  void write_attribute(std::string_view name, hid_t stored, hid_t native, const void* values,
                       std::optional<std::size_t> count);
  std::optional<std::size_t> count_attribute(std::string_view name) const;
  void read_attribute(std::string_view name, hid_t native, void* values, std::size_t count) const;

  Id id_;
  std::shared_ptr<std::string> file_;
  std::string path_;
};

class File;

// An array of numbers or texts. A row is what one index of the first dimension selects.
class Dataset : public Object {
 public:
  std::vector<std::uint64_t> shape() const;  // empty for a scalar
  std::size_t rank() const { return shape().size(); }
  std::uint64_t size() const;  // number of values: the product of shape()
  std::uint64_t rows() const;  // shape()[0]; 1 for a scalar
  Kind kind() const;
  // How far the stored type's next number above 1 is: 2^-52 for 64-bit reals, 1 for integers.
  double spacing() const;

  // Throws where the file cannot store as many values as the dataset claims; reading does so by itself. For callers
  // that take memory for all values before they read the first.
  void check_claim() const;

  // All values in row-major order. Integers and reals convert into each other where every value fits: 3.0 reads as the
  // integer 3, 3.5 and -1 as an unsigned integer are errors. Reals round to the nearest float.
  template <Number T>
  std::vector<T> read() const {
    std::vector<T> values(check_count(0, std::nullopt, sizeof(T)));
    read_rows(0, std::nullopt, native_type<T>(), values.data());
    return values;
  }
  // The values of rows first, ..., first+count-1.
  template <Number T>
  std::vector<T> read(std::uint64_t first, std::uint64_t count) const {
    std::vector<T> values(check_count(first, count, sizeof(T)));
    read_rows(first, count, native_type<T>(), values.data());
    return values;
  }
  std::vector<std::string> read_texts() const;  // strings of any kind

  // How many of the first `rows` rows can be read: those before the first chunk that is missing, lies behind the end of
  // the file, or has another checksum. Reads them all.
  struct WholeRows {
    std::uint64_t rows = 0;
    std::string problem;  // of the row after them; empty: all are whole
  };
  WholeRows whole_rows(std::uint64_t rows) const;
  // Whether its chunks carry checksums.
  bool is_checked() const;
  // Whether all of its chunks are there, before a caller trusts values that no chunk stores (they read as zeros).
  // Throws where one is missing.
  void check_chunks(std::uint64_t first, std::uint64_t count) const;

  // Adds rows at the end of a growing dataset: whole ones, where a row has several values.
  template <Number T>
  void append(std::span<const T> values) {
    append_rows(values.size(), native_type<T>(), values.data());
  }
  // Adds rows first, ..., first+count-1 of another dataset to one that was created here and is not plain. Whole chunks
  // of a dataset of the same Storage are copied as they are stored, without inflating them, after their checksums were
  // compared; the stored bytes are the same as if their values were appended.
  template <Number T>
  void append(const Dataset& from, std::uint64_t first, std::uint64_t count) {
    const bool alike = count != 0 && stores_alike(from);
    for (std::uint64_t end = first + count; first < end;) {
      const std::uint64_t rows = std::min(end - first, rows_to_next_chunk());
      if (!alike || !take_chunk(from, first, rows)) append<T>(from.read<T>(first, rows));
      first += rows;
    }
  }
  // How many more rows fill the chunk at hand, of a dataset that was created here and is not plain.
  std::uint64_t rows_to_next_chunk() const;
  void append_texts(std::span<const std::string> texts);  // to one of create_variable_texts()
  // Overwrites values first, first+1, ... of a one-dimensional dataset, or all of a dataset of any rank (first = 0).
  template <Number T>
  void write(std::uint64_t first, std::span<const T> values) {
    write_values(first, values.size(), native_type<T>(), values.data());
  }
  // Overwrites whole rows of a dataset of any rank, from row `first` on.
  template <Number T>
  void write_rows(std::uint64_t first, std::span<const T> values) {
    write_block(first, values.size(), native_type<T>(), values.data());
  }
  // The library spends memory and time on each dataset that is open: between close() and reopen() this one is not, and
  // must not be used. `file` is the one that it is in.
  void close();
  void reopen(const File& file);
  // Hands what was written to the operating system: readers with SWMR see it and it survives kill -9.
  void flush();
  // Takes note of what a live writer added since (SWMR readers only).
  void refresh();

 private:
  friend class Group;
  using Object::Object;
  std::size_t check_count(std::uint64_t first, std::optional<std::uint64_t> count, std::size_t width) const;
  void read_rows(std::uint64_t first, std::optional<std::uint64_t> count, hid_t native, void* values) const;
  void append_rows(std::size_t count, hid_t native, const void* values);
  void write_values(std::uint64_t first, std::size_t count, hid_t native, const void* values);
  void write_block(std::uint64_t first, std::size_t count, hid_t native, const void* values);

  void write_chunks(std::uint64_t first, std::size_t count, hid_t native, const void* values);
  void make_longer(std::uint64_t rows);
  bool stores_alike(const Dataset& other) const;
  bool take_chunk(const Dataset& from, std::uint64_t first, std::uint64_t count);

  class Chunks;
  std::shared_ptr<Chunks> chunks_;  // of a dataset that was created here, unless it is plain
};

class Group : public Object {
 public:
  // Paths are relative to this group, or absolute with a leading "/".
  bool exists(std::string_view path) const;       // a group or dataset, reached over groups only
  bool has_group(std::string_view path) const;    // exists and is a group
  bool has_dataset(std::string_view path) const;  // exists and is a dataset
  std::vector<std::string> list() const;          // names in the group, ascending by bytes

  Group group(std::string_view path) const;
  Dataset dataset(std::string_view path) const;

  // Creation never records times, so that the same content is the same bytes. Parents must exist.
  Group create_group(std::string_view name);
  // Of fixed shape (empty: a scalar); not initialised: every value has to be written. Plain ones are contiguous, others
  // have to be written from the first row to the last.
  template <Number T>
  Dataset create_dataset(std::string_view name, std::span<const std::uint64_t> shape,
                         Storage storage = Storage::plain) {
    return make_dataset(name, stored_type<T>(), shape, 0, storage);
  }
  template <Number T>
  Dataset create_dataset(std::string_view name, std::uint64_t size, Storage storage = Storage::plain) {
    return make_dataset(name, stored_type<T>(), std::span<const std::uint64_t>(&size, 1), 0, storage);
  }
  // One-dimensional, empty, grows by append; `chunk` values (> 0) are stored together.
  template <Number T>
  Dataset create_growing(std::string_view name, std::uint64_t chunk, Storage storage = Storage::plain) {
    const std::uint64_t none = 0;
    return make_dataset(name, stored_type<T>(), std::span(&none, 1), chunk, storage);
  }
  // Grows by rows of `width` values (> 0); about `chunk` values (> 0) are stored together.
  template <Number T>
  Dataset create_growing_rows(std::string_view name, std::uint64_t width, std::uint64_t chunk,
                              Storage storage = Storage::plain) {
    const std::uint64_t shape[] = {0, width};
    return make_dataset(name, stored_type<T>(), shape, chunk, storage);
  }
  // One-dimensional list of texts of fixed length (the longest one's).
  Dataset create_texts(std::string_view name, std::span<const std::string> texts);
  // Texts of variable length, UTF-8: one, or a list that grows.
  Dataset create_variable_text(std::string_view name, const std::string& text);
  Dataset create_variable_texts(std::string_view name, std::uint64_t chunk);

 protected:
  using Object::Object;

 private:
  std::optional<H5O_type_t> type_of(std::string_view path) const;
  void check_link(const std::string& path) const;
  // chunk: 0 for a fixed shape.
  Dataset make_dataset(std::string_view name, hid_t stored, std::span<const std::uint64_t> shape, std::uint64_t chunk,
                       Storage storage = Storage::plain);
};

// An open file is also its root group. It closes when it and every object of it are gone.
class File : public Group {
 public:
  enum class Access {
    sealed,          // plain reading; a file that is being written, or was left by a killed process, is refused
    sealed_or_live,  // falls back to reading what its (perhaps dead) writer has flushed so far
    sealed_or_left,  // the same where nobody writes any more: what cannot be read at once is damaged
  };
  static File open(const std::string& path, Access access = Access::sealed);

  enum class Layout {
    sealed,  // readable by every HDF5 since 1.8, same bytes for the same sequence of calls
    live,    // newest format, can be read while it is written (see start_live)
  };
  // Replaces a file that exists.
  static File create(const std::string& path, Layout layout = Layout::sealed);

  // From here on readers can open the file while it is written (SWMR) and a killed process leaves a readable file.
  // Groups, datasets and attributes must all exist before; layout must be live.
  void start_live();
  void flush();
  // The file has another name now: errors say that one.
  void renamed(std::string path);
  // After a write failed: the file on disk stays as it is now, whatever the library still holds; every later write goes
  // nowhere. Without this, closing a live file on a full disk may spoil what was flushed before.
  void give_up() noexcept;
  // Closes the file and reports what the destructor would have to swallow. All other objects of the file must be gone.
  void close();

 private:
  using Group::Group;
};

}  // namespace rheo::h5
