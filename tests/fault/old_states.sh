#!/usr/bin/env bash
# tests/fault/old_states.sh [INTERVIEWS]: 30 unless told (300 in full). Interviews with deaths at random on an ext4 image;
# then the raw image and the passphrase: no key stands there in clear, and no state of an earlier epoch opens. Again after
# a change of the passphrase, with the old one and the new; and after the panic key.
set -euo pipefail
interviews=${1:-30}
PROGRAM=${OLD_STATES:-$(dirname "${KIOSK:?}")/tests/old_states}
WORK=$(mktemp -d)
trap 'umount "$WORK/disk" 2>/dev/null || true; rm -rf "$WORK"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
truncate -s 24M "$WORK/image"
command -v mkfs.ext4 >/dev/null && mkfs.ext4 -q "$WORK/image" && mkdir "$WORK/disk" &&
  mount -o loop "$WORK/image" "$WORK/disk" 2>/dev/null || { echo "skipped: no image can be mounted here" >&2; exit 77; }
on() { mount -o loop "$WORK/image" "$WORK/disk"; }
off() { sync; umount "$WORK/disk"; }
epoch() { awk '/^epoch/{print $2}' <<<"$1"; }
look() { # WORDS EPOCH WHAT: the number of epochs that open
  "$PROGRAM" scan "$WORK/image" "$WORK/book" "$1" "$2" >"$WORK/seen" || fail "$3: $(cat "$WORK/seen")"
  echo "ok: $3: $(cat "$WORK/seen")"
  sed -E 's/.*epochs that open ([0-9]+).*/\1/' "$WORK/seen" >"$WORK/epochs"
}

said=$("$PROGRAM" live "$WORK/disk/home" "$WORK/book" "$interviews")
at=$(epoch "$said")
off
look 0 "$at" "$interviews interviews, $(head -n 1 <<<"$said"), the raw image and the passphrase"
[[ $(cat "$WORK/epochs") == 2 ]] || fail "not the two epochs that a laptop needs"

on
at=$(epoch "$("$PROGRAM" change "$WORK/disk/home" "$WORK/book")")
off
look 0 "$at" "another passphrase, and the old one"
[[ $(cat "$WORK/epochs") == 0 ]] || fail "the old passphrase opens something"
look 1 "$at" "another passphrase, and the new one"
[[ $(cat "$WORK/epochs") == 2 ]] || fail "the new passphrase does not open what it should"

on
"$PROGRAM" wipe "$WORK/disk/home"
off
look 01 "$at" "after the panic key, and all passphrases"
[[ $(cat "$WORK/epochs") == 0 ]] || fail "something opens after a panic"
