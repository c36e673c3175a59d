#!/usr/bin/env bash
# From a fresh Debian 12 machine to a first experiment: installs what is missing, builds rheo, runs a Brunel network.
# Run it as root or as a user with sudo, from any directory, as often as you like.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/.ci/common.sh"

need_packages $build_packages

say "building rheo (preset release, $(job_count) at a time)"
# The tests are built by test.sh; a build directory that has them keeps them.
if [[ -e $root/build/release/CMakeCache.txt ]]; then
  configure release
else
  # For this machine's processor alone, which compiles in half the time; what is packaged has kernels for all.
  configure release -DRHEO_BUILD_TESTS=OFF "-DRHEO_ONE_ISA=$(processor_level)"
fi
build release --target rheo rheo_stubs

output=$root/build/brunel.out
rm -rf "$output"
say "rheo run examples/brunel.toml"
"$root/build/release/rheo" run "$root/examples/brunel.toml" --out "$output"

say "done. To type rheo from here on, in this shell and in new ones:
    export PATH=\"$root/build/release:\$PATH\"
    echo 'export PATH=\"$root/build/release:\$PATH\"' >> ~/.profile"
