#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <span>
#include <thread>
#include <type_traits>

#include "io/h5/h5.hpp"
#include "io/spikes/reader.hpp"
#include "tests/files.hpp"
#include "tests/sanitized.hpp"

namespace test_h5 {

using namespace rheo;
namespace {

// Identifiers that the library holds open, of all files.
ssize_t open_ids() {
  return H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_ALL);
}

// Runs a script with h5py; the file's path is sys.argv[1].
int python(const Scratch& scratch, const std::string& file, const std::string& script) {
  const std::string path = scratch / "script.py";
  std::ofstream(path) << "import sys, h5py, numpy as np\n" << script;
  return std::system(("/usr/bin/python3 " + path + " " + file).c_str());
}

template <class Call>
Complaint complaint_of(Call&& call) {
  try {
    call();
  } catch (const h5::Error& error) {
    return error.complaint();
  }
  FAIL("no h5::Error");
  return {};
}

static_assert(std::is_nothrow_move_constructible_v<h5::File> && std::is_nothrow_move_assignable_v<h5::File>);
static_assert(std::is_nothrow_move_constructible_v<h5::Dataset> && std::is_nothrow_move_assignable_v<h5::Dataset>);
static_assert(!std::is_copy_constructible_v<h5::Group>);

}  // namespace

TEST_CASE("what is written comes back, in any fitting type", "[h5]") {
  const Scratch scratch;
  const auto before = open_ids();
  {
    h5::File file = h5::File::create(scratch / "a.h5");
    h5::Group group = file.create_group("g");
    const std::array<std::uint64_t, 2> shape{2, 3};
    h5::Dataset table = group.create_dataset<float>("table", shape);
    const std::vector<float> values{1, 2, 3, 4, 5, 6};
    table.write<float>(0, values);
    table.set_text("units", "mV");
    table.set_text("empty", "");
    table.set_text("greek", "\xce\xbcV");
    group.set_number<std::uint32_t>("magic", 0x0A7A);
    const std::vector<std::int64_t> list{-1, 2};
    group.set_numbers<std::int64_t>("list", list);
    const std::vector<h5::EnumMember> members{{"none", 0}, {"by_time", 2}};
    group.set_enum("sorting", members, 2);
    h5::Dataset grows = group.create_growing<std::uint64_t>("grows", 4);
    for (std::uint64_t i = 0; i < 3; ++i) {
      const std::vector<std::uint64_t> more{10 * i, 10 * i + 1, 10 * i + 2};
      grows.append<std::uint64_t>(more);
    }
    grows.append<std::uint64_t>({});
    const std::vector<std::string> texts{"a", "", "long enough"};
    group.create_texts("texts", texts);
    group.create_dataset<double>("none", 0);
    h5::Dataset scalar = group.create_dataset<double>("scalar", std::span<const std::uint64_t>());
    const double pi = 3.5;
    scalar.write<double>(0, std::span(&pi, 1));
  }
  {
    const h5::File file = h5::File::open(scratch / "a.h5");
    CHECK(file.list() == std::vector<std::string>{"g"});
    const h5::Group group = file.group("g");
    CHECK(group.list() == std::vector<std::string>{"grows", "none", "scalar", "table", "texts"});
    CHECK(file.has_dataset("/g/table"));
    CHECK(file.has_group("g"));
    CHECK(file.has_group("/"));
    CHECK_FALSE(file.has_group("g/table"));
    CHECK_FALSE(file.exists("h/deep/path"));
    CHECK_FALSE(file.exists("g/table/below"));
    const h5::Dataset table = file.dataset("g/table");
    CHECK(table.path() == "/g/table");
    CHECK(table.shape() == std::vector<std::uint64_t>{2, 3});
    CHECK(table.size() == 6);
    CHECK(table.kind() == h5::Kind::real);
    CHECK(table.read<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
    CHECK(table.read<std::uint32_t>(1, 1) == std::vector<std::uint32_t>{4, 5, 6});
    CHECK(table.text_attribute("units") == "mV");
    CHECK(table.text_attribute("empty") == "");
    CHECK(table.text_attribute("greek") == "\xce\xbcV");
    CHECK_FALSE(table.text_attribute("nothing"));
    CHECK(group.text_attribute("sorting") == "by_time");
    CHECK(group.numbers_attribute<std::uint32_t>("magic") == std::vector<std::uint32_t>{0x0A7A});
    CHECK(group.numbers_attribute<double>("list") == std::vector<double>{-1, 2});
    CHECK_FALSE(group.numbers_attribute<int>("nothing"));
    CHECK(group.dataset("grows").read<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2, 10, 11, 12, 20, 21, 22});
    CHECK(group.dataset("grows").read<float>(2, 3) == std::vector<float>{2, 10, 11});
    CHECK(group.dataset("texts").read_texts() == std::vector<std::string>{"a", "", "long enough"});
    CHECK(group.dataset("none").read<double>().empty());
    CHECK(group.dataset("scalar").rank() == 0);
    CHECK(group.dataset("scalar").read<double>() == std::vector<double>{3.5});
  }
  CHECK(open_ids() == before);
}

