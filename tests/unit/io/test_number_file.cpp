// Tables of numbers from CSV, NumPy and HDF5 files, and what is said about wrong ones.
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/experiment/number_file.hpp"
#include "io/h5/h5.hpp"
#include "networks/connect/rules.hpp"
#include "networks/network.hpp"
#include "tests/files.hpp"

namespace test_number_file {

using namespace rheo;

namespace {

using Numbers = std::vector<double>;

// As numpy.save writes it.
template <class T>
std::string npy(const std::string& type, const std::string& shape, const std::vector<T>& values,
                const std::string& fortran = "False", int version = 1) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
  header.resize((header.size() + 10 + 64) / 64 * 64 - (version == 1 ? 10 : 12) - 1, ' ');
  header += '\n';
  std::string text = "\x93NUMPY";
  text += static_cast<char>(version);
  text += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) text += static_cast<char>(header.size() >> 8 * i & 255);
  text += header;
  const std::size_t begin = text.size();
  text.resize(begin + values.size() * sizeof(T));
  std::memcpy(text.data() + begin, values.data(), values.size() * sizeof(T));
  return text;
}

std::string message(const std::string& path, const std::string& dataset = {}) {
  try {
    read_number_file(path, dataset);
  } catch (const UserError& error) {
    std::string text = error.what();
    const std::string folder = fs::path(path).parent_path().string() + "/";
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder))
      text.erase(at, folder.size());
    return text;
  }
  FAIL("nothing was refused");
  return {};
}

void check(const NumberTable& table, std::uint32_t rows, std::uint32_t columns, const Numbers& values) {
  CHECK(table.rows == rows);
  CHECK(table.columns == columns);
  CHECK(table.values == values);
}

std::string experiment_with(const std::string& projection) {
  return "[simulation]\nduration = 1.0\n[populations.E]\nmodel = \"iaf_psc_delta\"\nsize = 3\n[populations.I]\nlike = "
         "\"E\"\n"
         "size = 2\n[projections.p]\nsource = \"E\"\ntarget = \"I\"\n" +
         projection;
}

}  // namespace

TEST_CASE("numbers from CSV", "[experiment]") {
  const Scratch folder;
  check(read_number_file(folder.write("a.csv", "# w\n1, 2.5,-3e-2\r\n\n4,5,6"), {}), 2, 3, {1, 2.5, -0.03, 4, 5, 6});
  CHECK(message(folder.write("b.csv", "1,2\n3\n")) == "b.csv:2: has 1 numbers; expected 2 as in the rows before");
  CHECK(message(folder.write("c.csv", "1,x\n")) == "c.csv:1: \"x\" is no number; expected numbers between commas");
  CHECK(message(folder.write("d.csv", "1,2\n1,inf\n")) ==
        "d.csv:2: \"inf\" is no number; expected numbers between commas");
  CHECK(message(folder.write("e.csv", "\n")) == "e.csv: is empty; expected rows of numbers between commas");
  CHECK(message(folder / "f.csv") == "f.csv: cannot be read (No such file or directory)");
  CHECK(message(folder.write("g.csv", "1\n"), "/w") == "g.csv: has no datasets; expected an HDF5 file, or no dataset");
}

TEST_CASE("numbers from NumPy", "[experiment]") {
  const Scratch folder;
  const auto read = [&](const std::string& text) { return read_number_file(folder.write("w.npy", text), {}); };
  const Numbers six{1, 2, 3, 4, 5, 6};
  for (int version : {1, 2, 3}) check(read(npy("<f8", "(2, 3)", six, "False", version)), 2, 3, six);
  check(read(npy("<f4", "(3, 2)", std::vector<float>{1, 2, 3, 4, 5, 6})), 3, 2, six);
  check(read(npy("<i4", "(1, 2)", std::vector<std::int32_t>{-1, 7})), 1, 2, {-1, 7});
  check(read(npy("<i8", "(2, 1)", std::vector<std::int64_t>{-1, 7})), 2, 1, {-1, 7});
  check(read(npy("|b1", "(1, 2)", std::vector<std::uint8_t>{0, 1})), 1, 2, {0, 1});
  std::vector<double> many(300 * 100);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i);
  check(read(npy("<f8", "(300, 100)", many)), 300, 100, many);

  const auto refused = [&](const std::string& text) { return message(folder.write("w.npy", text)); };
  CHECK(refused(npy("<f8", "(6,)", six)) == "w.npy: is of shape (6); expected rows of numbers, both in two dimensions");
  CHECK(refused(npy(">f8", "(2, 3)", six)) ==
        "w.npy: holds numbers of type '>f8'; expected little-endian f8, f4 or integers");
  CHECK(refused(npy("<f8", "(2, 3)", six, "True")) ==
        "w.npy: is in Fortran's order; expected C order, as numpy.ascontiguousarray makes it");
  CHECK(refused(npy("<f8", "(2, 4)", six)) == "w.npy: has 48 bytes of numbers; expected 2 x 4 numbers of 8 bytes");
  CHECK(refused(npy("<f8", "(4294967295, 4294967295)", six)) ==
        "w.npy: has 48 bytes of numbers; expected 4294967295 x 4294967295 numbers of 8 bytes");
  CHECK(refused(npy("<f8", "(2, 3)", Numbers{1, 2, 3, 4, NAN, 6})) ==
        "w.npy: row 1, column 1 is nan; expected finite numbers, rows and columns counted from 0");
  CHECK(refused(npy("<f8", "(2, x)", six)) == "w.npy: the shape in its header is damaged; expected a file of NumPy");
  CHECK(refused("\x93NUMPY") == "w.npy: is no file of NumPy");
  CHECK(refused("1,2\n") == "w.npy: is no file of NumPy");
  // Whatever is cut off or changed, an error comes out, or numbers.
  const std::string whole = npy("<f8", "(2, 3)", six);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(refused(whole.substr(0, size)).empty());
  for (std::size_t at = 0; at < whole.size() - 48; ++at) {
    std::string changed = whole;
    changed[at] = '7';
    try {
      read(changed);
    } catch (const UserError&) {
    }
  }
}

