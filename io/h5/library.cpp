#include "io/h5/library.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace rheo::h5 {
namespace {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

H5T_conv_ret_t reject_misfit(H5T_conv_except_t what, hid_t, hid_t, void*, void*, void* refused) {
  if (what == H5T_CONV_EXCEPT_PRECISION) return H5T_CONV_UNHANDLED;  // large integer to real: rounds to nearest
  *static_cast<bool*>(refused) = true;
  return H5T_CONV_ABORT;
}

// One attribute, opened with its type and its shape.
struct Attribute {
  Attribute(const Object& object, std::string_view name);
  [[noreturn]] void fail(std::string problem) const { raise(file, key, std::move(problem), false); }
  std::size_t width() const { return H5Tget_size(type.get()); }
  void read(hid_t memory, void* values) const {
    if (H5Aread(id.get(), memory, values) < 0) raise(file, key, "cannot read the attribute");
  }

  const std::string &file, key;
  Id id, type, space;
};

std::string attribute_key(const Object& object, std::string_view name) {
  return object.path() + "@" + std::string(name);
}

Attribute::Attribute(const Object& object, std::string_view name)
    : file(object.file()),
      key(attribute_key(object, name)),
      id(H5Aopen(object.id(), std::string(name).c_str(), H5P_DEFAULT)),
      type(id ? H5Aget_type(id.get()) : -1),
      space(id ? H5Aget_space(id.get()) : -1) {
  if (!type || !space) raise(file, key, "cannot read the attribute");
}

}  // namespace

Session::Session() : lock_(library_mutex()) {
  // At exit the library would close again what it could not close on a full disk, and crash.
  static const bool left_alone = H5dont_atexit() >= 0;
  static_cast<void>(left_alone);
  thread_local const bool silenced = [] {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    return true;
  }();
  static_cast<void>(silenced);
}

void start_library() {
  const Session session;
  H5open();
}

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

std::string in_brackets(const std::string& why) {
  return why.empty() ? why : " (" + why + ")";
}

void raise(const std::string& file, std::string key, std::string problem, bool with_reason) {
  if (with_reason) problem += in_brackets(reason());
  throw Error({.file = file, .key = std::move(key), .problem = std::move(problem)});
}

void raise_write(hid_t object, const std::string& file, std::string key, std::string problem) {
  problem += in_brackets(reason());
  send_nowhere(object);
  H5Eclear2(H5E_DEFAULT);
  raise(file, std::move(key), std::move(problem), false);
}

void send_nowhere(hid_t object) noexcept {
  const Id file(object < 0 ? -1 : H5Iget_file_id(object));
  void* handle = nullptr;
  if (!file || H5Fget_vfd_handle(file.get(), H5P_DEFAULT, &handle) < 0 || handle == nullptr) return;
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) return;
  ::dup3(nowhere, *static_cast<int*>(handle), O_CLOEXEC);  // the default driver's handle is a file descriptor
  ::close(nowhere);
}

