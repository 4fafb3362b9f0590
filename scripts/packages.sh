# shellcheck shell=sh
# Debian packages that the tests and the demo call, in one place. Sourced by ../dvx (POSIX sh).

# What `./dvx demo` needs: an independent NFS client, virtual disk tools, file systems to put in a
# disk and to freeze, the compiler and library for the simulated vCenter, and what builds the Linux
# agent.
DVX_PACKAGES_DEMO="libnfs-utils qemu-utils qemu-block-extra qemu-system-common e2fsprogs xfsprogs \
mount procps golang-go golang-github-vmware-govmomi-dev g++ make libssl-dev nlohmann-json3-dev"

# What `./dvx test` needs beside that: oVirt's lease tool, a load inside of a guest, what looks at packages, a PKCS#11
# token in software, and what builds the Windows agent and runs it: mingw-w64, NSIS, Wine.
DVX_PACKAGES_TEST="$DVX_PACKAGES_DEMO sanlock openssl curl jq binutils iproute2 git python3 fio \
rpm systemd softhsm2 shellcheck g++-mingw-w64-x86-64-posix mingw-w64-tools nsis wine64 wine libwine libwine-dev"

# ensure_packages test|demo: installs what is missing of that list. On a system other than Debian,
# or without root, it says what is missing and goes on: a test whose tool is absent fails by itself.
ensure_packages() {
  case $1 in
    test) packages=$DVX_PACKAGES_TEST ;;
    demo) packages=$DVX_PACKAGES_DEMO ;;
    *)
      echo "ensure_packages: no list named '$1'" >&2
      return 2
      ;;
  esac
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "dvx: this is no Debian system: the programs of these packages must be there: $packages" >&2
    return 0
  fi
  missing=
  for package in $packages; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086 # a list of names
  install_packages $missing
}

# install_packages NAME...: one apt-get call; when it fails, once more with fresh lists.
install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "dvx: missing packages, install them as root: apt-get install -y $*" >&2
    return 0
  fi
  echo "dvx: installing packages: $*" >&2
  if ! apt_install "$@" && ! { apt-get update >&2 && apt_install "$@"; }; then
    echo "dvx: these packages could not be installed: $*" >&2
    return 1
  fi
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2
}
