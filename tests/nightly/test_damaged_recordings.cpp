// Damaged recordings and full disks in numbers; tests/apps/test_damaged_recordings.cpp does the same with a few.
#include <catch2/catch.hpp>

#include "tests/apps/damaged_recordings.hpp"

namespace test_damaged_recordings {

TEST_CASE("four hundred damaged recordings: none is sealed differently in silence") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 2000);
  const Damages parts = damage_parts(scratch, killed_run(scratch, file), 240, 7, 5);
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", (scratch / "whole").string()}) == 0);
  int without_run = 0;
  const Damages sealed = damage_sealed(scratch, scratch / "whole", 160, 8, without_run, 5);
  std::string kept;
  for (const auto& [name, files] : parts.kept) kept += " " + name + " " + std::to_string(files);
  WARN(parts.files << " .part files: " << parts.unharmed << " sealed as without the damage, " << parts.told
                   << " told (of these something was saved:" << kept << "), " << parts.silent << " silent, "
                   << parts.crashed << " crashed, " << parts.hung << " hung");
  WARN(sealed.files << " sealed files: " << sealed.told << " found with run.json, " << without_run << " without; "
                    << sealed.silent << " silent, " << sealed.crashed << " crashed, " << sealed.hung << " hung");
  CHECK(parts.all_well());
  CHECK(sealed.all_well());
}

TEST_CASE("sixty full disks: no crash, and every run with a checkpoint resumes to the same bytes") {
  const Scratch scratch;
  const auto disks = fill_disks(scratch, experiment_with_everything(scratch, 2000), 60);
  if (!disks) {
    WARN("skipped: this process may not mount a file system");
    return;
  }
  WARN(disks->disks << " sizes: " << disks->finished << " runs finished, " << disks->resumed << " resumed, "
                    << disks->begun_again << " began again, " << disks->recovered << " recovered; " << disks->crashed
                    << " crashed, " << disks->hung << " hung, " << disks->different << " different");
  CHECK(disks->all_well());
}

}  // namespace test_damaged_recordings