TEST_CASE("numbers from HDF5", "[experiment]") {
  const Scratch folder;
  const std::string path = folder / "w.h5";
  {
    h5::File file = h5::File::create(path);
    const Numbers six{1, 2, 3, 4, 5, 6};
    const std::vector<std::uint64_t> shape{2, 3};
    auto table = file.create_dataset<double>("w", shape);
    table.write<double>(0, six);
    auto flat = file.create_dataset<double>("flat", 6);
    flat.write<double>(0, six);
  }
  check(read_number_file(path, "/w"), 2, 3, {1, 2, 3, 4, 5, 6});
  CHECK(message(path, "/flat") == "w.h5:/flat: is of shape (6); expected rows of numbers, both in two dimensions");
  CHECK(message(path) ==
        "w.h5: is no table of numbers; expected a file *.csv or *.npy, or dataset = \"..\" of an HDF5 file");
  CHECK_THAT(message(path, "/no"), Catch::Contains("/no"));
}

TEST_CASE("tables of files in an experiment", "[experiment]") {
  const Scratch folder;
  folder.write("w.csv", "0,1\n2,0\n3,4\n");
  folder.write("p.csv", "0.5,2\n");
  const auto read = [&](const std::string& projection) {
    return parse_experiment(folder.write("e.toml", experiment_with(projection)));
  };
  const auto weights = [](const Network& network) {
    Numbers all;
    for (NeuronId source = 0; source < 3; ++source) {
      std::vector<Synapse> out;
      network.outgoing(0, source, out);
      for (const Synapse& s : out) all.insert(all.end(), {double(s.source), double(s.target - 3), s.weight});
    }
    return all;
  };
  const Experiment by_matrix =
      read("connect = { rule = \"all_to_all\" }\nweight = { by = \"matrix\", values = { file = \"w.csv\" } }\n");
  CHECK(weights(Network(by_matrix.network, Threads(1))) ==
        Numbers{0, 0, 0, 0, 1, 1, 1, 0, 2, 1, 1, 0, 2, 0, 3, 2, 1, 4});
  CHECK(by_matrix.files.back() == folder / "w.csv");

  const Experiment by_rule = read("connect = { rule = \"matrix\", values = { file = \"w.csv\" } }\n");
  CHECK(weights(Network(by_rule.network, Threads(1))) == Numbers{0, 1, 1, 1, 0, 2, 2, 0, 3, 2, 1, 4});
  const Experiment fixed = read("connect = { rule = \"matrix\", values = { file = \"w.csv\" } }\nweight = 0.5\n");
  CHECK(weights(Network(fixed.network, Threads(1))) == Numbers{0, 1, 0.5, 1, 0, 0.5, 2, 0, 0.5, 2, 1, 0.5});

  const auto refused = [&](const std::string& projection) {
    try {
      read(projection);
    } catch (const UserError& error) {
      std::string text = error.what();
      const std::string name = (folder / "");
      for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name)) text.erase(at, name.size());
      return text;
    }
    return std::string();
  };
  const std::string all = "connect = { rule = \"all_to_all\" }\n";
  CHECK(refused("connect = { rule = \"modular\", p = { file = \"p.csv\" } }\n") ==
        "p.csv: projections.p.connect.p[0][1] = 2: is out of range; expected a number from 0 to 1");
  CHECK(refused(all + "weight = { by = \"matrix\", values = { file = \"no.npy\" } }\n") ==
        "e.toml:13: projections.p.weight.values = { file = \"no.npy\" }: no.npy: cannot be read (No such file or "
        "directory)");
  CHECK(refused(all + "weight = { by = \"metric\" }\n") ==
        "e.toml:13: projections.p.weight.by = \"metric\": unknown way to give a number to pairs; expected one of "
        "distance, group, matrix; did you mean \"matrix\"?");
  CHECK(refused(all + "weight = { by = \"distance\", offet = 1 }\n") ==
        "e.toml:13: projections.p.weight.offet: unknown key; expected one of by, offset, slope, amplitude, kernel, "
        "scale; did you mean \"offset\"?");
  CHECK_THAT(
      refused(all + "[inputs.i]\nkind = \"poisson\"\ntarget = \"E\"\nrate = { by = \"distance\", offset = 1 }\n"),
      Catch::StartsWith("e.toml:16: inputs.i.rate: depends on source and target; expected a number, a list or a "
                        "distribution"));
}

}  // namespace test_number_file
