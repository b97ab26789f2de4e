#!/usr/bin/env bash
# tests/fault/kill.sh [ROUNDS]: so many deaths by `kill -9`, at random moments of the real kiosk in a terminal; 60 unless
# told. After each the same card comes back and nothing is lost (kill.py); every 500 rounds, and at the end, the laptop is
# synced and the office's ledgers must balance: acknowledged <= stored <= tried.
set -euo pipefail
rounds=${1:-60} seed=${2:-$RANDOM}
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
KIOSK=${KIOSK:-$SOURCE/build/sanaq-kiosk} ADMIN=${ADMIN:-$SOURCE/build/sanaq-admin}
WORK=$(mktemp -d)
# shellcheck source=../terminal/lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'rm -rf "$WORK"' EXIT
fail() { echo "FAILED (seed $seed): $*" >&2; exit 1; }

make_study
printf 'aliya\na passphrase for the test\n' >"$WORK/laptop.pass"
"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass" >"$WORK/setup.out"
mkdir "$WORK/stick"
sync_stick() { "$KIOSK" --home "$WORK/home" sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass" >/dev/null; }
pull() { "$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive" >/dev/null; }
sync_stick
pull
admin devices "$WORK/archive" approve "$(words_in "$WORK/setup.out")" >/dev/null
admin send "$WORK/archive" "dir:$WORK/stick" >/dev/null
sync_stick

done=0 chunk=0
while ((done < rounds)); do
  n=$((rounds - done < 500 ? rounds - done : 500)) chunk=$((chunk + 1))
  python3 "$SOURCE/tests/fault/kill.py" "$KIOSK" "$WORK/home" "$WORK/laptop.pass" "$n" "$((seed + chunk))" \
    "$WORK/known.json" >"$WORK/seen.json" || fail "in rounds $done to $((done + n))"
  cat "$WORK/seen.json"
  sync_stick
  pull
  admin verify "$WORK/archive" --json >"$WORK/verify.json" || fail "verify: exit status $?"
  python3 - "$WORK/verify.json" "$WORK/known.json" <<'PY' || fail "the ledgers do not balance"
import json, sys
v, k = (json.load(open(f)) for f in sys.argv[1:])
d, final = v["draws"], v["addresses"]["final"]
contacts = sum(final.values())
assert v["ok"] and len(v["devices"]) == 1 and v["devices"][0]["verdict"] == "intact", v
assert v["assignment"]["mismatched"] == 0 and v["assignment"]["before_approval"] == 0, v
# acknowledged, or found after a death, <= stored <= tried
assert k["finished"] <= contacts <= k["finished"] + k["under way"], (contacts, k)
assert k["cards"] <= d["assigned"] <= k["finished"] + k["under way"], (d, k)
assert k["counts"] <= d["counted"] <= k["counts tried"], (d, k)
assert d["assigned"] == d["counted"] + d["dont_know"] + d["refused"] + d["broken_off"] + d["void"] + d["withdrawn"] \
    + d["unfinished"] and d["unfinished"] <= k["under way"], d
PY
  done=$((done + n))
done
pass "$rounds deaths, nothing lost, no other card"