Id checked_transfer(bool& refused) {
  Id plist(H5Pcreate(H5P_DATASET_XFER));
  if (plist) H5Pset_type_conv_cb(plist.get(), reject_misfit, &refused);
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

Id variable_text(H5T_cset_t characters) {
  Id type(H5Tcopy(H5T_C_S1));
  if (type) {
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), characters);
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

const Id& kept(Id plist) {
  return *new Id(std::move(plist));  // the library may be gone before statics are
}

std::uint64_t values_per_row(const std::vector<std::uint64_t>& shape) {
  std::uint64_t product = 1;
  for (std::size_t d = 1; d < shape.size(); ++d) product *= shape[d];
  return std::max<std::uint64_t>(product, 1);
}

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

void Object::write_attribute(std::string_view name, hid_t stored, hid_t native, const void* values,
                             std::optional<std::size_t> count) {
  const Session session;
  const std::string text(name);
  const hsize_t size = count.value_or(1);
  const Id space(count ? H5Screate_simple(1, &size, nullptr) : H5Screate(H5S_SCALAR));
  const Id attribute(space ? H5Acreate2(id(), text.c_str(), stored, space.get(), H5P_DEFAULT, H5P_DEFAULT) : -1);
  if (!attribute || H5Awrite(attribute.get(), native, values) < 0)
    raise_write(id(), *file_, attribute_key(*this, name), "cannot write the attribute");
}

void Object::set_text(std::string_view name, std::string_view text) {
  const Session session;
  const Id type = fixed_text(text.size(), is_ascii(text));
  const std::string terminated(text);
  write_attribute(name, type.get(), type.get(), terminated.c_str(), std::nullopt);
}

void Object::set_variable_text(std::string_view name, const std::string& text) {
  const Session session;
  const Id type = variable_text(H5T_CSET_UTF8);
  const char* pointer = text.c_str();
  write_attribute(name, type.get(), type.get(), &pointer, std::nullopt);
}

void Object::set_variable_texts(std::string_view name, std::span<const std::string> texts) {
  const Session session;
  const Id type = variable_text(H5T_CSET_UTF8);
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
  for (const EnumMember& member : members)
    if (H5Tenum_insert(type.get(), member.name.c_str(), &member.value) < 0)
      raise(*file_, attribute_key(*this, name), "cannot make the enum");
  write_attribute(name, type.get(), type.get(), &value, std::nullopt);
}

bool Object::has_attribute(std::string_view name) const {
  const Session session;
  return H5Aexists(id(), std::string(name).c_str()) > 0;
}

std::optional<std::string> Object::text_attribute(std::string_view name) const {
  const Session session;
  if (!has_attribute(name)) return std::nullopt;
  const Attribute attribute(*this, name);
  const hid_t type = attribute.type.get();
  if (H5Sget_simple_extent_npoints(attribute.space.get()) != 1) attribute.fail("must be a single text");
  const std::size_t width = attribute.width();
  switch (kind_of(type)) {
    case Kind::text: {
      if (H5Tis_variable_str(type) > 0) {
        const Id memory = variable_text(H5Tget_cset(type));
        char* text = nullptr;
        attribute.read(memory.get(), &text);
        std::string result = text == nullptr ? std::string() : std::string(text);
        H5Dvlen_reclaim(memory.get(), attribute.space.get(), H5P_DEFAULT, &text);
        return result;
      }
      if (width > largest_attribute) attribute.fail("is too long for an attribute");
      std::vector<char> text(width);
      attribute.read(type, text.data());
      return unpadded(text.data(), text.size(), H5Tget_strpad(type));
    }
    case Kind::enumeration: {
      if (width > 16) attribute.fail("is too wide for an enum");
      std::byte value[16];
      char member[256];
      attribute.read(type, value);
      if (H5Tenum_nameof(type, value, member, sizeof member) < 0)
        attribute.fail("holds a value that is no member of its enum");
      return std::string(member);
    }
    default:
      attribute.fail("must be a text or an enum");
  }
}

std::optional<std::size_t> Object::count_attribute(std::string_view name) const {
  const Session session;
  if (!has_attribute(name)) return std::nullopt;
  const Attribute attribute(*this, name);
  const Kind kind = kind_of(attribute.type.get());
  if (kind != Kind::integer && kind != Kind::real) attribute.fail("must be a number");
  const hssize_t count = H5Sget_simple_extent_npoints(attribute.space.get());
  if (count < 0) raise(file(), attribute.key, "cannot read the attribute");
  if (static_cast<std::uint64_t>(count) > largest_attribute) attribute.fail("is too long for an attribute");
  return static_cast<std::size_t>(count);
}

void Object::read_attribute(std::string_view name, hid_t native, void* values, std::size_t count) const {
  const Session session;
  const Attribute attribute(*this, name);
  const std::size_t width = attribute.width(), native_width = H5Tget_size(native);
  if (width > 16) attribute.fail("is of an unusual width");
  // Read as stored and converted here: reading with conversion would clip values that do not fit.
  std::vector<std::byte> bytes(count * std::max(width, native_width));
  bool refused = false;
  const Id transfer = checked_transfer(refused);
  attribute.read(attribute.type.get(), bytes.data());
  if (H5Tconvert(attribute.type.get(), native, count, bytes.data(), nullptr, transfer.get()) < 0) {
    H5Eclear2(H5E_DEFAULT);
    attribute.fail("holds " + misfit(native));
  }
  if (count != 0) std::memcpy(values, bytes.data(), count * native_width);
}

}  // namespace rheo::h5
