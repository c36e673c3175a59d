// Groups, paths within a file, and files.
#include <algorithm>
#include <new>

#include "io/h5/library.hpp"

namespace rheo::h5 {
namespace {

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
  if (H5Oget_info_by_name2(id(), prefix.c_str(), &info, H5O_INFO_BASIC, access.get()) < 0)
    raise(file(), below(path), "cannot be read");
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
  if (H5Literate(id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, visit, &names) < 0)
    raise(file(), path(), "cannot be listed");
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
  if (!id_of) raise(path, {}, "cannot be opened as an HDF5 file" + in_brackets(why), false);
  return {std::move(id_of), std::make_shared<std::string>(path), "/"};
}

File File::create(const std::string& path, Layout layout) {
  const Session session;
  const Id access = access_list();
  const Id creation = without_times(H5P_FILE_CREATE);
  H5Pset_sieve_buf_size(access.get(), 0);  // a write that fails is told by the write, not swallowed when closing
  if (layout == Layout::sealed)
    H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18);  // with checksums of most of its metadata
  else
    H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
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
  if (!flushed) raise(file(), {}, "cannot be written" + in_brackets(why), false);
  if (!closed) raise(file(), {}, "cannot be closed" + in_brackets(close_why), false);
}

}  // namespace rheo::h5
