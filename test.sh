#!/usr/bin/env bash
# Builds and runs the tests (preset release, without those labelled nightly). Installs what is missing, as setup.sh does.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/.ci/common.sh"

need_packages $build_packages $test_packages

say "building rheo and its tests (preset release, $(job_count) at a time)"
configure release -DRHEO_BUILD_TESTS=ON -DRHEO_ONE_ISA=
build release

say "running the tests"
cd "$root"
# One more than there are processors: some tests wait for what they have started.
ctest --preset release -j "$(($(job_count) + 1))" "$@"
