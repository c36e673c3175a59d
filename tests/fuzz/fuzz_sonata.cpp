// Structurally hostile SONATA networks: the example network with objects of its HDF5 files removed, retyped, reshaped,
// linked into circles or filled with wrong numbers, and its text files damaged; then read, checked, built and run.
#include <hdf5.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "io/sonata/sonata.hpp"
#include "networks/network.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

namespace fs = std::filesystem;
using fuzz::Dice;

std::vector<std::string> objects_of(hid_t file) {
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5O_info_t*, void* to) -> herr_t {
    static_cast<std::vector<std::string>*>(to)->push_back(name);
    return 0;
  };
  H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &names);
  std::erase(names, ".");
  return names;
}

// A type of any class, to be closed.
hid_t any_type(Dice& dice) {
  const hid_t plain[] = {H5T_STD_I8LE,   H5T_STD_U8LE,   H5T_STD_I16BE, H5T_STD_U32LE, H5T_STD_I64LE,  H5T_STD_U64BE,
                         H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_C_S1,      H5T_STD_B16LE, H5T_STD_REF_OBJ};
  switch (dice.below(5)) {
    case 0: {
      const hid_t text = H5Tcopy(H5T_C_S1);
      H5Tset_size(text, dice.one_in(2) ? H5T_VARIABLE : 1 + dice.below(9));
      return text;
    }
    case 1:
      switch (dice.below(4)) {
        case 0: {
          const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
          H5Tinsert(pair, "a", 0, H5T_NATIVE_INT);
          return pair;
        }
        case 1:
          return H5Tvlen_create(H5T_NATIVE_DOUBLE);
        case 2: {
          const hid_t choice = H5Tenum_create(H5T_NATIVE_INT);
          const int one = 1;
          H5Tenum_insert(choice, "by_time", &one);
          return choice;
        }
        default: {
          const hsize_t three = 3;
          return H5Tarray_create2(H5T_NATIVE_FLOAT, 1, &three);
        }
      }
    default:
      return H5Tcopy(plain[dice.below(std::size(plain))]);
  }
}

hid_t any_space(Dice& dice, hsize_t usual) {
  const hsize_t sizes[] = {0,         1,         usual > 0 ? usual - 1 : 0, usual,
                           usual + 1, 2 * usual, hsize_t{1} << 33,          hsize_t{1} << 50};
  const hsize_t shape[3] = {dice.one_in(2) ? usual : sizes[dice.below(8)], 1 + dice.below(3), 2};
  switch (dice.below(8)) {
    case 0:
      return H5Screate(H5S_SCALAR);
    case 1:
      return H5Screate(H5S_NULL);
    case 2:
      return H5Screate_simple(2, shape, nullptr);
    case 3:
      return H5Screate_simple(3, shape, nullptr);
    default:
      return H5Screate_simple(1, shape, nullptr);
  }
}

double any_number(Dice& dice) {
  const double numbers[] = {-1,
                            0,
                            1,
                            2,
                            7,
                            1e9,
                            4294967295.0,
                            4294967296.0,
                            9.3e18,
                            1.9e19,
                            1e300,
                            -1e300,
                            0.5,
                            -0.0,
                            std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::infinity()};
  return numbers[dice.below(std::size(numbers))];
}

// Some of a numeric dataset's values become others.
void damage_values(Dice& dice, hid_t data) {
  const hid_t space = H5Dget_space(data), type = H5Dget_type(data);
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  const H5T_class_t kind = H5Tget_class(type);
  if (n > 0 && n < 100'000 && (kind == H5T_INTEGER || kind == H5T_FLOAT)) {
    std::vector<double> values(static_cast<std::size_t>(n));
    H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    for (std::size_t k = 1 + dice.below(3); k > 0; --k)
      values[dice.below(values.size())] = dice.one_in(2) ? any_number(dice) : values[dice.below(values.size())];
    if (dice.one_in(4)) std::fill(values.begin(), values.end(), any_number(dice));
    H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }
  H5Tclose(type);
  H5Sclose(space);
}

void damage_attribute(Dice& dice, hid_t object) {
  const char* const names[] = {"node_population", "magic", "version", "units", "sorting"};
  const char* const name = names[dice.below(std::size(names))];
  if (H5Aexists(object, name) > 0) H5Adelete(object, name);
  if (dice.one_in(3)) return;
  const hid_t type = any_type(dice), space = any_space(dice, 2);
  const hssize_t points = H5Sget_simple_extent_npoints(space);
  const bool is_text = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0;
  if (points >= 0 && points < 10) {
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<char> bytes(H5Tget_size(type) * static_cast<std::size_t>(points) + 8, 'c');
    // What points somewhere must point to something or nothing.
    const char* const word = dice.one_in(2) ? "cells" : "";
    if (is_text)
      for (hssize_t i = 0; i < points; ++i)
        std::memcpy(&bytes[static_cast<std::size_t>(i) * sizeof word], &word, sizeof word);
    else if (H5Tget_class(type) == H5T_VLEN || H5Tget_class(type) == H5T_REFERENCE)
      std::fill(bytes.begin(), bytes.end(), '\0');
    if (attribute >= 0) H5Awrite(attribute, type, bytes.data());
    H5Aclose(attribute);
  }
  H5Sclose(space);
  H5Tclose(type);
}

