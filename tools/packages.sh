# Packages of Debian 12 and Ubuntu 24.04 that the build needs, and how to install what is missing.
# Read by tools/setup and tools/test with `source`; not a program.

BUILD_PACKAGES=(
  g++ cmake ninja-build pkg-config lld python3 python3-pip
  libfaiss-dev libopenblas0-openmp libopenblas-openmp-dev libsqlite3-dev libssl-dev libboost-dev
  nlohmann-json3-dev libeigen3-dev libutf8proc-dev libsentencepiece-dev libcli11-dev libspdlog-dev
  libpng-dev libjpeg-dev zlib1g-dev libfreetype-dev libfontconfig-dev fonts-dejavu-core
)
TEST_PACKAGES=(libgtest-dev libgmock-dev libbenchmark-dev ccache)
FUZZ_PACKAGES=(clang libclang-rt-dev libomp-dev)

say() { printf '== %s\n' "$*"; }
stop() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Prints those of the given packages that dpkg does not have.
missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

# The links of BLAS and LAPACK that lead to another flavour than OpenBLAS with OpenMP. With the
# thread-pool flavour two pools fight for the cores and searches get up to 40 times slower tails.
wrong_blas_links() {
  local arch link
  arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch 2>/dev/null || true)
  for link in libblas.so.3 liblapack.so.3 libopenblas.so.0 libblas.so liblapack.so libopenblas.so; do
    local target="/usr/lib/$arch/openblas-openmp/$link"
    [ -e "$target" ] || continue
    [ "$(readlink -f "/etc/alternatives/$link-$arch")" = "$(readlink -f "$target")" ] ||
      echo "$link-$arch $target"
  done
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"
}

# Another program may hold the lists or the package database for a while: three tries.
apt_get_patiently() {
  local try
  for try in 1 2 3; do
    apt_get "$@" && return
    [ "$try" = 3 ] || { say "apt-get failed (try $try of 3); again in 20 seconds"; sleep 20; }
  done
  return 1
}

# install_packages YES PACKAGE...: installs what is missing. YES is 1 when nobody is to be asked.
install_packages() {
  local yes=$1 answer missing links
  shift
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is neither Debian nor Ubuntu; the build needs what these packages hold: $*"
    return
  fi
  mapfile -t missing < <(missing_packages "$@")
  mapfile -t links < <(wrong_blas_links)
  if [ ${#missing[@]} = 0 ] && [ ${#links[@]} = 0 ]; then
    say "all $# packages are installed"
    return
  fi
  [ ${#missing[@]} = 0 ] || say "to install: ${missing[*]}"
  [ ${#links[@]} = 0 ] || say "to switch to OpenBLAS with OpenMP: ${#links[@]} links of update-alternatives"
  if [ "$(id -u)" != 0 ] && [ "$yes" != 1 ]; then
    if [ ! -t 0 ]; then
      echo "This needs root, and nobody is there to ask. Run one of these, then this again:" >&2
      echo "  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
      echo "  $0 --yes" >&2
      exit 1
    fi
    read -r -p "Use sudo for that? [y/N] " answer
    [[ $answer == [yY]* ]] || stop "nothing was changed"
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    stop "there is no sudo here; as root: apt-get install --no-install-recommends ${missing[*]}"
  fi
  if [ ${#missing[@]} != 0 ]; then
    apt_get_patiently update -q || stop "apt-get update failed three times; see its messages above"
    apt_get_patiently install -q -y --no-install-recommends "${missing[@]}" </dev/null ||
      stop "apt-get could not install: ${missing[*]}"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} = 0 ] || stop "still missing after the install: ${missing[*]}"
  fi
  use_openmp_blas
}

use_openmp_blas() {
  local link target
  while read -r link target; do
    say "update-alternatives --set $link"
    as_root update-alternatives --set "$link" "$target" >/dev/null
  done < <(wrong_blas_links)
}

# Prints the C++ compiler to use: the first of these that is GCC 12 or newer.
find_compiler() {
  local candidate
  for candidate in ${CXX:+"$CXX"} g++ g++-14 g++-13 g++-12; do
    if command -v "$candidate" >/dev/null &&
      [ "$("$candidate" -dumpversion | cut -d. -f1)" -ge 12 ] 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  stop "no g++ 12 or newer was found; on Ubuntu 22.04: sudo apt-get install g++-12"
}

# Requires CMake 3.22: older ones lack what the top file says.
check_cmake() {
  local version
  version=$(cmake --version | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  read -r major minor <<<"$version"
  [ "$major" -gt 3 ] || [ "$minor" -ge 22 ] || stop "cmake is $major.$minor, expected 3.22 or newer"
}

# configure FOLDER OPTION...: makes FOLDER a build folder, or brings one up to date (libtorch may have
# come since it was made). Takes a second or two when nothing has changed.
configure() {
  local folder=$1 linker=() kept=()
  shift
  command -v ld.lld >/dev/null && linker=(-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld)
  if [ -e "$folder/CMakeCache.txt" ]; then  # the compiler of a build folder is for good
    local option
    for option in "$@"; do
      [[ $option == -DCMAKE_CXX_COMPILER=* ]] || kept+=("$option")
    done
    cmake -S . -B "$folder" "${kept[@]}" >/dev/null
  else
    cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release "${linker[@]}" "$@"
  fi
}
