#include "io/h5/h5.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>

namespace rheo::h5 {
namespace {

// Largest expansion of a stored byte that deflate can reach is 1032; what claims more than this was never written.
constexpr std::uint64_t largest_compression = 1100;
// Up to this many values memory is taken without asking how much the file stores (fill values need no storage).
constexpr std::uint64_t harmless_count = 1u << 20;
constexpr std::uint64_t largest_attribute = 1u << 16;

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

// Held during every call of the library. The library keeps one error stack per thread, each of which prints by default.
class Session {
 public:
  Session() : lock_(library_mutex()) {
    // At exit the library would close again what it could not close on a full disk, and crash.
    static const bool left_alone = H5dont_atexit() >= 0;
    static_cast<void>(left_alone);
    thread_local const bool silenced = [] {
      H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
      return true;
    }();
    static_cast<void>(silenced);
  }

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

// The innermost entry of the library's error stack, in short.
std::string reason() {
  std::string text;
  const auto visit = [](unsigned n, const H5E_error2_t* entry, void* to) -> herr_t {
    if (n == 0 && entry->desc != nullptr) *static_cast<std::string*>(to) = entry->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, &text);
  H5Eclear2(H5E_DEFAULT);
  // "unable to open file: name = '...', errno = 13, error message = 'Permission denied', flags = 0": keep the message.
  constexpr std::string_view mark = "error message = '";
  if (const auto begin = text.find(mark); begin != std::string::npos) {
    const auto end = text.find('\'', begin + mark.size());
    return text.substr(begin + mark.size(), end == std::string::npos ? end : end - begin - mark.size());
  }
  return text;
}

[[noreturn]] void raise(const std::string& file, std::string key, std::string problem, bool with_reason = true) {
  if (with_reason) {
    if (const std::string why = reason(); !why.empty()) problem += " (" + why + ")";
  }
  throw Error({.file = file, .key = std::move(key), .problem = std::move(problem)});
}

// Set by the conversion callback, so that the message can say that a value was at fault.
struct Conversion {
  bool refused = false;
};

H5T_conv_ret_t reject_misfit(H5T_conv_except_t what, hid_t, hid_t, void*, void*, void* to) {
  if (what == H5T_CONV_EXCEPT_PRECISION) return H5T_CONV_UNHANDLED;  // large integer to real: rounds to nearest
  static_cast<Conversion*>(to)->refused = true;
  return H5T_CONV_ABORT;
}

Id checked_transfer(Conversion& conversion) {
  Id plist(H5Pcreate(H5P_DATASET_XFER));
  if (plist) H5Pset_type_conv_cb(plist.get(), reject_misfit, &conversion);
  return plist;
}

std::string misfit(hid_t native) {
  const bool real = H5Tget_class(native) == H5T_FLOAT;
  const bool is_signed = !real && H5Tget_sign(native) == H5T_SGN_2;
  return "a value that does not fit " + std::to_string(8 * H5Tget_size(native)) + "-bit " +
         (real        ? "reals"
          : is_signed ? "integers"
                      : "unsigned integers");
}

Kind kind_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return Kind::integer;
    case H5T_FLOAT:
      return Kind::real;
    case H5T_STRING:
      return Kind::text;
    case H5T_ENUM:
      return Kind::enumeration;
    default:
      return Kind::other;
  }
}

// Memory type for variable-length strings. The library does not convert between character sets, so the file's is kept.
Id variable_text(hid_t stored) {
  Id type(H5Tcopy(H5T_C_S1));
  if (type) {
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), H5Tget_cset(stored));
  }
  return type;
}

Id variable_utf8() {
  Id type(H5Tcopy(H5T_C_S1));
  if (type) {
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), H5T_CSET_UTF8);
  }
  return type;
}

std::vector<const char*> pointers_to(std::span<const std::string> texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  return pointers;
}