void damage_hdf5(Dice& dice, const fs::path& path) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const std::vector<std::string> names = objects_of(file);
  const std::string name = dice.pick(names);
  hsize_t usual = 1;
  const hid_t object = H5Oopen(file, name.c_str(), H5P_DEFAULT);
  const bool is_data = H5Iget_type(object) == H5I_DATASET;
  if (is_data) {
    const hid_t space = H5Dget_space(object);
    usual = static_cast<hsize_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space)));
    H5Sclose(space);
  }
  const std::size_t what = dice.below(10);
  if (what < 3 && is_data) {
    damage_values(dice, object);
  } else if (what < 5) {
    damage_attribute(dice, object);
  } else if (what == 5) {
    H5Ldelete(file, name.c_str(), H5P_DEFAULT);
  } else if (what == 6) {  // another kind of thing
    H5Ldelete(file, name.c_str(), H5P_DEFAULT);
    switch (dice.below(4)) {
      case 0:
        H5Gclose(H5Gcreate2(file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        break;
      case 1:
        H5Lcreate_soft(('/' + name).c_str(), file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
        break;
      case 2:
        H5Lcreate_external("/dev/zero", "/x", file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
        break;
      default:
        H5Lcreate_hard(file, dice.pick(names).c_str(), file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    }
  } else if (what == 7) {  // a circle
    H5Lcreate_hard(file, "/", file, (name + "/again").c_str(), H5P_DEFAULT, H5P_DEFAULT);
  } else {  // a dataset of another type and shape, with nothing stored in it
    H5Ldelete(file, name.c_str(), H5P_DEFAULT);
    const hid_t type = any_type(dice), space = any_space(dice, usual), creation = H5Pcreate(H5P_DATASET_CREATE);
    const int rank = H5Sget_simple_extent_ndims(space);
    const hsize_t chunk[3] = {1000, 1, 1};
    if (rank > 0 && H5Sget_simple_extent_type(space) == H5S_SIMPLE) H5Pset_chunk(creation, rank, chunk);
    const hid_t data = H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (data >= 0) H5Dclose(data);
    H5Pclose(creation);
    H5Sclose(space);
    H5Tclose(type);
  }
  H5Oclose(object);
  H5Fclose(file);
}

void damage_text(Dice& dice, const fs::path& path) {
  std::string text = fuzz::read(path);
  static const std::vector<std::string> pieces = {
      "-1", "1e400", "null", "[]", "{}",  "\"\"",       "NULL",          "nan",
      " ",  "\n",    "\"",   "$X", "../", "4294967296", "iaf_psc_alpha", "virtual"};
  for (std::size_t n = 1 + dice.below(3); n > 0 && !text.empty(); --n) {
    const std::size_t at = dice.below(text.size());
    switch (dice.below(4)) {
      case 0:
        text[at] = static_cast<char>(dice.below(256));
        break;
      case 1:
        text.insert(at, dice.pick(pieces));
        break;
      case 2:
        text.erase(at, 1 + dice.below(20));
        break;
      default:  // another value
        if (const std::size_t colon = text.find(':', at); colon != std::string::npos) {
          const std::size_t end = text.find_first_of(",}\n", colon);
          if (end != std::string::npos) text.replace(colon + 1, end - colon - 1, dice.pick(pieces));
        }
    }
  }
  fuzz::write(path, text);
}

}  // namespace

int main(int argc, char** argv) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__has_feature)
  const rlimit most{rlim_t{8} << 30, rlim_t{8} << 30};  // what allocates before it looks fails here
  setrlimit(RLIMIT_AS, &most);
#endif
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const fs::path seed = fs::path(RHEO_SOURCE_DIR) / "examples/sonata";
  const fs::path folder = fuzz::scratch("rheo_fuzz_sonata");
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(seed))
    if (entry.is_regular_file() && entry.path().extension() != ".py")
      files.push_back(fs::relative(entry.path(), seed).string());
  std::sort(files.begin(), files.end());
  fs::copy(seed, folder, fs::copy_options::recursive);
  std::uint64_t run = 0;
  const int result = fuzz::run(argc, argv, folder, [&](Dice& dice, std::uint64_t) {
    for (const std::string& file : files)
      fs::copy_file(seed / file, folder / file, fs::copy_options::overwrite_existing);
    for (std::size_t n = 1 + dice.below(2); n > 0; --n) {
      const std::string& file = dice.pick(files);
      if (fs::path(file).extension() == ".h5")
        damage_hdf5(dice, folder / file);
      else
        damage_text(dice, folder / file);
    }
    const rheo::Experiment experiment =
        rheo::read_sonata_config((folder / "config.json").string(), {"simulation.duration=1.0"});
    std::uint64_t neurons = 0;
    for (const auto& population : experiment.network.populations) neurons += population.size;
    if (neurons > 10'000) return true;
    ++run;
    rheo::Network network(experiment.network, rheo::Threads(1));
    network.simulation().run(20);
    return true;
  });
  std::cout << run << " were built and run" << std::endl;
  if (result == 0) fs::remove_all(folder);
  return result;
}
