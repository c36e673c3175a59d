// Two hundred runs killed at moments that matter; tests/apps/test_checkpoint.cpp does the same twenty times.
#include <catch2/catch.hpp>

#include "tests/apps/killed_runs.hpp"

namespace test_killed_runs {

TEST_CASE("two hundred kills: at least 150 between checkpoints, 20 in them, 20 while files are sealed") {
  const Scratch scratch;
  const Kills wanted{160, 20, 20};
  const Kills kills = kill_runs(scratch, experiment_with_everything(scratch, 2000), wanted);
  WARN(kills.between << " kills between checkpoints, " << kills.in_checkpoint << " while one was written, "
                     << kills.in_sealing << " while files were sealed; " << kills.completed << " runs completed");
  CHECK(kills.all() >= wanted.all());
  CHECK(kills.completed >= 5);
  CHECK(kills.different == 0);
  CHECK(kills.littered == 0);
}

}  // namespace test_killed_runs