TEST_CASE("errors name file, object and cause, and leave nothing open", "[h5]") {
  const Scratch scratch;
  const auto before = open_ids();
  const auto missing = complaint_of([&] { h5::File::open(scratch / "missing.h5"); });
  CHECK(missing.file == scratch / "missing.h5");
  CHECK(missing.problem == "cannot be opened as an HDF5 file (No such file or directory)");
  CHECK(complaint_of([&] { h5::File::create(scratch / "no/such/folder.h5"); }).problem ==
        "cannot be created (No such file or directory)");
  std::ofstream(scratch / "text.h5") << "this is no HDF5 file";
  CHECK(complaint_of([&] {
          h5::File::open(scratch / "text.h5", h5::File::Access::sealed_or_live);
        }).problem.starts_with("cannot be opened as an HDF5 file ("));
  {
    h5::File file = h5::File::create(scratch / "a.h5");
    h5::Group group = file.create_group("g");
    h5::Dataset values = group.create_dataset<double>("values", 3);
    const std::vector<double> three{1.5, -1, 300};
    values.write<double>(0, three);
    group.create_texts("texts", std::vector<std::string>{"x"});
    group.set_text("name", "x");
    group.set_number<int>("minus", -1);

    const auto fraction = complaint_of([&] { values.read<std::int64_t>(0, 1); });
    CHECK(fraction.key == "/g/values");
    CHECK(fraction.file == scratch / "a.h5");
    CHECK(fraction.problem == "holds a value that does not fit 64-bit integers");
    CHECK(complaint_of([&] { values.read<std::uint64_t>(1, 1); }).problem ==
          "holds a value that does not fit 64-bit unsigned integers");
    CHECK_THROWS_AS(values.read<std::uint8_t>(2, 1), h5::Error);
    CHECK(values.read<std::int16_t>(2, 1) == std::vector<std::int16_t>{300});
    CHECK_THROWS_AS(values.read<double>(2, 2), h5::Error);
    CHECK_THROWS_AS(values.read<double>(4, 0), h5::Error);
    CHECK_THROWS_AS(values.read<double>(1, std::numeric_limits<std::uint64_t>::max()), h5::Error);
    CHECK_THROWS_AS(values.append<double>(three), h5::Error);
    CHECK_THROWS_AS(values.write<double>(1, three), h5::Error);
    CHECK_THROWS_AS(values.read_texts(), h5::Error);
    CHECK(complaint_of([&] { group.dataset("texts").read<double>(); }).problem == "must hold numbers, but holds texts");
    CHECK(complaint_of([&] { group.dataset("nothing"); }).key == "/g/nothing");
    CHECK(complaint_of([&] { file.group("g/values"); }).problem == "must be a group");
    CHECK(complaint_of([&] { file.dataset("g"); }).problem == "must be a dataset");
    CHECK_THROWS_AS(file.create_group("g"), h5::Error);
    CHECK_THROWS_AS(group.set_text("name", "again"), h5::Error);
    CHECK(complaint_of([&] { group.numbers_attribute<double>("name"); }).key == "/g@name");
    CHECK_THROWS_AS(group.text_attribute("minus"), h5::Error);
    CHECK(complaint_of([&] { group.numbers_attribute<unsigned>("minus"); }).problem ==
          "holds a value that does not fit 32-bit unsigned integers");
  }
  CHECK(open_ids() == before);
}

// Who writes locks in steps while a recording begins; a lock of ours in between would break it.
TEST_CASE("who looks at files that may grow takes no lock", "[h5]") {
  const Scratch scratch;
  const std::string path = scratch / "some.h5";
  h5::File::create(path, h5::File::Layout::live).set_text("name", "text");
  const int other = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto is_free = [&] {
    const bool locked = ::flock(other, LOCK_EX | LOCK_NB) == 0;
    ::flock(other, LOCK_UN);
    return locked;
  };
  {
    const h5::File file = h5::File::open(path, h5::File::Access::sealed_or_live);
    CHECK(file.text_attribute("name") == "text");
    CHECK(is_free());
  }
  {
    const h5::File file = h5::File::open(path, h5::File::Access::sealed);
    CHECK_FALSE(is_free());
  }
  ::close(other);

  // Nor of one that is not whole yet: with a lock it would say that another has it.
  const std::string begun = scratch / "begun.h5";
  std::ofstream(begun) << "not yet";
  const int writer = ::open(begun.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(writer, LOCK_EX | LOCK_NB) == 0);
  CHECK(complaint_of([&] { h5::File::open(begun, h5::File::Access::sealed_or_live); }).problem ==
        "cannot be opened as an HDF5 file (file signature not found)");
  ::close(writer);
}

TEST_CASE("moved-from and assigned objects close exactly once", "[h5]") {
  const Scratch scratch;
  const auto before = open_ids();
  {
    h5::File a = h5::File::create(scratch / "a.h5");
    h5::File b = std::move(a);
    h5::Dataset x = b.create_dataset<double>("x", 0);
    h5::Dataset y = b.create_dataset<double>("y", 0);
    x = std::move(y);
    CHECK(x.path() == "/y");
    b = h5::File::create(scratch / "b.h5");
    CHECK(x.size() == 0);  // keeps its file alive
  }
  CHECK(open_ids() == before);
  h5::File file = h5::File::create(scratch / "c.h5");
  file.close();
  CHECK(open_ids() == before);
}