std::string unpadded(const char* text, std::size_t size, H5T_str_t padding) {
  std::string result(text, size);
  if (const auto null = result.find('\0'); null != std::string::npos) result.resize(null);
  if (padding == H5T_STR_SPACEPAD) result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

Id fixed_text(std::size_t longest, bool ascii) {
  Id type(H5Tcopy(H5T_C_S1));
  if (type) {
    H5Tset_size(type.get(), longest + 1);
    H5Tset_strpad(type.get(), H5T_STR_NULLTERM);
    H5Tset_cset(type.get(), ascii ? H5T_CSET_ASCII : H5T_CSET_UTF8);
  }
  return type;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
}

Id without_times(hid_t plist_class) {
  Id plist(H5Pcreate(plist_class));
  if (plist) H5Pset_obj_track_times(plist.get(), false);
  return plist;
}

// A list of properties that is made once: making and copying them is a good part of what an object costs.
const Id& kept(Id plist) {
  return *new Id(std::move(plist));  // the library may be gone before statics are
}

// For datasets whose chunks never pass through the library's cache, whose table takes 4 kB per dataset that is open.
const Id& uncached() {
  static const Id& plist = []() -> const Id& {
    Id access(H5Pcreate(H5P_DATASET_ACCESS));
    if (access) H5Pset_chunk_cache(access.get(), 0, 0, H5D_CHUNK_CACHE_W0_DEFAULT);
    return kept(std::move(access));
  }();
  return plist;
}

// For reaching an object by its path: never into another file. A group's and a dataset's access list is one of links.
Id within_the_file(hid_t plist_class) {
  Id plist(H5Pcreate(plist_class));
  const auto reject = [](const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) -> herr_t {
    return -1;
  };
  if (plist) H5Pset_elink_cb(plist.get(), reject, nullptr);
  return plist;
}

// Where the values of a dataset are, if not in its own file: another file's name, or nothing.
std::string storage_elsewhere(hid_t dataset, std::string& problem) {
  const Id plist(H5Dget_create_plist(dataset));
  if (!plist) return {};
  char name[1024] = {};
  if (H5Pget_layout(plist.get()) == H5D_VIRTUAL) {
    problem = "is a virtual dataset";
    std::size_t count = 0;
    if (H5Pget_virtual_count(plist.get(), &count) < 0 || count == 0) return "no file";
    H5Pget_virtual_filename(plist.get(), 0, name, sizeof name - 1);
    return std::string(name) == "." ? "other datasets" : name;
  }
  if (H5Pget_external_count(plist.get()) <= 0) return {};
  problem = "has external storage";
  H5Pget_external(plist.get(), 0, sizeof name - 1, name, nullptr, nullptr);
  return name;
}

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

// The file on disk stays as it is; every later write goes nowhere. After a write has failed the library must not meet
// the disk again: closing what it still holds crashes (1.10.8).
void send_nowhere(hid_t object) noexcept {
  const Id file(object < 0 ? -1 : H5Iget_file_id(object));
  void* handle = nullptr;
  if (!file || H5Fget_vfd_handle(file.get(), H5P_DEFAULT, &handle) < 0 || handle == nullptr) return;
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) return;
  ::dup3(nowhere, *static_cast<int*>(handle), O_CLOEXEC);  // the default driver's handle is a file descriptor
  ::close(nowhere);
}

[[noreturn]] void raise_write(hid_t object, const std::string& file, std::string key, std::string problem) {
  if (const std::string why = reason(); !why.empty()) problem += " (" + why + ")";
  send_nowhere(object);
  H5Eclear2(H5E_DEFAULT);
  raise(file, std::move(key), std::move(problem), false);
}

// locks: as the library does by default, but works where the file system has none.
// attempts: to read metadata that a live writer may be about to write; the library sleeps between them, twice as long
// each time.
Id access_list(bool locks = true, unsigned attempts = 0) {
  Id plist(H5Pcreate(H5P_FILE_ACCESS));
  if (plist) H5Pset_file_locking(plist.get(), locks, true);
  if (plist && attempts != 0) H5Pset_metadata_read_attempts(plist.get(), attempts);
  return plist;
}

}  // namespace

void Id::reset() noexcept {
  if (id_ < 0) return;
  try {
    const Session session;
    H5Idec_ref(id_);
    H5Eclear2(H5E_DEFAULT);
  } catch (...) {
    // Only the lock can throw, and only when the program is broken anyway.
  }
  id_ = -1;
}

std::string Object::below(std::string_view name) const {
  if (name.starts_with('/')) return std::string(name);
  return (path_ == "/" ? path_ : path_ + "/") + std::string(name);
}

void Object::fail(std::string problem, std::string_view name) const {
  raise(*file_, name.empty() ? path_ : below(name), std::move(problem), false);
}

// ---- attributes

namespace {
std::string attribute_key(const Object& object, std::string_view name) {
  return object.path() + "@" + std::string(name);
}
}  // namespace

void Object::write_attribute(std::string_view name, hid_t stored, hid_t native, const void* values,
                             std::optional<std::size_t> count) {
  const Session session;
  const std::string text(name);
  const hsize_t size = count.value_or(1);
  const Id space(count ? H5Screate_simple(1, &size, nullptr) : H5Screate(H5S_SCALAR));
  const Id attribute(space ? H5Acreate2(id(), text.c_str(), stored, space.get(), H5P_DEFAULT, H5P_DEFAULT) : -1);
  if (!attribute || H5Awrite(attribute.get(), native, values) < 0) {
    raise_write(id(), *file_, attribute_key(*this, name), "cannot write the attribute");
  }
}

