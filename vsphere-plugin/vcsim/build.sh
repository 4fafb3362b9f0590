#!/bin/sh
# Builds the vCenter simulator: build.sh OUTDIR. Prints the program's path.
# The result is kept under the hash of its sources and of the package's version; a second call builds nothing.
# Needs Debian's golang-go and golang-github-vmware-govmomi-dev; exits 3 and says so when they are missing.
set -eu

[ $# -eq 1 ] || { echo "usage: build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
gocode=${GOVMOMI_GOPATH:-/usr/share/gocode}
library=$gocode/src/github.com/vmware/govmomi

missing=
command -v go >/dev/null 2>&1 || missing="golang-go"
[ -d "$library/simulator" ] || missing="$missing golang-github-vmware-govmomi-dev"
if [ -n "$missing" ]; then
  echo "vcsim cannot be built: missing $missing." >&2
  echo "On Debian: apt-get install -y --no-install-recommends golang-go golang-github-vmware-govmomi-dev" >&2
  exit 3
fi

mkdir -p "$1"
out=$(cd "$1" && pwd)
hash=$(cat "$here"/*.go "$here/build.sh" "$library/simulator/simulator.go" | { go version; cat; } | sha256sum | cut -c1-16)
program=$out/vcsim-$hash
if [ ! -x "$program" ]; then
  work=$(mktemp -d "$out/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT INT TERM
  mkdir -p "$work/src/opendvx-vcsim"
  cp "$here"/*.go "$work/src/opendvx-vcsim/"
  (
    cd "$work/src/opendvx-vcsim"
    GO111MODULE=off GOFLAGS= GOPATH=$work:$gocode GOCACHE=$out/gocache CGO_ENABLED=0 go build -o "$work/vcsim" . >&2
  )
  mv "$work/vcsim" "$program"
fi
echo "$program"
