// Recordings that lost their end or some bytes: what is whole is kept, what is lost is said.
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "io/files/provenance.hpp"
#include "io/files/recording.hpp"
#include "io/record/checkpoint.hpp"
#include "tests/apps/damaged_recordings.hpp"

namespace test_damaged_recordings {

TEST_CASE(
    "recordings that were cut, torn or changed: recover keeps what is whole, names what is lost, and resume refuses") {
  const Scratch scratch;
  const LeaksOfTheLibrary leaks;
  const fs::path left = killed_run(scratch, experiment_with_everything(scratch, 2000)), here = scratch / "here",
                 right = scratch / "right";
  fs::copy(left, right);
  REQUIRE(code_of(scratch, {"recover", right.string()}) == 0);
  for (const std::string name : {"spikes.h5", "membrane_V_m.h5", "weights.h5"}) {
    CAPTURE(name);
    const fs::path part = here / (name + ".part");
    const std::string dataset = name == "spikes.h5"         ? "/spikes/E/timestamps"
                                : name == "membrane_V_m.h5" ? "/report/E/data"
                                                            : "/weights/recurrent/weight";
    const std::uint64_t rows = rheo::h5::File::open((right / name).string()).dataset(dataset).rows();
    const auto again = [&] {
      fs::remove_all(here);
      fs::copy(left, here);
    };
    // Cut in its middle.
    again();
    fs::resize_file(part, fs::file_size(part) / 2);
    const std::string cut = bytes_of(part);
    CHECK(code_of(scratch, {"resume", here.string(), "--quiet"}) == 2);
    CHECK((bytes_of(part) == cut));
    {
      Command recover(scratch, {"recover", here.string()});
      CHECK(code_within(recover, 60) == 2);
      CHECK(recover.err().find(part.string()) != std::string::npos);
      CHECK(recover.err().find("lost") != std::string::npos);
    }
    CHECK((bytes_of(part.string() + ".damaged") == cut));
    CHECK(rheo::h5::File::open((here / name).string()).dataset(dataset).rows() < rows);
    CHECK(is_beginning(rheo::h5::File::open((here / name).string()), rheo::h5::File::open((right / name).string())));
    for (const std::string other : {"spikes.h5", "membrane_V_m.h5", "weights.h5"})
      if (other != name) CHECK((bytes_of(here / other) == bytes_of(right / other)));
    CHECK(code_of(scratch, {"verify", here.string()}) == 2);  // sealed, but not all of the run
    // One byte of metadata: the superblock.
    again();
    std::string bytes = bytes_of(part);
    bytes[20] ^= 1;
    std::ofstream(part, std::ios::binary) << bytes;
    for (const char* command : {"recover", "resume"}) {
      Command run(scratch, {command, here.string()});
      CAPTURE(command);
      CHECK(code_within(run, 60) == 2);
      CHECK(run.err().find(part.filename().string()) != std::string::npos);
    }
    CHECK((bytes_of(part) == bytes));
    CHECK_FALSE(fs::exists(here / name));
  }
}

TEST_CASE("damaged recordings, a few: none is sealed differently in silence") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 2000);
  const Damages parts = damage_parts(scratch, killed_run(scratch, file), 30, 3);
  CHECK(parts.all_well());
  CHECK(parts.told > 0);
  REQUIRE(code_of(scratch, {"resume", (scratch / "left").string(), "--quiet"}) == 0);
  int without_run = 0;
  const Damages sealed = damage_sealed(scratch, scratch / "left", 16, 4, without_run);
  CHECK(sealed.all_well());
  CHECK(sealed.told > 0);
}

TEST_CASE("full disks, a few: no crash, and every run with a checkpoint resumes to the same bytes") {
  const Scratch scratch;
  const auto disks = fill_disks(scratch, experiment_with_everything(scratch, 300), 8);
  if (!disks) {
    WARN("skipped: this process may not mount a file system");
    return;
  }
  CHECK(disks->all_well());
}

TEST_CASE("verify: SHA-256, checksums, lengths and counts, and resumed and recovered runs have them too") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 100), out = scratch / "out";
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", out.string()}) == 0);
  const auto sums = report(out)["sha256"];
  REQUIRE(sums.size() == all_recorded.size());
  for (const std::string& name : all_recorded) CHECK(sums[name] == rheo::sha256_of_file(out / name));
  // Of the standard, FIPS 180-4.
  std::ofstream(scratch / "abc") << "abc";
  CHECK(rheo::sha256_of_file(scratch / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  {
    Command verify(scratch, {"verify", out.string()});
    CHECK(verify.end() == 0);
    for (const std::string& name : all_recorded)
      CHECK(verify.out().find(name + ": SHA-256 as sealed") != std::string::npos);
  }
  const auto refused = [&](const fs::path& path, const std::string& text) {
    Command verify(scratch, {"verify", path.string()});
    CHECK(verify.end() == 2);
    CAPTURE(verify.err());
    CHECK(verify.err().find(text) != std::string::npos);
  };
  refused(scratch / "nowhere", "no such file");
  // Another value with right checksums is found by its SHA-256, and by the count of run.json.
  const std::string spikes = bytes_of(out / "spikes.h5");
  const auto rewrite = [&](std::uint64_t more) {
    rheo::write_whole(out / "spikes.h5", [&](rheo::h5::File& to) {
      rheo::h5::Group group = to.create_group("spikes").create_group("E");
      const std::vector<double> times(report(out)["populations"]["E"]["spikes"].get<std::uint64_t>() + more, 1.0);
      const std::vector<std::uint64_t> nodes(times.size(), 1);
      group.create_dataset<double>("timestamps", times.size(), rheo::h5::Storage::compressed).append<double>(times);
      group.create_dataset<std::uint64_t>("node_ids", nodes.size(), rheo::h5::Storage::compressed)
          .append<std::uint64_t>(nodes);
    });
  };
  rewrite(0);
  refused(out, "spikes.h5: has another SHA-256");
  rewrite(1);
  refused(out, "run.json counts");
  std::ofstream(out / "spikes.h5", std::ios::binary) << spikes;
  CHECK(code_of(scratch, {"verify", (out / "spikes.h5").string()}) == 0);
  fs::remove(out / "final.h5");
  refused(out, "final.h5: is missing");
  fs::remove(out / "run.json");
  Command verify(scratch, {"verify", out.string()});
  CHECK(verify.end() == 0);
  CHECK(verify.out().find("no run.json") != std::string::npos);
}

TEST_CASE("limits of the shell: a file that is too long is a message, processor time that is over seals") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 400'000), out = scratch / "out";
  const auto run_with = [&](const std::string& limit) {
    return std::system((limit + "; exec " RHEO_COMMAND " run '" + file.string() + "' --quiet --threads 1 --out '" +
                        out.string() + "' 2>'" + (scratch / "said").string() + "'")
                           .c_str());
  };
  const int large = run_with("ulimit -f 64");
  REQUIRE(WIFEXITED(large));
  CHECK(WEXITSTATUS(large) == 2);
  CHECK(bytes_of(scratch / "said").find("File too large") != std::string::npos);
  fs::remove_all(out);
  const int slow = run_with("ulimit -S -t 1");
  REQUIRE(WIFEXITED(slow));
  CHECK(WEXITSTATUS(slow) == 75);
  CHECK(report(out)["status"] == "interrupted");
  CHECK(fs::exists(out / "spikes.h5"));
  CHECK(code_of(scratch, {"verify", out.string()}) == 0);
}

}  // namespace test_damaged_recordings
