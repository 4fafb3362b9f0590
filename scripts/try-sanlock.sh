#!/bin/sh
# Two hosts' sanlock daemons on lease files of the datastore, through a kernel file system and NFS.
#
#   scripts/try-sanlock.sh SERVER PATH
#
# SERVER answers on port 111 for its NFS port, as a node does with nfs.portmapper: on. PATH is a
# folder below one of its exports, such as /rhv, in which two files are made. Each host has mounts,
# an NFS client (qemu-storage-daemon, shown by FUSE) and a sanlock daemon of its own. Needs root,
# /dev/fuse, sanlock, qemu-storage-daemon with NFS, libnfs-utils and gcc. Takes about a minute.
#
# It is sanlock's own program, but not wholly as it runs on a host: its watchdog is off, and its
# calls setrlimit and mlockall do nothing (a small library stands before them), since a container
# may not raise its limits. What it does when it is starved of memory or time is not seen here.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: $0 SERVER PATH" >&2
  exit 2
fi
SERVER=$1
FOLDER=$2
WORK=$(mktemp -d)
PIDS=

finish() {
  for pid in $PIDS; do
    kill "$pid" 2>/dev/null || :
  done
  sleep 2
  for pid in $PIDS; do
    kill -9 "$pid" 2>/dev/null || :
  done
  rm -rf "$WORK"
}
trap finish EXIT INT TERM

# Stubs of the two calls that a container refuses and sanlock insists on; nothing else is changed.
cat >"$WORK/limits.c" <<'C'
#include <sys/mman.h>
#include <sys/resource.h>
int setrlimit(__rlimit_resource_t which, const struct rlimit *limit) {
  (void)which;
  (void)limit;
  return 0;
}
int mlockall(int flags) {
  (void)flags;
  return 0;
}
C
gcc -D_GNU_SOURCE -shared -fPIC -o "$WORK/limits.so" "$WORK/limits.c"

truncate -s 1M "$WORK/empty"
for name in ids leases; do
  nfs-cp "$WORK/empty" "nfs://$SERVER$FOLDER/try-$name" >/dev/null
done

# host N: what runs in its namespace waits for commands in files, so that one shell tells both.
cat >"$WORK/host.sh" <<'H'
set -eu
number=$1
mkdir -p /run/sanlock
mount -t tmpfs none /run/sanlock
for name in ids leases; do
  touch "$WORK/$number-$name"
done
qemu-storage-daemon \
  --blockdev "driver=nfs,node-name=i,server.type=inet,server.host=$SERVER,path=$FOLDER/try-ids" \
  --export "type=fuse,id=ei,node-name=i,mountpoint=$WORK/$number-ids,writable=on" \
  --blockdev "driver=nfs,node-name=l,server.type=inet,server.host=$SERVER,path=$FOLDER/try-leases" \
  --export "type=fuse,id=el,node-name=l,mountpoint=$WORK/$number-leases,writable=on" &
storage=$!
trap 'kill $storage $daemon 2>/dev/null || :' EXIT TERM
daemon=
for _ in $(seq 100); do
  [ "$(stat -c %s "$WORK/$number-leases")" = 0 ] || break
  sleep 0.1
done
LD_PRELOAD=$WORK/limits.so sanlock daemon -D -w 0 -h 0 -U root -G root -l 0 -e "host$number" \
  >"$WORK/$number.log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
  [ ! -S /run/sanlock/sanlock.sock ] || break
  sleep 0.1
done
: >"$WORK/$number.ready"
while :; do
  if [ -e "$WORK/$number.command" ]; then
    if timeout 120 sh -c "$(cat "$WORK/$number.command")" >"$WORK/$number.out" 2>&1; then
      code=0
    else
      code=$?
    fi
    rm "$WORK/$number.command"
    echo "$code" >"$WORK/$number.part"
    mv "$WORK/$number.part" "$WORK/$number.code"
  fi
  sleep 0.1
done
H
export WORK SERVER FOLDER

for number in 1 2; do
  unshare -m sh "$WORK/host.sh" "$number" &
  PIDS="$PIDS $!"
done
for number in 1 2; do
  for _ in $(seq 300); do
    [ ! -e "$WORK/$number.ready" ] || break
    sleep 0.1
  done
done

# on N COMMAND: runs it on a host; its exit code is ours.
on() {
  rm -f "$WORK/$1.code"
  printf '%s\n' "$2" >"$WORK/$1.new"
  mv "$WORK/$1.new" "$WORK/$1.command"
  for _ in $(seq 1300); do
    [ ! -e "$WORK/$1.code" ] || break
    sleep 0.1
  done
  return "$(cat "$WORK/$1.code")"
}

must() {
  if ! on "$1" "$2"; then
    printf 'FAILED on host %s: %s\n' "$1" "$2" >&2
    cat "$WORK/$1.out" "$WORK/$1.log" >&2
    exit 1
  fi
  printf 'host %s: %s: good\n' "$1" "$2"
}

lease() {
  echo "try:disk1:$WORK/$1-leases:0"
}

must 1 "sanlock client init -s try:0:$WORK/1-ids:0 | grep -q 'done 0'"
must 1 "sanlock client init -r $(lease 1) | grep -q 'done 0'"
must 1 "sanlock client add_lockspace -s try:1:$WORK/1-ids:0 | grep -q 'done 0'"
must 2 "sanlock client add_lockspace -s try:2:$WORK/2-ids:0 | grep -q 'done 0'"
# "command" runs a program that holds the lease as long as it lives.
must 1 "sanlock client command -r $(lease 1) -c /bin/sleep 600 >/dev/null 2>&1 & \
  for i in \$(seq 100); do sanlock client status | grep -q '^r ' && exit 0; sleep 0.1; done; exit 1"
must 2 "! sanlock client command -r $(lease 2) -c /bin/touch $WORK/stolen; test ! -e $WORK/stolen"
must 1 "kill \$(sanlock client status | sed -n 's/^r .* p \\([0-9]*\\)\$/\\1/p'); \
  for i in \$(seq 100); do sanlock client status | grep -q '^r ' || exit 0; sleep 0.1; done; exit 1"
must 2 "sanlock client command -r $(lease 2) -c /bin/touch $WORK/taken; test -e $WORK/taken"
must 1 "sanlock client rem_lockspace -s try:1:$WORK/1-ids:0"
must 2 "sanlock client rem_lockspace -s try:2:$WORK/2-ids:0"
echo "two hosts' sanlock agreed over the datastore"