TEST_CASE("the same content is the same bytes, whenever it was written", "[h5]") {
  const Scratch scratch;
  const auto write = [&](const std::string& name) {
    h5::File file = h5::File::create(scratch / name);
    file.set_number<int>("n", 1);
    h5::Group group = file.create_group("g");
    h5::Dataset dataset = group.create_dataset<double>("x", 1000);
    dataset.set_text("units", "ms");
    dataset.write<double>(0, std::vector<double>(1000, 1.25));
    file.create_growing<float>("y", 16).append<float>(std::vector<float>(100, 2.0f));
  };
  write("a.h5");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  write("b.h5");
  CHECK((bytes_of(scratch / "a.h5") == bytes_of(scratch / "b.h5")));
  // The superblock of HDF5 1.8, with a checksum: the oldest that guards what describes the datasets.
  CHECK(bytes_of(scratch / "a.h5")[8] == 2);
}

TEST_CASE("files of other programs: strings of all kinds, odd types, huge claims", "[h5]") {
  if (!has_h5py()) {
    WARN("skipped: no python3 with h5py");
    return;
  }
  const Scratch scratch;
  REQUIRE(python(scratch, scratch / "a.h5", R"(
f = h5py.File(sys.argv[1], 'w')
f.attrs['variable'] = 'by_time'
f.attrs.create('fixed', np.bytes_('by_id'))
f.attrs.create('one', np.array(['x'], dtype=h5py.string_dtype()))
f.attrs.create('padded', 'ab', dtype=h5py.h5t.string_dtype('ascii', 10))
f.attrs['utf8'] = 'µV'
t = h5py.h5t.TypeID
s = h5py.h5t.FORTRAN_S1.copy(); s.set_size(6)
a = h5py.h5a.create(f.id, b'fortran', s, h5py.h5s.create(h5py.h5s.SCALAR)); a.write(np.array(b'ms', dtype='S6'))
f.attrs.create('enum', 1, dtype=h5py.enum_dtype({'none': 0, 'by_id': 1}, basetype='u4'))
f.attrs['pair'] = np.array([0, 1], dtype='>i2')
f['be'] = np.arange(5, dtype='>i8')
f['u1'] = np.arange(5, dtype='u1')
f['f2'] = np.arange(5, dtype='f2')
f['nan'] = np.array([1, np.nan])
f['big'] = np.array([2**63], dtype='u8')
f['texts'] = ['a', 'bµ', '']
f['compound'] = np.zeros(2, dtype=[('a', 'i4')])
f['enums'] = np.zeros(2, dtype=h5py.enum_dtype({'no': 0}))
f.create_dataset('huge', shape=(2**50,), chunks=(1024,), dtype='f8')
f.create_dataset('huge2', shape=(2**40, 2**40), chunks=(10, 10), dtype='f8')
f.create_dataset('sparse', shape=(1000,), chunks=(10,), dtype='f8', fillvalue=7)
f.create_dataset('zipped', data=np.zeros(3000000), chunks=(100000,), compression=9)
f.create_dataset('null', data=h5py.Empty('f8'))
f['dangling'] = h5py.SoftLink('/nowhere')
f['alias'] = h5py.SoftLink('/be')
)") == 0);
  const h5::File file = h5::File::open(scratch / "a.h5");
  CHECK(file.text_attribute("variable") == "by_time");
  CHECK(file.text_attribute("fixed") == "by_id");
  CHECK(file.text_attribute("one") == "x");
  CHECK(file.text_attribute("padded") == "ab");
  CHECK(file.text_attribute("utf8") == "\xc2\xb5V");
  CHECK(file.text_attribute("fortran") == "ms");
  CHECK(file.text_attribute("enum") == "by_id");
  CHECK(file.numbers_attribute<std::uint32_t>("pair") == std::vector<std::uint32_t>{0, 1});
  for (const char* name : {"be", "u1", "f2", "alias"}) {
    CAPTURE(name);
    if (std::string(name) != "f2") {  // the library takes any half-width real for one that is cut
      CHECK(file.dataset(name).read<std::uint32_t>() == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
    }
    CHECK(file.dataset(name).read<double>() == std::vector<double>{0, 1, 2, 3, 4});
  }
  CHECK(std::isnan(file.dataset("nan").read<float>()[1]));
  CHECK_THROWS_AS(file.dataset("nan").read<int>(), h5::Error);
  CHECK_THROWS_AS(file.dataset("big").read<std::int64_t>(), h5::Error);
  CHECK(file.dataset("big").read<double>() == std::vector<double>{9223372036854775808.0});
  CHECK(file.dataset("texts").read_texts() == std::vector<std::string>{"a", "b\xc2\xb5", ""});
  CHECK(file.dataset("compound").kind() == h5::Kind::other);
  CHECK_THROWS_AS(file.dataset("compound").read<double>(), h5::Error);
  CHECK_THROWS_AS(file.dataset("enums").read<double>(), h5::Error);
  CHECK(complaint_of([&] { file.dataset("huge").read<double>(); }).problem ==
        "claims 1125899906842624 values, but the file does not store that many");
  CHECK(complaint_of([&] { file.dataset("huge").read<double>(5, 10); }).problem ==
        "has room for 1125899906842624 values, but none was ever written");
  CHECK_THROWS_AS(file.dataset("huge2").read<double>(), h5::Error);
  CHECK(file.dataset("sparse").read<double>() == std::vector<double>(1000, 7.0));
  CHECK(file.dataset("zipped").read<float>().size() == 3'000'000);
  CHECK(file.dataset("null").size() == 0);
  CHECK_THROWS_AS(file.exists("dangling"), h5::Error);
  CHECK_THROWS_AS(file.dataset("dangling"), h5::Error);
}

TEST_CASE("what we write, h5py reads as it was meant", "[h5]") {
  if (!has_h5py()) {
    WARN("skipped: no python3 with h5py");
    return;
  }
  const Scratch scratch;
  {
    h5::File file = h5::File::create(scratch / "a.h5");
    file.set_number<std::uint32_t>("magic", 0x0A7A);
    const std::vector<h5::EnumMember> members{{"none", 0}, {"by_id", 1}, {"by_time", 2}};
    file.set_enum("sorting", members, 2);
    file.set_text("units", "ms");
    file.create_texts("texts", std::vector<std::string>{"ab", "c"});
  }
  CHECK(python(scratch, scratch / "a.h5", R"(
f = h5py.File(sys.argv[1], 'r')
assert f.attrs['magic'] == 0x0A7A and f.attrs['magic'].dtype == np.uint32
t = f.attrs.get_id('sorting').dtype
assert h5py.check_enum_dtype(t) == {'none': 0, 'by_id': 1, 'by_time': 2} and f.attrs['sorting'] == 2
assert f.attrs['units'] in ('ms', b'ms'), f.attrs['units']
assert list(f['texts'].asstr()) == ['ab', 'c']
)") == 0);
}

TEST_CASE("damaged files end in an h5::Error or in data", "[h5]") {
  // Cut anywhere in the oldest format; bytes changed in the newest, whose descriptions carry checksums. In the oldest
  // format nothing tells a changed description from a right one, and the library trusts it: that is out of our hands.
  const Scratch scratch;
  const auto write = [&](const std::string& name, h5::File::Layout layout) {
    h5::File file = h5::File::create(scratch / name, layout);
    file.set_number<std::uint32_t>("magic", 0x0A7A);
    h5::Group spikes = file.create_group("spikes");
    h5::Group e = spikes.create_group("E");
    e.set_text("sorting", "by_time");
    h5::Dataset times = e.create_dataset<double>("timestamps", 50);
    times.set_text("units", "ms");
    times.write<double>(0, std::vector<double>(50, 1.0));
    e.create_growing<std::uint64_t>("node_ids", 8).append<std::uint64_t>(std::vector<std::uint64_t>(50, 3));
  };
  write("oldest.h5", h5::File::Layout::sealed);
  write("newest.h5", h5::File::Layout::live);
  const std::string oldest = bytes_of(scratch / "oldest.h5"), newest = bytes_of(scratch / "newest.h5");
  // In a process of its own: the library forgets some of its memory when it meets a damaged file.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child != 0) {
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    return;
  }
  std::mt19937 random(11);
  int readable = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string damaged = i % 5 == 0 ? oldest : newest;
    if (i % 5 == 0) {
      damaged.resize(random() % damaged.size());
    } else {
      for (int k = 0; k < 1 + i % 3; ++k) {
        const auto at = random() % damaged.size();
        damaged[at] = static_cast<char>(i % 2 == 0 ? random() : 0xff);
      }
    }
    // Names take turns: the library must not take a file for the one before.
    const std::string path = scratch / ("damaged" + std::to_string(i % 2) + ".h5");
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      const RecordedSpikes spikes = read_spikes(path);
      if (spikes.times.size() != spikes.nodes.size()) ::_exit(1);
      ++readable;
    } catch (const h5::Error&) {
    } catch (...) {
      ::_exit(2);
    }
  }
  ::_exit(readable > 0 && readable < 1500 ? 0 : 3);
}

