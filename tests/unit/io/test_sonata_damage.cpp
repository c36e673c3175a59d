// SONATA files with one thing wrong in each place there is: every dataset of every file of a small network retyped,
// reshaped, removed, emptied, filled with wrong numbers or with a false claim of size; every file cut short. All of it
// must be refused with the file's name, or read as what it is.
#include <hdf5.h>

#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "io/h5/h5.hpp"
#include "io/sonata/sonata.hpp"
#include "networks/network.hpp"
#include "tests/unit/io/sonata_folder.hpp"

namespace test_sonata_damage {

using namespace rheo;
using namespace sonata_test;

namespace {

const std::vector<std::string> files{"net/cells.h5", "net/inputs.h5", "net/cc.h5", "net/ic.h5", "spikes.h5"};

std::vector<std::string> datasets_of(const fs::path& file) {
  const h5::Id open(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* to) -> herr_t {
    if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(to)->emplace_back(name);
    return 0;
  };
  H5Ovisit2(open.get(), H5_INDEX_NAME, H5_ITER_INC, visit, &names, H5O_INFO_BASIC);
  return names;
}

// Puts something else where a dataset of n values was; its attributes go too, unless the damage is in the numbers.
struct Damage {
  const char* what;
  bool harmless;  // may be read as what it is
  void (*make)(hid_t file, const char* path, hsize_t n);
};

void put_numbers(hid_t file, const char* path, const std::vector<double>& values, hid_t type = H5T_IEEE_F64LE) {
  const hsize_t n = values.size();
  const h5::Id space(H5Screate_simple(1, &n, nullptr));
  const h5::Id data(H5Dcreate2(file, path, type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  if (n != 0) H5Dwrite(data.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}
void put_nothing(hid_t file, const char* path, hid_t type, int rank, const hsize_t* shape) {
  const h5::Id space(rank < 0 ? H5Screate(H5S_NULL) : H5Screate_simple(rank, shape, nullptr));
  const h5::Id data(H5Dcreate2(file, path, type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

const std::vector<Damage> damages{
    {"missing", true, [](hid_t, const char*, hsize_t) {}},
    {"a group", false,
     [](hid_t file, const char* path, hsize_t) {
       const h5::Id group(H5Gcreate2(file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
     }},
    {"texts", false,
     [](hid_t file, const char* path, hsize_t n) {
       const h5::Id text(H5Tcopy(H5T_C_S1));
       H5Tset_size(text.get(), 4);
       put_nothing(file, path, text.get(), 1, &n);
     }},
    {"an enum", false,
     [](hid_t file, const char* path, hsize_t n) {
       const h5::Id type(H5Tenum_create(H5T_NATIVE_INT));
       const int one = 1;
       H5Tenum_insert(type.get(), "one", &one);
       put_nothing(file, path, type.get(), 1, &n);
     }},
    {"a compound", false,
     [](hid_t file, const char* path, hsize_t n) {
       const h5::Id type(H5Tcreate(H5T_COMPOUND, 8));
       H5Tinsert(type.get(), "x", 0, H5T_NATIVE_INT);
       put_nothing(file, path, type.get(), 1, &n);
     }},
    {"references", false,
     [](hid_t file, const char* path, hsize_t n) { put_nothing(file, path, H5T_STD_REF_OBJ, 1, &n); }},
    {"one number", false,
     [](hid_t file, const char* path, hsize_t) { put_nothing(file, path, H5T_STD_I32LE, 0, nullptr); }},
    {"no space at all", false,
     [](hid_t file, const char* path, hsize_t) { put_nothing(file, path, H5T_STD_I32LE, -1, nullptr); }},
    {"a table", false,
     [](hid_t file, const char* path, hsize_t n) {
       const hsize_t shape[] = {n, 2};
       put_nothing(file, path, H5T_STD_I32LE, 2, shape);
     }},
    {"one value too few", true,
     [](hid_t file, const char* path, hsize_t n) { put_numbers(file, path, std::vector<double>(n - 1, 0)); }},
    {"not a number", false,
     [](hid_t file, const char* path, hsize_t n) {
       put_numbers(file, path, std::vector<double>(n, std::numeric_limits<double>::quiet_NaN()));
     }},
    {"infinite", false,
     [](hid_t file, const char* path, hsize_t n) {
       put_numbers(file, path, std::vector<double>(n, std::numeric_limits<double>::infinity()));
     }},
    {"negative and large", false,
     [](hid_t file, const char* path, hsize_t n) { put_numbers(file, path, std::vector<double>(n, -1e300)); }},
    {"a claim of 2^40 values", false,
     [](hid_t file, const char* path, hsize_t) {
       const hsize_t many = hsize_t{1} << 40, chunk = 1024;
       const h5::Id space(H5Screate_simple(1, &many, nullptr));
       const h5::Id plist(H5Pcreate(H5P_DATASET_CREATE));
       H5Pset_chunk(plist.get(), 1, &chunk);
       const h5::Id data(H5Dcreate2(file, path, H5T_STD_I32LE, space.get(), H5P_DEFAULT, plist.get(), H5P_DEFAULT));
     }},
};

// What reading, checking, building and a short run say; empty when nothing was wrong.
std::string outcome(const Folder& folder) {
  try {
    const Experiment experiment = folder.read();
    Network::check(experiment.network);
    Network(experiment.network, Threads(1)).simulation().run(20);
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("SONATA: every dataset, wrong in every way", "[sonata][damage]") {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Folder folder;
  REQUIRE(outcome(folder).empty());
  std::size_t tried = 0, refused = 0;
  for (const std::string& name : files) {
    const fs::path file = folder / name, whole = folder / "whole.h5";
    fs::copy_file(file, whole, fs::copy_options::overwrite_existing);
    for (const std::string& path : datasets_of(whole)) {
      for (const Damage& damage : damages) {
        CAPTURE(name, path, damage.what);
        fs::copy_file(whole, file, fs::copy_options::overwrite_existing);
        {
          const h5::Id open(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
          hsize_t n = 0;
          {
            const h5::Id data(H5Dopen2(open.get(), path.c_str(), H5P_DEFAULT));
            const h5::Id space(H5Dget_space(data.get()));
            n = static_cast<hsize_t>(H5Sget_simple_extent_npoints(space.get()));
          }
          REQUIRE(H5Ldelete(open.get(), path.c_str(), H5P_DEFAULT) >= 0);
          damage.make(open.get(), path.c_str(), n);
        }
        const std::string said = outcome(folder);
        ++tried;
        if (!said.empty()) {
          ++refused;
          CHECK_THAT(said,
                     Catch::Contains(".h5") || Catch::Contains("projections.") || Catch::Contains("populations."));
        } else {
          // x of a node is read by nobody; what is optional may be missing, or fewer where nobody asks for the last.
          CHECK((damage.harmless || path == "nodes/cells/0/x"));
        }
      }
    }
    fs::copy_file(whole, file, fs::copy_options::overwrite_existing);
  }
  CHECK(tried > 300);
  CHECK(refused > tried * 8 / 10);
}

TEST_CASE("SONATA: files that were cut short", "[sonata][damage]") {
  const Folder folder;
  std::size_t refused = 0, tried = 0;
  for (const std::string& name : files) {
    const fs::path file = folder / name, whole = folder / "whole.h5";
    fs::copy_file(file, whole, fs::copy_options::overwrite_existing);
    const std::uintmax_t size = fs::file_size(whole);
    for (std::uintmax_t length = 0; length < size; length += 1 + size / 40) {
      CAPTURE(name, length);
      fs::copy_file(whole, file, fs::copy_options::overwrite_existing);
      fs::resize_file(file, length);
      const std::string said = outcome(folder);
      ++tried;
      CHECK_THAT(said, Catch::Contains(name));
      refused += said.empty() ? 0 : 1;
    }
    fs::copy_file(whole, file, fs::copy_options::overwrite_existing);
  }
  CHECK(tried > 150);
  CHECK(refused == tried);
  CHECK(outcome(folder).empty());
}

TEST_CASE("SONATA: huge claims are refused before memory is taken", "[sonata][damage]") {
  const Folder folder;
  const auto huge = [&](const std::string& name, const std::string& group, const char* data) {
    const fs::path file = folder / name;
    const h5::Id open(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    const std::string path = group + "/" + data;
    REQUIRE(H5Ldelete(open.get(), path.c_str(), H5P_DEFAULT) >= 0);
    const hsize_t many = hsize_t{1} << 31, chunk = hsize_t{1} << 20;
    const h5::Id space(H5Screate_simple(1, &many, nullptr)), plist(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(plist.get(), 1, &chunk);
    H5Pset_deflate(plist.get(), 9);
    const h5::Id made(
        H5Dcreate2(open.get(), path.c_str(), H5T_STD_U8LE, space.get(), H5P_DEFAULT, plist.get(), H5P_DEFAULT));
  };
  fs::copy_file(folder / "net/cells.h5", folder / "whole.h5");
  for (const char* data : {"node_type_id", "node_id", "node_group_id", "node_group_index"}) {
    CAPTURE(data);
    huge("net/cells.h5", "/nodes/cells", data);
    CHECK_THAT(outcome(folder),
               Catch::Contains("/nodes/cells/node_type_id: claims 2147483648 values, but the file does not store"));
  }
  fs::copy_file(folder / "whole.h5", folder / "net/cells.h5", fs::copy_options::overwrite_existing);
  for (const char* data : {"edge_type_id", "source_node_id", "target_node_id", "edge_group_id", "edge_group_index"})
    huge("net/cc.h5", "/edges/cells_to_cells", data);
  CHECK_THAT(outcome(folder), Catch::Contains("claims 2147483648 values, but the file does not store that many"));
}

}  // namespace test_sonata_damage