void Object::set_text(std::string_view name, std::string_view text) {
  const Session session;
  const Id type = fixed_text(text.size(), is_ascii(text));
  const std::string terminated(text);
  write_attribute(name, type.get(), type.get(), terminated.c_str(), std::nullopt);
}

void Object::set_variable_text(std::string_view name, const std::string& text) {
  const Session session;
  const Id type = variable_utf8();
  const char* pointer = text.c_str();
  write_attribute(name, type.get(), type.get(), &pointer, std::nullopt);
}

void Object::set_variable_texts(std::string_view name, std::span<const std::string> texts) {
  const Session session;
  const Id type = variable_utf8();
  write_attribute(name, type.get(), type.get(), pointers_to(texts).data(), texts.size());
}

void Object::set_reference(std::string_view name, const Object& target) {
  const Session session;
  hobj_ref_t reference{};
  if (H5Rcreate(&reference, target.id(), ".", H5R_OBJECT, -1) < 0)
    raise(*file_, attribute_key(*this, name), "cannot make the reference");
  write_attribute(name, H5T_STD_REF_OBJ, H5T_STD_REF_OBJ, &reference, std::nullopt);
}

void Object::set_enum(std::string_view name, std::span<const EnumMember> members, std::int8_t value) {
  const Session session;
  const Id type(H5Tenum_create(H5T_STD_I8LE));
  for (const EnumMember& member : members) {
    if (H5Tenum_insert(type.get(), member.name.c_str(), &member.value) < 0) {
      raise(*file_, attribute_key(*this, name), "cannot make the enum");
    }
  }
  write_attribute(name, type.get(), type.get(), &value, std::nullopt);
}

bool Object::has_attribute(std::string_view name) const {
  const Session session;
  return H5Aexists(id(), std::string(name).c_str()) > 0;
}

std::optional<std::string> Object::text_attribute(std::string_view name) const {
  const Session session;
  if (!has_attribute(name)) return std::nullopt;
  const std::string key = attribute_key(*this, name);
  const Id attribute(H5Aopen(id(), std::string(name).c_str(), H5P_DEFAULT));
  const Id type(attribute ? H5Aget_type(attribute.get()) : -1);
  const Id space(attribute ? H5Aget_space(attribute.get()) : -1);
  if (!type || !space) raise(*file_, key, "cannot read the attribute");
  if (H5Sget_simple_extent_npoints(space.get()) != 1) raise(*file_, key, "must be a single text", false);
  const std::size_t width = H5Tget_size(type.get());
  switch (kind_of(type.get())) {
    case Kind::text: {
      if (H5Tis_variable_str(type.get()) > 0) {
        const Id memory = variable_text(type.get());
        char* text = nullptr;
        if (H5Aread(attribute.get(), memory.get(), &text) < 0) raise(*file_, key, "cannot read the attribute");
        std::string result = text == nullptr ? std::string() : std::string(text);
        H5Dvlen_reclaim(memory.get(), space.get(), H5P_DEFAULT, &text);
        return result;
      }
      if (width > largest_attribute) raise(*file_, key, "is too long for an attribute", false);
      std::vector<char> text(width);
      if (H5Aread(attribute.get(), type.get(), text.data()) < 0) raise(*file_, key, "cannot read the attribute");
      return unpadded(text.data(), text.size(), H5Tget_strpad(type.get()));
    }
    case Kind::enumeration: {
      if (width > 16) raise(*file_, key, "is too wide for an enum", false);
      std::byte value[16];
      char member[256];
      if (H5Aread(attribute.get(), type.get(), value) < 0) raise(*file_, key, "cannot read the attribute");
      if (H5Tenum_nameof(type.get(), value, member, sizeof member) < 0) {
        raise(*file_, key, "holds a value that is no member of its enum", false);
      }
      return std::string(member);
    }
    default:
      raise(*file_, key, "must be a text or an enum", false);
  }
}

std::optional<std::size_t> Object::count_attribute(std::string_view name) const {
  const Session session;
  if (!has_attribute(name)) return std::nullopt;
  const std::string key = attribute_key(*this, name);
  const Id attribute(H5Aopen(id(), std::string(name).c_str(), H5P_DEFAULT));
  const Id type(attribute ? H5Aget_type(attribute.get()) : -1);
  const Id space(attribute ? H5Aget_space(attribute.get()) : -1);
  if (!type || !space) raise(*file_, key, "cannot read the attribute");
  const Kind kind = kind_of(type.get());
  if (kind != Kind::integer && kind != Kind::real) raise(*file_, key, "must be a number", false);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0) raise(*file_, key, "cannot read the attribute");
  if (static_cast<std::uint64_t>(count) > largest_attribute) raise(*file_, key, "is too long for an attribute", false);
  return static_cast<std::size_t>(count);
}