// ---- spike files of other programs

TEST_CASE("spike files in all the layouts that are about", "[spike_reader]") {
  if (!has_h5py()) {
    WARN("skipped: no python3 with h5py");
    return;
  }
  const Scratch scratch;
  REQUIRE(python(scratch, scratch / "new.h5", R"(
f = h5py.File(sys.argv[1], 'w')
def pop(name, sorting=None, on_ids=False, units='ms', ids='u8', times='f8'):
    g = f.create_group('spikes/' + name)
    g.create_dataset('timestamps', data=np.array([0.5, 1.5, 1.0], dtype=times))
    if units is not None: g['timestamps'].attrs['units'] = units
    g.create_dataset('node_ids', data=np.array([2, 0, 1], dtype=ids))
    if sorting is not None: (g['node_ids'] if on_ids else g).attrs['sorting'] = sorting
pop('text', 'by_time')
pop('bytes', np.bytes_('none'))
pop('ids', 'by_id', on_ids=True)
pop('absent', units=None, ids='>i4', times='f4')
pop('seconds', units='s')
pop('negative', ids='i8'); f['spikes/negative/node_ids'][0] = -1
pop('nan'); f['spikes/nan/timestamps'][1] = np.nan
g = f.create_group('spikes/enum'); g['timestamps'] = np.array([0.5, 1.5, 1.0]); g['node_ids'] = np.array([2, 0, 1])
g.attrs.create('sorting', 0, dtype=h5py.enum_dtype({'none': 0, 'by_id': 1, 'by_time': 2}))
g = f.create_group('spikes/short'); g['timestamps'] = np.array([0.5, 1.5]); g['node_ids'] = np.array([2])
g = f.create_group('spikes/table'); g['timestamps'] = np.zeros((2, 2)); g['node_ids'] = np.zeros((2, 2), dtype=int)
g = f.create_group('spikes/empty'); g['timestamps'] = np.zeros(0); g['node_ids'] = np.zeros(0, dtype=int)
f.create_group('spikes/nothing')
)") == 0);
  const std::string file = scratch / "new.h5";
  for (const char* name : {"text", "bytes", "ids", "absent", "enum"}) {
    CAPTURE(name);
    const RecordedSpikes spikes = read_spikes(file, name);
    CHECK(spikes.times == std::vector<double>{0.5, 1.5, 1.0});
    CHECK(spikes.nodes == std::vector<std::uint64_t>{2, 0, 1});
  }
  CHECK(read_spikes(file, "empty").times.empty());
  CHECK(complaint_of([&] { read_spikes(file, "seconds"); }).key == "/spikes/seconds/timestamps@units");
  CHECK(complaint_of([&] { read_spikes(file, "negative"); }).key == "/spikes/negative/node_ids");
  CHECK(complaint_of([&] { read_spikes(file, "nan"); }).problem == "value 1 is not a finite number");
  CHECK(complaint_of([&] { read_spikes(file, "short"); }).key == "/spikes/short/timestamps");
  CHECK(complaint_of([&] { read_spikes(file, "table"); }).problem == "must have one dimension, but has 2");
  CHECK(complaint_of([&] { read_spikes(file, "nothing"); }).key == "/spikes/nothing/timestamps");
  CHECK(complaint_of([&] { read_spikes(file, "txt"); }).suggestion == "text");
  CHECK_THROWS_AS(read_spikes(file), h5::Error);  // several
  CHECK(spike_populations(file).size() == 12);

  REQUIRE(python(scratch, scratch / "old.h5", R"(
f = h5py.File(sys.argv[1], 'w')
f['spikes/gids'] = np.array([3, 1], dtype='u4'); f['spikes/timestamps'] = np.array([1.0, 2.0])
f['spikes'].attrs['sorting'] = 'by_gid'
)") == 0);
  CHECK(read_spikes(scratch / "old.h5").nodes == std::vector<std::uint64_t>{3, 1});
  CHECK(read_spikes(scratch / "old.h5", "any").times == std::vector<double>{1, 2});
  CHECK(spike_populations(scratch / "old.h5").empty());

  REQUIRE(python(scratch, scratch / "one.h5", R"(
f = h5py.File(sys.argv[1], 'w')
f['spikes/only/node_ids'] = np.array([3, 1]); f['spikes/only/timestamps'] = np.array([1.0, 2.0])
)") == 0);
  CHECK(read_spikes(scratch / "one.h5").nodes == std::vector<std::uint64_t>{3, 1});
  CHECK_THROWS_AS(read_spikes(scratch / "script.py"), h5::Error);
}

TEST_CASE("nothing is read that is not in the file", "[h5]") {
  const Scratch scratch;
  const std::string path = scratch / "a.h5";
  const hsize_t size = 80;
  {
    h5::File file = h5::File::create(path, h5::File::Layout::live);
    h5::Group group = file.create_group("g");
    group.create_dataset<double>("here", size).write<double>(0, std::vector<double>(size, 5));
    const h5::Id space(H5Screate_simple(1, &size, nullptr));
    const auto create = [&](const char* name, const h5::Id& plist) {
      const h5::Id made(
          H5Dcreate2(group.id(), name, H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, plist.get(), H5P_DEFAULT));
      REQUIRE(made);
    };
    const double five = 5;
    const h5::Id virtual_one(H5Pcreate(H5P_DATASET_CREATE)), elsewhere(H5Pcreate(H5P_DATASET_CREATE)),
        empty(H5Pcreate(H5P_DATASET_CREATE)), filled(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_fill_value(virtual_one.get(), H5T_NATIVE_DOUBLE, &five);
    H5Pset_virtual(virtual_one.get(), space.get(), "source.h5", "/w", space.get());
    H5Pset_external(elsewhere.get(), "raw.bin", 0, size * 8);
    H5Pset_fill_value(filled.get(), H5T_NATIVE_DOUBLE, &five);
    create("virtual", virtual_one);
    create("external", elsewhere);
    create("unwritten", empty);
    create("filled", filled);
    H5Lcreate_soft("/g/nowhere", group.id(), "dangling", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/g/here", group.id(), "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("other.h5", "/w", group.id(), "link", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/g/link", group.id(), "detour", H5P_DEFAULT, H5P_DEFAULT);
  }
  // Both other files are there: they are not read all the same.
  {
    h5::File other = h5::File::create(scratch / "other.h5");
    other.create_dataset<double>("w", size).write<double>(0, std::vector<double>(size, 7));
  }
  const h5::File file = h5::File::open(path);
  const auto message = [&](const char* name) {
    const Complaint c = complaint_of([&] { file.dataset("g/" + std::string(name)).read<double>(); });
    CHECK(c.file == path);
    CHECK(c.key == "/g/" + std::string(name));
    return c.problem;
  };
  CHECK(file.dataset("g/here").read<double>() == std::vector<double>(size, 5));
  CHECK(file.dataset("g/soft").read<double>() == std::vector<double>(size, 5));
  CHECK(file.dataset("g/filled").read<double>() == std::vector<double>(size, 5));  // its maker said so
  CHECK(message("virtual") == "is a virtual dataset: its values are in source.h5");
  CHECK(message("external") == "has external storage: its values are in raw.bin");
  CHECK(message("unwritten") == "has room for 80 values, but none was ever written");
  CHECK(message("dangling") == "is a link to /g/nowhere, which is not in this file");
  CHECK(message("link") == "is a link into another file, other.h5:/w");
  CHECK(message("detour") == "is a link to /g/link, which is not in this file");
  // What may be missing is not what leads nowhere.
  CHECK_FALSE(file.exists("g/absent"));
  CHECK_THROWS_AS(file.exists("g/dangling"), h5::Error);
  CHECK_THROWS_AS(file.has_group("g/link"), h5::Error);
  CHECK_THROWS_AS(spike_populations(path), h5::Error);
}

TEST_CASE("rows of a chunked dataset that nobody wrote are no zeros", "[h5]") {
  const Scratch scratch;
  const std::string path = scratch / "a.h5";
  const auto layout = GENERATE(h5::File::Layout::sealed, h5::File::Layout::live);
  const bool grows = GENERATE(false, true), is_compressed = GENERATE(false, true);
  CAPTURE(grows, is_compressed);
  const double five = 5;
  {
    const h5::File file = h5::File::create(path, layout);
    const auto plist_of = [&](std::vector<hsize_t> chunk) {
      h5::Id plist(H5Pcreate(H5P_DATASET_CREATE));
      H5Pset_chunk(plist.get(), static_cast<int>(chunk.size()), chunk.data());
      if (is_compressed) H5Pset_deflate(plist.get(), 1);
      return plist;
    };
    const auto make = [&](const char* name, std::vector<hsize_t> shape, const h5::Id& plist) {
      const std::vector<hsize_t> most(shape.size(), H5S_UNLIMITED);
      const h5::Id space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), grows ? most.data() : nullptr));
      h5::Id made(H5Dcreate2(file.id(), name, H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, plist.get(), H5P_DEFAULT));
      REQUIRE(made);
      return made;
    };
    const auto write = [&](const h5::Id& data, std::vector<hsize_t> first, std::vector<hsize_t> count) {
      const h5::Id to(H5Dget_space(data.get()));
      const h5::Id from(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
      H5Sselect_hyperslab(to.get(), H5S_SELECT_SET, first.data(), nullptr, count.data(), nullptr);
      const std::vector<double> values(1000, 7);
      REQUIRE(H5Dwrite(data.get(), H5T_NATIVE_DOUBLE, from.get(), to.get(), H5P_DEFAULT, values.data()) >= 0);
    };
    for (const char* name : {"gap", "filled", "never"}) {
      const h5::Id plist = plist_of({10});
      if (name != std::string("gap")) H5Pset_fill_value(plist.get(), H5T_NATIVE_DOUBLE, &five);
      if (name == std::string("never")) H5Pset_fill_time(plist.get(), H5D_FILL_TIME_NEVER);
      const h5::Id data = make(name, {95}, plist);
      write(data, {0}, {40});
      write(data, {60}, {35});
    }
    const h5::Id last = make("last", {95}, plist_of({10}));
    write(last, {0}, {90});
    const h5::Id tiles = make("tiles", {25, 30}, plist_of({10, 10}));
    write(tiles, {0, 0}, {25, 10});
    write(tiles, {0, 10}, {10, 20});
    write(tiles, {10, 20}, {15, 10});
    const h5::Id whole = make("whole", {25, 30}, plist_of({10, 10}));
    write(whole, {0, 0}, {25, 30});
  }
  const h5::File file = h5::File::open(path);
  const auto problem = [&](const char* name, std::uint64_t first, std::uint64_t count) {
    const Complaint c = complaint_of([&] { file.dataset(name).read<double>(first, count); });
    CHECK(c.file == path);
    CHECK(c.key == std::string("/") + name);
    return c.problem;
  };
  for (const char* name : {"gap", "never"}) {
    CAPTURE(name);
    CHECK(complaint_of([&] { file.dataset(name).read<double>(); }).problem == "row 40 was never written");
    CHECK(problem(name, 0, 95) == "row 40 was never written");
    CHECK(problem(name, 35, 30) == "row 40 was never written");
    CHECK(problem(name, 45, 1) == "row 45 was never written");
    CHECK(file.dataset(name).read<double>(0, 40) == std::vector<double>(40, 7));
    CHECK(file.dataset(name).read<double>(60, 35) == std::vector<double>(35, 7));
  }
  CHECK(complaint_of([&] { file.dataset("last").read<double>(); }).problem == "row 90 was never written");
  CHECK(complaint_of([&] { file.dataset("tiles").read<int>(); }).problem == "row 10 was never written");
  CHECK(file.dataset("tiles").read<int>(0, 10) == std::vector<int>(300, 7));
  CHECK(file.dataset("whole").read<int>() == std::vector<int>(750, 7));
  // Its maker said so.
  std::vector<double> expected(95, 7);
  std::fill_n(expected.begin() + 40, 20, five);
  CHECK(file.dataset("filled").read<double>() == expected);
}

TEST_CASE("what is in a group that cannot be read is not absent", "[h5]") {
  if (sanitized) return;  // the library (1.10.8) leaks the header that it could not read
  const Scratch scratch;
  const std::string path = scratch / "a.h5";
  const auto layout = GENERATE(h5::File::Layout::sealed, h5::File::Layout::live);
  const std::string damaged = GENERATE("/", "/g");
  haddr_t place = 0;
  {
    h5::File file = h5::File::create(path, layout);
    file.create_group("g").create_dataset<double>("x", 1).write<double>(0, std::vector<double>{1});
    H5O_info_t info;
    REQUIRE(H5Oget_info_by_name2(file.id(), damaged.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0);
    place = info.addr;
    CHECK(file.exists("g/x"));
    CHECK_FALSE(file.exists("h"));
    CHECK_FALSE(file.exists("g/x/y"));  // nothing is below a dataset
    CHECK_FALSE(file.exists("/g/x/y"));
  }
  std::string bytes = bytes_of(path);
  constexpr std::size_t within_the_header = 6;
  bytes[place + within_the_header] = static_cast<char>(~bytes[place + within_the_header]);
  std::ofstream(path, std::ios::binary) << bytes;
  const h5::File file = h5::File::open(path);
  const Complaint c = complaint_of([&] { file.has_dataset("g/x"); });
  CHECK(c.file == path);
  CHECK(c.key.starts_with("/g"));
}

TEST_CASE("chunks with checksums: what is written comes back, whatever its shape, and a changed byte does not",
          "[h5]") {
  const Scratch scratch;
  using h5::Storage;
  std::mt19937 dice(3);
  for (const Storage storage : {Storage::checked, Storage::compressed, Storage::by_its_first, Storage::runs})
    for (const h5::File::Layout layout : {h5::File::Layout::live, h5::File::Layout::sealed})
      for (const std::uint64_t width : {1, 3, 70'000}) {
        CAPTURE(int(storage), width);
        const std::uint64_t rows = width == 1 ? 40'000 : width == 3 ? 9'001 : 5;
        std::vector<float> values(rows * width);
        for (float& value : values)
          value = storage == Storage::by_its_first ? std::uniform_real_distribution<float>(-1, 1)(dice)
                                                   : static_cast<float>(dice() % 7);
        const std::string path = (scratch / "some.h5").string();
        {
          h5::File file = h5::File::create(path, layout);
          const std::uint64_t shape[] = {rows, width};
          h5::Dataset fixed = file.create_dataset<float>("fixed", shape, storage);
          h5::Dataset grows = file.create_growing_rows<float>("grows", width, 4096, storage);
          CHECK(fixed.is_checked());
          for (std::uint64_t first = 0; first < rows;) {
            const std::uint64_t some = std::min<std::uint64_t>(rows - first, 1 + dice() % 3000);
            const auto piece = std::span<const float>(values).subspan(first * width, some * width);
            fixed.write_rows<float>(first, piece);
            grows.append<float>(piece);
            first += some;
          }
          CHECK_THROWS_AS(grows.append<double>(std::vector<double>(width)), h5::Error);
          CHECK_THROWS_AS(grows.write_rows<float>(0, std::vector<float>(width)), h5::Error);
        }
        for (const char* name : {"fixed", "grows"}) {
          const h5::File file = h5::File::open(path);
          const h5::Dataset data = file.dataset(name);
          CHECK((data.read<float>() == values));
          CHECK(data.whole_rows(rows).rows == rows);
          CHECK(data.whole_rows(rows + 1).rows == rows);
          CHECK_FALSE(data.whole_rows(rows + 1).problem.empty());
        }
        hsize_t offset[2] = {0, 0}, size = 0;
        unsigned mask = 0;
        haddr_t address = 0;
        {
          const h5::File file = h5::File::open(path);
          REQUIRE(H5Dget_chunk_info_by_coord(file.dataset("grows").id(), offset, &mask, &address, &size) >= 0);
        }
        std::string bytes = bytes_of(path);
        bytes[address + size / 2] = static_cast<char>(~bytes[address + size / 2]);
        std::ofstream(path, std::ios::binary) << bytes;
        const h5::File file = h5::File::open(path);
        CHECK((file.dataset("fixed").read<float>() == values));
        const auto found = file.dataset("grows").whole_rows(rows);
        CHECK(found.rows == 0);
        CHECK_FALSE(found.problem.empty());
        CHECK_THROWS_AS(file.dataset("grows").read<float>(), h5::Error);
      }
}

TEST_CASE("a chunk that grows is never written over what it was", "[h5]") {
  const Scratch scratch;
  const std::string path = (scratch / "live.h5").string();
  for (const h5::Storage storage : {h5::Storage::checked, h5::Storage::compressed}) {
    h5::File file = h5::File::create(path, h5::File::Layout::live);
    h5::Dataset grows = file.create_growing<std::uint64_t>("grows", 4096, storage);
    file.start_live();
    grows.append<std::uint64_t>(std::vector<std::uint64_t>{1, 2, 3});
    file.flush();
    const auto place = [&] {
      hsize_t offset = 0, size = 0;
      unsigned mask = 0;
      haddr_t address = 0;
      REQUIRE(H5Dget_chunk_info_by_coord(grows.id(), &offset, &mask, &address, &size) >= 0);
      return std::pair(address, bytes_of(path).substr(address, size));
    };
    const auto first = place();
    for (std::uint64_t i = 0; i < 50; ++i) {
      const auto before = place();
      grows.append<std::uint64_t>(std::vector<std::uint64_t>{i % 2});
      file.flush();
      CHECK(place().first != before.first);
      CHECK(bytes_of(path).substr(before.first, before.second.size()) == before.second);
    }
    CHECK(bytes_of(path).substr(first.first, first.second.size()) == first.second);
  }
}

TEST_CASE("rows that are copied from another dataset are stored as if their values were appended", "[h5]") {
  const Scratch scratch;
  using h5::Storage;
  std::mt19937 dice(4);
  const std::string part = (scratch / "part.h5").string(), copied = (scratch / "copied.h5").string(),
                    written = (scratch / "written.h5").string();
  for (const Storage storage : {Storage::checked, Storage::compressed, Storage::by_its_first, Storage::runs})
    for (const std::uint64_t width : {1, 3, 70'000})
      for (const bool is_random : {false, true}) {
        CAPTURE(int(storage), width, is_random);
        const std::uint64_t rows = width == 1 ? 20'000 : width == 3 ? 9'001 : 5;
        std::vector<float> values(rows * width);
        for (float& value : values)
          value = is_random ? std::uniform_real_distribution<float>(-1, 1)(dice) : static_cast<float>(dice() % 7);
        {
          // In pieces, so that chunks grow, and some are made longer to get another size.
          h5::File file = h5::File::create(part, h5::File::Layout::live);
          h5::Dataset grows = file.create_growing_rows<float>("x", width, h5::chunk_values, storage);
          for (std::uint64_t first = 0; first < rows;) {
            const std::uint64_t some = std::min<std::uint64_t>(rows - first, 1 + dice() % (dice() % 2 == 0 ? 3 : 900));
            grows.append<float>(std::span<const float>(values).subspan(first * width, some * width));
            first += some;
          }
        }
        const std::uint64_t first = dice() % 2 == 0 ? 0 : h5::chunk_values % rows, count = rows - first - dice() % 2;
        const std::uint64_t shape[] = {count, width};
        const auto wanted = std::span<const float>(values).subspan(first * width, count * width);
        for (const bool grows : {false, true}) {
          CAPTURE(grows, first, count);
          const auto create = [&](h5::File& file) {
            return grows ? file.create_growing_rows<float>("x", width, h5::chunk_values, storage)
                         : file.create_dataset<float>("x", shape, storage);
          };
          {
            h5::File file = h5::File::create(copied, h5::File::Layout::sealed);
            create(file).append<float>(h5::File::open(part).dataset("x"), first, count);
          }
          {
            h5::File file = h5::File::create(written, h5::File::Layout::sealed);
            create(file).append<float>(wanted);
          }
          CHECK((h5::File::open(copied).dataset("x").read<float>() == std::vector(wanted.begin(), wanted.end())));
          CHECK((bytes_of(copied) == bytes_of(written)));
        }
      }
}

TEST_CASE("whole chunks are copied as they are stored, after their checksums were compared", "[h5]") {
  const Scratch scratch;
  const std::string from = (scratch / "from.h5").string(), to = (scratch / "to.h5").string();
  std::vector<std::uint64_t> values(3 * h5::chunk_values);
  std::mt19937 dice(5);
  for (std::uint64_t& value : values) value = dice() % 3;
  // Both storages have the same filters, but find other matches: what was inflated and deflated again would differ.
  h5::File::create(from, h5::File::Layout::sealed)
      .create_growing<std::uint64_t>("x", h5::chunk_values, h5::Storage::compressed)
      .append<std::uint64_t>(values);
  const auto copy = [&] {
    h5::File::create(to, h5::File::Layout::sealed)
        .create_growing<std::uint64_t>("x", h5::chunk_values, h5::Storage::runs)
        .append<std::uint64_t>(h5::File::open(from).dataset("x"), 0, values.size());
  };
  const auto chunk = [](const std::string& path, hsize_t offset) {
    const h5::File file = h5::File::open(path);
    hsize_t size = 0;
    unsigned mask = 0;
    haddr_t address = 0;
    REQUIRE(H5Dget_chunk_info_by_coord(file.dataset("x").id(), &offset, &mask, &address, &size) >= 0);
    return std::pair(address, bytes_of(path).substr(address, size));
  };
  copy();
  for (std::size_t k = 0; k < 3; ++k)
    CHECK(chunk(to, k * h5::chunk_values).second == chunk(from, k * h5::chunk_values).second);
  std::string bytes = bytes_of(from);
  bytes[chunk(from, h5::chunk_values).first + 10] ^= 1;
  std::ofstream(from, std::ios::binary) << bytes;
  CHECK_THROWS_AS(copy(), h5::Error);
}

}  // namespace test_h5
