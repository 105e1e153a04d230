#!/bin/sh
# Installs the packages of dependencies.txt that are missing, with apt-get.
#
#   sh cmake/install_dependencies.sh [GROUP]...     library, examples, tests, checks, bench, fuzz; without one: all
#
# Does nothing, and needs no rights and no network, where everything is there already. Where there is
# no apt-get it names the packages and succeeds: CMake says what it does not find.
set -eu

list=$(dirname -- "$0")/dependencies.txt

main() {
  for group in "$@"; do
    grep -qxF "# [$group]" "$list" || fail "$group: no such group in dependencies.txt"
  done
  packages=$(packages_of "$*")
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "this system has no apt-get; what hookline needs is called this on Debian:" $packages
    return
  fi
  missing=$(missing_of $packages)
  [ -z "$missing" ] || install $missing
}

# The packages of these groups, or all of them.
packages_of() {
  awk -v wanted=" $1 " '
    /^# \[.*\]$/ { group = substr($2, 2, length($2) - 2); next }
    NF && !/^#/ && (wanted == "  " || index(wanted, " " group " ")) { print $1 }' "$list"
}

missing_of() {
  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || is_provided "$package" || echo "$package"
  done
}

# Whether another package brings it: npm comes with the nodejs of NodeSource, which refuses Debian's.
is_provided() {
  dpkg-query -W -f '${db:Status-Status} ${Provides}\n' 2>/dev/null | awk -v name="$1" '
    $1 == "installed" {
      gsub(/ \([^)]*\)|,/, "")
      for (i = 2; i <= NF; ++i) if ($i == name) found = 1
    }
    END { exit !found }'
}

install() {
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "only root can install packages, and there is no sudo: $*"
    as_root=sudo
  fi
  say "installing $*"
  # Package lists that cannot be refreshed may still do.
  apt update || say "the package lists could not be refreshed"
  apt install -y --no-install-recommends "$@" || fail "apt-get could not install $*"
}

apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >&2
}

say() {
  echo "install_dependencies: $*" >&2
}

fail() {
  say "$*"
  exit 1
}

main "$@"