void Object::read_attribute(std::string_view name, hid_t native, void* values, std::size_t count) const {
  const Session session;
  const std::string key = attribute_key(*this, name);
  const Id attribute(H5Aopen(id(), std::string(name).c_str(), H5P_DEFAULT));
  const Id type(attribute ? H5Aget_type(attribute.get()) : -1);
  const Id space(attribute ? H5Aget_space(attribute.get()) : -1);
  if (!type || !space) raise(*file_, key, "cannot read the attribute");
  const std::size_t width = H5Tget_size(type.get()), native_width = H5Tget_size(native);
  if (width > 16) raise(*file_, key, "is of an unusual width", false);
  // Read as stored and converted here: reading with conversion would clip values that do not fit.
  std::vector<std::byte> bytes(count * std::max(width, native_width));
  Conversion conversion;
  const Id transfer = checked_transfer(conversion);
  if (H5Aread(attribute.get(), type.get(), bytes.data()) < 0) raise(*file_, key, "cannot read the attribute");
  if (H5Tconvert(type.get(), native, count, bytes.data(), nullptr, transfer.get()) < 0) {
    H5Eclear2(H5E_DEFAULT);
    raise(*file_, key, "holds " + misfit(native), false);
  }
  if (count != 0) std::memcpy(values, bytes.data(), count * native_width);
}

// ---- datasets

namespace {

// Sizes of the chunks of a dataset; empty: it has none.
std::vector<hsize_t> chunk_shape(hid_t dataset, std::size_t rank) {
  const Id plist(H5Dget_create_plist(dataset));
  std::vector<hsize_t> chunk(rank);
  if (!plist || rank == 0 || H5Pget_layout(plist.get()) != H5D_CHUNKED ||
      H5Pget_chunk(plist.get(), static_cast<int>(rank), chunk.data()) < 0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  return chunk;
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

// Calls use(offset) for the chunks of one band, those side by side that begin with row `row`, until it returns false.
template <class Use>
bool each_chunk(std::uint64_t row, const std::vector<std::uint64_t>& shape, const std::vector<hsize_t>& chunk,
                Use&& use) {
  std::vector<hsize_t> offset(shape.size(), 0);
  offset[0] = row;
  for (;;) {
    if (!use(offset)) return false;
    std::size_t d = shape.size();
    while (--d > 0) {
      offset[d] += chunk[d];
      if (offset[d] < shape[d]) break;
      offset[d] = 0;
    }
    if (d == 0) return true;
  }
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
  const Id type(H5Dget_type(id()));
  if (!type) raise(file(), path(), "cannot read its type");
  return kind_of(type.get());
}

double Dataset::spacing() const {
  const Session session;
  const Id type(H5Dget_type(id()));
  if (!type) raise(file(), path(), "cannot read its type");
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
  if (stored > size_of_file(id()) ||
      all / largest_compression > stored / std::max<std::uint64_t>(stored_width, 1) + 1) {
    fail("claims " + std::to_string(all) + " values, but the file does not store that many");
  }
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
        H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr) < 0) {
      raise(file(), path(), "cannot select rows");
    }
  }
  Conversion conversion;
  const Id transfer = checked_transfer(conversion);
  if (H5Dread(id(), native, memory_space ? memory_space.get() : H5S_ALL, file_space ? file_space.get() : H5S_ALL,
              transfer.get(), values) < 0) {
    if (conversion.refused) {
      H5Eclear2(H5E_DEFAULT);
      raise(file(), path(), "holds " + misfit(native), false);
    }
    raise(file(), path(), "cannot be read");
  }
}

