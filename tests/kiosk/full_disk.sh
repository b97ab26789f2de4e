#!/usr/bin/env bash
# A full disk and a read-only one, under the home and under the stick: a sentence that says so, exit status 3, nothing
# half-written, and after making room everything goes on. Disks are small file systems in a mount namespace of their own.
set -euo pipefail
if [[ ${1:-} != inside ]]; then
  for how in "-m" "-rm"; do # as root; with a user namespace
    # shellcheck disable=SC2086
    unshare $how sh -c 'mount -t tmpfs -o size=64k none /mnt' 2>/dev/null && exec unshare $how "$0" inside
  done
  echo "full_disk: skipped: neither root nor user namespaces, so no disk of its own can be mounted here" >&2
  exit 77
fi
WORK=$(mktemp -d)
# shellcheck source=../terminal/lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'cd /; umount "$WORK/disk" "$WORK/media" 2>/dev/null || true; rm -rf "$WORK"' EXIT
fail() { echo "FAILED: $*" >&2; cat "$WORK/err" >&2; exit 1; }

printf 'aliya\na passphrase for the laptop\n' >"$WORK/laptop.pass"
make_study
mkdir "$WORK/disk" "$WORK/media"
mount -t tmpfs -o size=2m none "$WORK/disk"
mount -t tmpfs -o size=2m none "$WORK/media"
home=$WORK/disk/home stick=$WORK/media/stick

kiosk() { # a command of the kiosk; its exit status
  local command=$1 s=0
  shift
  "$KIOSK" --home "$home" "$command" "$@" --passphrase-file "$WORK/laptop.pass" >"$WORK/out" 2>"$WORK/err" || s=$?
  echo $s
}
set_up() { kiosk setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive; }
leave() { # fill the disk ${1} up to ${2} KiB
  rm -f "$1/ballast"
  local free
  free=$(df --output=avail -k "$1" | tail -1)
  dd if=/dev/zero of="$1/ballast" bs=1k count=$((free - $2)) status=none
}
make_room() { rm -f "$1/ballast"; }
position() { "$KIOSK" --home "$home" status --json 2>/dev/null | grep -o '"position": [0-9]*' | grep -o '[0-9]*$'; }
says_why() { # on standard error stands a sentence about it
  grep -Eqi "$1" "$WORK/err" || fail "the message does not say why"
  ! grep -Eq "Assertion|Sanitizer|Segmentation" "$WORK/err" || fail "the program fell over"
}
expect() { [[ $2 == "$1" ]] || fail "exit status $2, not $1: $3"; }
nothing_hidden() { # no file under a hidden name was left behind
  [[ -z $(find "$1" -name '.*' -type f) ]] || fail "left behind: $(find "$1" -name '.*' -type f)"
}

# Set-up, with less and less room; at some point there is enough.
done_with=
for free in 0 4 12 20 36 60 100 160 260 420; do
  leave "$WORK/disk" $free
  s=$(set_up)
  if [[ $s == 0 ]]; then
    done_with=$free
    break
  fi
  expect 3 "$s" "set-up with $free KiB free"
  says_why 'full|no space|room|disk'
  [[ ! -e $home/keys && ! -e $home/store.db ]] || fail "a half-made home stays with $free KiB free: $(ls -A "$home")"
  nothing_hidden "$WORK/disk"
done
[[ -n $done_with && $done_with != 0 ]] || fail "set-up never worked, or worked without room"
pass "set-up on a full disk says so, leaves nothing, and works with room"
make_room "$WORK/disk"

# A home that fills up: sync must seal fillers first.
mkdir "$stick"
before=$(position)
leave "$WORK/disk" 0
s=$(kiosk sync "dir:$stick")
expect 3 "$s" "sync with a full home"
says_why 'full|no space|room|disk'
[[ $(position) == "$before" ]] || fail "the position moved on a full disk"
make_room "$WORK/disk"
expect 0 "$(kiosk sync "dir:$stick")" "sync after making room in the home"
[[ $(position) == 16 ]] || fail "the position is $(position), not 16"
pass "sync with a full home says so and works with room"

# A stick that is full.
rm -rf "$stick"
mkdir "$stick"
leave "$WORK/media" 0
s=$(kiosk sync "dir:$stick")
expect 3 "$s" "sync to a full stick"
says_why 'full|no space|room'
nothing_hidden "$WORK/media"
make_room "$WORK/media"
leave "$WORK/media" 60 # room for the pack only
s=$(kiosk sync "dir:$stick")
nothing_hidden "$WORK/media"
if [[ $s != 0 ]]; then
  expect 3 "$s" "sync to a stick that fills up"
  says_why 'full|no space|room'
fi
make_room "$WORK/media"
expect 0 "$(kiosk sync "dir:$stick")" "sync after making room on the stick"
expect 0 "$(kiosk sync "dir:$stick")" "a further sync"
grep -q "new files: 0" "$WORK/out" || fail "the sync before was not whole: $(cat "$WORK/out")"
"$ADMIN" pull "dir:$stick" --archive "$WORK/archive" >/dev/null
[[ $("$ADMIN" devices "$WORK/archive" --json | grep -c quarantine) == 1 ]] || fail "the office does not find the laptop"
pass "sync to a full stick says so, leaves nothing half, and works with room"

# A stick that is read-only.
mount -o remount,bind,ro "$WORK/media"
rm -f "$WORK/err"
s=$(kiosk sync "dir:$stick")
expect 0 "$s" "a sync that has nothing to write"
mount -o remount,bind,rw "$WORK/media"
rm -rf "$stick/up"
mount -o remount,bind,ro "$WORK/media"
s=$(kiosk sync "dir:$stick")
expect 3 "$s" "sync to a read-only stick"
says_why 'read-only'
mount -o remount,bind,rw "$WORK/media"
expect 0 "$(kiosk sync "dir:$stick")" "sync to the stick, writable again"
pass "sync to a read-only stick says so"

# A read-only home: what needs no writing works, also with a log that a crash left behind.
python3 - "$home/store.db" <<'PY'
import os, sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.execute("PRAGMA user_version = 1")
store.commit()
os._exit(0)
PY
[[ -s $home/store.db-wal ]] || fail "there is no log"
mount -o remount,bind,ro "$WORK/disk"
[[ $(position) == 16 ]] || fail "status does not work on a read-only home"
rm -rf "$stick/up"
"$KIOSK" --home "$home" collect "dir:$stick" >"$WORK/out" 2>"$WORK/err" || fail "collect from a read-only home"
grep -q "^[1-9]\|: [1-9]" "$WORK/out" || fail "collect wrote nothing: $(cat "$WORK/out")"
s=$(kiosk sync "dir:$stick")
expect 3 "$s" "sync with a read-only home"
says_why 'read-only|cannot be written'
home=$WORK/disk/other
s=$(set_up)
expect 3 "$s" "set-up on a read-only disk"
says_why 'read-only'
mount -o remount,bind,rw "$WORK/disk"
[[ ! -e $home/keys ]] || fail "a home was made on a read-only disk"
expect 0 "$(set_up)" "set-up on the same disk, writable again"
home=$WORK/disk/home
expect 0 "$(kiosk sync "dir:$stick")" "sync with the home, writable again"
pass "a read-only home can be looked at and collected from; the rest says so"
