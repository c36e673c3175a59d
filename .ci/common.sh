# Shared by setup.sh, test.sh and .ci/run: Debian packages and the builds of the presets. To be sourced with bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages="build-essential cmake ninja-build libtbb-dev libhdf5-dev libfmt-dev libcli11-dev libtomlplusplus-dev
  nlohmann-json3-dev libboost-dev libeigen3-dev zlib1g-dev nettle-dev pybind11-dev python3-dev python3-numpy"
# Catch2 runs the tests, Random123 and h5py are the second opinions on our random numbers and files; a virtual environment
# gets the Python module by pip.
test_packages="catch2 librandom123-dev python3-h5py python3-venv python3-wheel"
# The second compiler with a linker (six times faster with sanitizers) and the sanitizers' runtime, the formatter, what
# counts instructions, a scheduler, who reads exported spikes and tables, what draws in notebooks, and a browser for the
# pages of rheo report.
ci_packages="git clang lld clang-format-14 libclang-rt-14-dev valgrind slurm-wlm munge python3-neo python3-pandas
  python3-matplotlib chromium"

say() { printf '\n==> %s\n' "$*"; }
die() {
  printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# need_packages NAME...: installs those that are missing, and touches nothing when none is.
need_packages() {
  local missing=() name
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is not Debian: nothing is installed for you. Needed are, by their Debian names:"
    printf '    %s\n' "$@"
    return 0
  fi
  for name in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then
    say "all packages are here"
    return 0
  fi
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "packages are missing, and this is neither root nor is there sudo. As root:
    apt-get update && apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q || die "apt-get update failed: is there a network?"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" ||
    die "could not install: ${missing[*]}"
}

# One job per processor, but no more than memory holds (a compiler takes up to 1 GB).
job_count() {
  local processors memory
  processors=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null)
  memory=${memory:-$processors}
  ((memory >= 1)) || memory=1
  echo $((processors < memory ? processors : memory))
}

# The level of x86-64 that this machine's processor has: base, v3 (AVX2) or v4 (AVX-512). Empty: another architecture.
processor_level() {
  [[ $(uname -m) == x86_64 ]] || return 0
  local flags level=base
  flags=" $(grep -m 1 '^flags' /proc/cpuinfo) "
  has_all() { for flag in "$@"; do [[ $flags == *" $flag "* ]] || return 1; done; }
  if has_all avx2 bmi1 bmi2 fma; then level=v3; fi
  if [[ $level == v3 ]] && has_all avx512f avx512bw avx512cd avx512dq avx512vl; then level=v4; fi
  echo "$level"
}

# configure PRESET [CMake options...]. ccache is used where it is installed.
configure() {
  local preset=$1
  shift
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
  (cd "$root" && cmake --preset "$preset" "$@") || die "preset $preset could not be configured"
}

# build PRESET [options of cmake --build...]
build() {
  local preset=$1
  shift
  (cd "$root" && cmake --build --preset "$preset" -j "$(job_count)" "$@") || die "preset $preset could not be built"
}