std::vector<std::string> Dataset::read_texts() const {
  const Session session;
  const Id type(H5Dget_type(id()));
  if (!type) raise(file(), path(), "cannot read its type");
  if (kind_of(type.get()) != Kind::text) fail("must hold texts");
  const std::uint64_t count = size();
  if (count == 0) return {};
  const std::size_t width = H5Tget_size(type.get());
  const std::uint64_t file_bytes = size_of_file(id());
  const std::uint64_t stored = H5Dget_storage_size(id());
  if (stored > file_bytes || width == 0 ||
      (count > harmless_count / width && count / largest_compression > stored / width + 1)) {
    fail("claims " + std::to_string(count) + " texts, but the file does not store that many");
  }
  if (never_written(id())) fail("has room for " + std::to_string(count) + " texts, but none was ever written");
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(count));
  if (H5Tis_variable_str(type.get()) > 0) {
    const Id memory = variable_text(type.get());
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
  if (H5Dread(id(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) {
    raise(file(), path(), "cannot be read");
  }
  const H5T_str_t padding = H5Tget_strpad(type.get());
  for (std::size_t i = 0; i < count; ++i) texts.push_back(unpadded(bytes.data() + i * width, width, padding));
  return texts;
}

namespace {
// At least 1, so that it can be divided by.
std::uint64_t values_per_row(const std::vector<std::uint64_t>& shape) {
  std::uint64_t product = 1;
  for (std::size_t d = 1; d < shape.size(); ++d) product *= shape[d];
  return std::max<std::uint64_t>(product, 1);
}
}  // namespace

// ---- chunks with checksums

namespace {

static_assert(std::endian::native == std::endian::little, "values are stored little-endian");

// As the library's filter computes it: over words of 16 bits, the first byte of each the higher one.
std::uint32_t fletcher32(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t most_words = 360;  // between two reductions: the sums do not overflow
  const auto reduce = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  std::uint32_t sum = 0, sum_of_sums = 0;
  std::size_t words = bytes.size() / 2;
  const std::uint8_t* at = bytes.data();
  while (words > 0) {
    const std::size_t some = std::min(words, most_words);
    words -= some;
    for (const std::uint8_t* const end = at + 2 * some; at != end; at += 2) {
      sum += static_cast<std::uint32_t>(at[0] << 8 | at[1]);
      sum_of_sums += sum;
    }
    sum = reduce(sum);
    sum_of_sums = reduce(sum_of_sums);
  }
  if (bytes.size() % 2 != 0) {
    sum += static_cast<std::uint32_t>(*at << 8);
    sum_of_sums += sum;
    sum = reduce(sum);
    sum_of_sums = reduce(sum_of_sums);
  }
  return reduce(sum_of_sums) << 16 | reduce(sum);
}

// What the library's filter puts behind the bytes of a chunk.
constexpr std::size_t checksum_bytes = 4;
std::array<std::uint8_t, checksum_bytes> checksum(std::span<const std::uint8_t> bytes) {
  const std::uint32_t sum = fletcher32(bytes);
  std::array<std::uint8_t, checksum_bytes> stored;
  for (std::size_t k = 0; k < stored.size(); ++k) stored[k] = static_cast<std::uint8_t>(sum >> 8 * k);
  return stored;
}

// Whether bytes look like noise: hardly two neighbours are equal, and no byte is frequent. To look for runs and codes
// of their own would cost most of the time and save at most half of them.
bool is_noise(std::span<const std::uint8_t> bytes) {
  std::size_t changes = 0;
  for (std::size_t i = 1; i < bytes.size(); ++i) changes += bytes[i] != bytes[i - 1];
  if (changes <= bytes.size() / 2) return false;
  std::array<std::uint32_t, 256> counts{};
  for (const std::uint8_t byte : bytes) ++counts[byte];
  return *std::max_element(counts.begin(), counts.end()) < bytes.size() / 16;
}

enum class Way { stored, level_1, runs };

// A stream of zlib that is used again and again: its memory is taken once per thread and way.
class Deflater {
 public:
  explicit Deflater(Way way) : way_(way) {
    constexpr int window_bits = 15, memory_level = 8;  // as the library's filter has them
    if (deflateInit2(&stream_, level(), Z_DEFLATED, window_bits, memory_level, strategy()) != Z_OK)
      throw std::bad_alloc();
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  // from: shuffled values of `width` bytes, so that the bytes of one place stand together. Longer than necessary: with
  // an empty block before the others, for a result of another size.
  void operator()(std::span<const std::uint8_t> from, std::size_t width, std::vector<std::uint8_t>& to, bool longer) {
    deflateReset(&stream_);
    const std::size_t blocks = 16 * (width + 1);  // bytes, where they begin and end
    to.resize(deflateBound(&stream_, from.size()) + blocks);
    stream_.next_out = to.data();
    stream_.avail_out = static_cast<uInt>(to.size());
    if (way_ == Way::runs) deflateParams(&stream_, level(), strategy());
    if (longer) ::deflate(&stream_, Z_SYNC_FLUSH);  // of nothing: an empty block
    if (way_ == Way::runs)
      put_by_places(from, from.size() / width);
    else
      put(from);
    ::deflate(&stream_, Z_FINISH);
    to.resize(stream_.total_out);
  }

 private:
  int level() const { return way_ == Way::stored ? 0 : 1; }
  int strategy() const { return way_ == Way::runs ? Z_RLE : Z_DEFAULT_STRATEGY; }

  void put(std::span<const std::uint8_t> bytes) {
    stream_.next_in = const_cast<Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
  }

  // Noise is stored as it is.
  void put_by_places(std::span<const std::uint8_t> from, std::size_t count) {
    bool was_noise = false;
    for (; !from.empty(); from = from.subspan(count)) {
      const auto place = from.first(count);
      if (const bool noise = is_noise(place); noise != was_noise) {
        deflateParams(&stream_, noise ? 0 : level(), strategy());
        was_noise = noise;
      }
      put(place);
      ::deflate(&stream_, Z_NO_FLUSH);
    }
  }

  Way way_;
  z_stream stream_{};
};

void deflate(Way way, std::span<const std::uint8_t> from, std::size_t width, std::vector<std::uint8_t>& to,
             bool longer) {
  thread_local std::array<std::optional<Deflater>, 3> all;
  std::optional<Deflater>& one = all[static_cast<std::size_t>(way)];
  if (!one) one.emplace(way);
  (*one)(from, width, to, longer);
}

// Whether a stream of zlib begins, after its header, with the empty block that makes it longer.
bool begins_longer(std::span<const std::uint8_t> deflated) {
  constexpr std::size_t header = 2;
  constexpr std::array<std::uint8_t, 5> empty_block{0, 0, 0, 0xff, 0xff};
  return deflated.size() >= header + empty_block.size() &&
         std::ranges::equal(deflated.subspan(header, empty_block.size()), empty_block);
}

// Byte k of all values, for each k: as the library's filter does it.
void shuffle(std::span<const std::uint8_t> from, std::size_t width, std::vector<std::uint8_t>& to) {
  const std::size_t count = from.size() / width;
  to.resize(from.size());
  for (std::size_t k = 0; k < width; ++k)
    for (std::size_t i = 0; i < count; ++i) to[k * count + i] = from[i * width + k];
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
      if (H5Dget_chunk_storage_size(from, offset.data(), &bytes) < 0 || bytes < checksum_bytes) return false;
      packed.resize(bytes);
      if (H5Dread_chunk(from, H5P_DEFAULT, offset.data(), &skipped, packed.data()) < 0) return false;
      if (mask.value_or(skipped) != skipped) return false;
      mask = skipped;
      const auto content = std::span<const std::uint8_t>(packed).first(packed.size() - checksum_bytes);
      return !begins_longer(content) && std::ranges::equal(checksum(content), std::span(packed).last(checksum_bytes));
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
    pack(false);
    if (storage_ == Storage::by_its_first && !decided_ && band_.size() == band_bytes()) {
      decided_ = true;
      if (packed_.size() > bytes / 2) {
        way_ = Way::stored;
        pack(false);
      }
    }
    if (packed_.size() == size) pack(true);
    size = packed_.size();
    const Session session;
    return H5Dwrite_chunk(dataset, H5P_DEFAULT, left_out(), offset.data(), packed_.size(), packed_.data()) >= 0;
  }

  // Filters that a chunk did not go through, a bit for each; the shuffle is the first.
  std::uint32_t left_out() const { return way_ == Way::stored && storage_ != Storage::checked ? 1 : 0; }

  // Fills packed_ from raw_; longer: for another size.
  void pack(bool longer) {
    if (way_ != Way::stored) shuffle(raw_, width_, shuffled_);
    deflate(way_, way_ != Way::stored ? shuffled_ : raw_, width_, packed_, longer);
    const auto sum = checksum(packed_);
    packed_.insert(packed_.end(), sum.begin(), sum.end());
  }

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
  const Id type = variable_utf8();
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
      H5Dwrite(id(), native, memory_space.get(), file_space.get(), H5P_DEFAULT, values) < 0) {
    raise_write(id(), file(), path(), "cannot be written");
  }
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

void Dataset::refresh() {
  const Session session;
  if (H5Drefresh(id()) < 0) raise(file(), path(), "cannot be read again");
}

// ---- groups

std::optional<H5O_type_t> Group::type_of(std::string_view path) const {
  const Session session;
  const Id access = within_the_file(H5P_LINK_ACCESS);
  std::string prefix;
  // The library answers for one link at a time: asking for "a/b" where there is no "a" is an error.
  for (std::size_t begin = 0; begin < path.size();) {
    if (path[begin] == '/') {
      prefix += '/';
      ++begin;
      continue;
    }
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string parent = prefix.empty() ? "." : prefix;
    prefix += path.substr(begin, end - begin);
    begin = end;
    const htri_t is_there = H5Lexists(id(), prefix.c_str(), access.get());
    if (is_there < 0) {
      // A dataset has nothing below it. Of a group that cannot be read nobody knows what is missing.
      const std::string why = reason();
      H5O_info_t info;
      const bool is_known = H5Oget_info_by_name2(id(), parent.c_str(), &info, H5O_INFO_BASIC, access.get()) >= 0;
      H5Eclear2(H5E_DEFAULT);
      if (!is_known || info.type == H5O_TYPE_GROUP)
        raise(file(), below(prefix), "cannot be looked for (" + why + ")", false);
    }
    if (is_there <= 0) return std::nullopt;
    check_link(prefix);
    if (H5Oexists_by_name(id(), prefix.c_str(), access.get()) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      return std::nullopt;
    }
  }
  if (prefix.empty()) return std::nullopt;
  H5O_info_t info;
  if (H5Oget_info_by_name2(id(), prefix.c_str(), &info, H5O_INFO_BASIC, access.get()) < 0) {
    raise(file(), below(path), "cannot be read");
  }
  return info.type;
}

// A link that leads nowhere, or out of the file, is no absent object: whoever made it meant something to be there.
void Group::check_link(const std::string& path) const {
  const Id access = within_the_file(H5P_LINK_ACCESS);
  H5L_info_t info;
  if (H5Lget_info(id(), path.c_str(), &info, access.get()) < 0) raise(file(), below(path), "cannot be read");
  if (info.type == H5L_TYPE_HARD) return;
  std::vector<char> value(std::min<std::size_t>(info.u.val_size, largest_attribute) + 1);
  if (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL)
    fail("is a link of a kind that only its maker knows", path);
  if (H5Lget_val(id(), path.c_str(), value.data(), value.size() - 1, access.get()) < 0)
    raise(file(), below(path), "is a link that cannot be read");
  if (info.type == H5L_TYPE_EXTERNAL) {
    const char *other = "", *object = "";
    H5Lunpack_elink_val(value.data(), value.size() - 1, nullptr, &other, &object);
    throw Error({.file = file(),
                 .key = below(path),
                 .problem = "is a link into another file, " + std::string(other) + ":" + object,
                 .expected = "the data in the file itself"});
  }
  if (H5Oexists_by_name(id(), path.c_str(), access.get()) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    throw Error({.file = file(),
                 .key = below(path),
                 .problem = "is a link to " + std::string(value.data()) + ", which is not in this file",
                 .expected = "the data in the file itself"});
  }
}

bool Group::exists(std::string_view path) const {
  const auto type = type_of(path);
  return type == H5O_TYPE_GROUP || type == H5O_TYPE_DATASET;
}
bool Group::has_group(std::string_view path) const {
  return type_of(path) == H5O_TYPE_GROUP;
}
bool Group::has_dataset(std::string_view path) const {
  return type_of(path) == H5O_TYPE_DATASET;
}

std::vector<std::string> Group::list() const {
  const Session session;
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
    try {
      static_cast<std::vector<std::string>*>(to)->emplace_back(name);
      return 0;
    } catch (const std::bad_alloc&) {
      return -1;
    }
  };
  if (H5Literate(id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, visit, &names) < 0) {
    raise(file(), path(), "cannot be listed");
  }
  std::sort(names.begin(), names.end());
  return names;
}

Group Group::group(std::string_view path) const {
  const Session session;
  const auto type = type_of(path);
  if (!type) fail("there is no such group", path);
  if (*type != H5O_TYPE_GROUP) fail("must be a group", path);
  Id id_of(H5Gopen2(id(), std::string(path).c_str(), within_the_file(H5P_GROUP_ACCESS).get()));
  if (!id_of) raise(file(), below(path), "cannot be opened");
  return {std::move(id_of), file_pointer(), below(path)};
}

Dataset Group::dataset(std::string_view path) const {
  const Session session;
  const auto type = type_of(path);
  if (!type) fail("there is no such dataset", path);
  if (*type != H5O_TYPE_DATASET) fail("must be a dataset", path);
  Id id_of(H5Dopen2(id(), std::string(path).c_str(), within_the_file(H5P_DATASET_ACCESS).get()));
  if (!id_of) raise(file(), below(path), "cannot be opened");
  std::string problem;
  if (const std::string elsewhere = storage_elsewhere(id_of.get(), problem); !elsewhere.empty())
    throw Error({.file = file(),
                 .key = below(path),
                 .problem = problem + ": its values are in " + elsewhere,
                 .expected = "a dataset that holds its values itself"});
  return {std::move(id_of), file_pointer(), below(path)};
}

Group Group::create_group(std::string_view name) {
  const Session session;
  static const Id& plist = kept(without_times(H5P_GROUP_CREATE));
  Id id_of(H5Gcreate2(id(), std::string(name).c_str(), H5P_DEFAULT, plist.get(), H5P_DEFAULT));
  if (!id_of) raise_write(id(), file(), below(name), "cannot create the group");
  return {std::move(id_of), file_pointer(), below(name)};
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
  const Id type = variable_utf8();
  Dataset dataset = make_dataset(name, type.get(), {}, 0);
  const char* pointer = text.c_str();
  dataset.write_values(0, 1, type.get(), &pointer);
  return dataset;
}

Dataset Group::create_variable_texts(std::string_view name, std::uint64_t chunk) {
  const Session session;
  const std::uint64_t none = 0;
  return make_dataset(name, variable_utf8().get(), std::span(&none, 1), chunk);
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
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::copy(texts[i].begin(), texts[i].end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * (longest + 1)));
  }
  if (count != 0 && H5Dwrite(dataset.id(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) {
    raise_write(id(), file(), below(name), "cannot be written");
  }
  return dataset;
}

// ---- files

File File::open(const std::string& path, Access access) {
  const Session session;
  const bool may_grow = access != Access::sealed;
  // Of a live file metadata may be half written: some 0.1 s at most. By itself the library would wait for years.
  const unsigned attempts = access == Access::sealed_or_left ? 1 : 25;
  Id id_of;
  std::string why;
  // Whoever writes locks the file in steps while it begins, and a reader's lock in between would break the recording:
  // who looks at files that may grow takes none. Only where this process itself has the file open must both be alike,
  // which the library says; a file that is not whole yet must not be tried with locks.
  bool locks = !may_grow;
  for (int tries = 0; tries < 2; ++tries) {
    const Id plist = access_list(locks);
    id_of = Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, plist.get()));
    if (id_of) break;
    why = reason();
    if (may_grow) {
      const Id patient = access_list(locks, attempts);
      id_of = Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, patient.get()));
    }
    if (id_of || locks || !why.starts_with("file locking")) break;
    locks = true;
  }
  H5Eclear2(H5E_DEFAULT);
  if (!id_of) raise(path, {}, "cannot be opened as an HDF5 file" + (why.empty() ? why : " (" + why + ")"), false);
  return {std::move(id_of), std::make_shared<std::string>(path), "/"};
}

File File::create(const std::string& path, Layout layout) {
  const Session session;
  const Id access = access_list();
  const Id creation = without_times(H5P_FILE_CREATE);
  H5Pset_sieve_buf_size(access.get(), 0);  // a write that fails is told by the write, not swallowed when closing
  if (layout == Layout::sealed) {
    H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18);  // with checksums of most of its metadata
  } else {
    H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  }
  Id id_of(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
  if (!id_of) raise(path, {}, "cannot be created");
  return {std::move(id_of), std::make_shared<std::string>(path), "/"};
}

void File::start_live() {
  const Session session;
  // What is left to write must be on the disk before: where it is full, the library crashes in the call after (1.10.8).
  if (H5Fflush(id(), H5F_SCOPE_LOCAL) < 0) raise_write(id(), file(), {}, "cannot be written");
  if (H5Fstart_swmr_write(id()) < 0) raise_write(id(), file(), {}, "cannot be opened to readers while it is written");
}

void File::renamed(std::string path) {
  *file_pointer() = std::move(path);
}

void File::flush() {
  const Session session;
  if (H5Fflush(id(), H5F_SCOPE_LOCAL) < 0) raise_write(id(), file(), {}, "cannot be written");
}

void File::give_up() noexcept {
  try {
    const Session session;
    send_nowhere(id());
  } catch (...) {
    // Only the lock can throw, and only when the program is broken anyway.
  }
}

void File::close() {
  const Session session;
  if (id() < 0) return;
  const bool flushed = H5Fflush(id(), H5F_SCOPE_LOCAL) >= 0;
  const std::string why = flushed ? std::string() : reason();
  if (!flushed) send_nowhere(id());
  const bool closed = H5Fclose(id()) >= 0;
  const std::string close_why = closed ? std::string() : reason();
  abandon();
  if (!flushed) raise(file(), {}, "cannot be written" + (why.empty() ? why : " (" + why + ")"), false);
  if (!closed) raise(file(), {}, "cannot be closed" + (close_why.empty() ? close_why : " (" + close_why + ")"), false);
}

}  // namespace rheo::h5
