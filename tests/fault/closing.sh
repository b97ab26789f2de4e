#!/usr/bin/env bash
# A closing code from the real kiosk to the real office: read off the screen, given over the telephone, missed for as long
# as its entries are; and two histories of one laptop, between which a person chooses.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=../terminal/lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'rm -rf "$WORK"' EXIT
fail() { echo "FAILED: $*" >&2; cat "$WORK/out" "$WORK/err" >&2; exit 1; }
expect() { # STATUS TEXT COMMAND...
  local status=$1 text=$2 got=0
  shift 2
  "$@" >"$WORK/out" 2>"$WORK/err" || got=$?
  [[ $got == "$status" ]] || fail "exit status $got, not $status: $*"
  grep -q -e "$text" "$WORK/out" "$WORK/err" || fail "no word of «$text»: $*"
  echo "ok: $text"
}
make_study
key=(--key "$WORK/study/first.key" --passphrase-file "$WORK/pass")
printf 'aliya\na passphrase for the test\n' >"$WORK/laptop.pass"
kiosk() { "$KIOSK" --home "$WORK/home" "$@"; }
sync() { kiosk sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass" >/dev/null; }
code() { kiosk status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["closing_code"])'; }
pull() { "$ADMIN" pull "dir:$1" --archive "$WORK/archive" >/dev/null; }
kiosk setup --pack "$WORK/study.pack" --cost interactive --expect "$(words_in "$WORK/pack.out")" \
  --passphrase-file "$WORK/laptop.pass" >"$WORK/setup.out"
words=$(words_in "$WORK/setup.out")
mkdir "$WORK/stick"
sync
pull "$WORK/stick"
expect 2 "this has 23 digits" "$ADMIN" verify "$WORK/archive" "${key[@]}" --closing "1234 5678 9012 3456 7890 123"
expect 2 "there is none" "$ADMIN" verify "$WORK/archive" "${key[@]}" --device "$words"
"$ADMIN" devices "$WORK/archive" approve "$words" "${key[@]}" >/dev/null
first=$(code)
expect 0 "its entry is there" "$ADMIN" verify "$WORK/archive" "${key[@]}" --closing "$first"
"$ADMIN" send "$WORK/archive" "dir:$WORK/stick" "${key[@]}" >/dev/null
cp -r "$WORK/home" "$WORK/older" # the laptop's disk as it was before the approval
sync
second=$(code)
[[ $second != "$first" ]] || fail "the closing code did not change with the entries"

# the code was read out, its entries are not here yet
expect 4 "are not there: not brought in yet" "$ADMIN" verify "$WORK/archive" "${key[@]}" --closing "${second// /-}"
expect 4 "are not there: not brought in yet" "$ADMIN" verify "$WORK/archive" "${key[@]}"
expect 0 "are not there" "$ADMIN" devices "$WORK/archive"
"$ADMIN" verify "$WORK/archive" "${key[@]}" --json >"$WORK/json" 2>/dev/null || true
python3 - "$WORK/json" <<'PY' || fail "the JSON does not say what is missing"
import json, sys
v = json.load(open(sys.argv[1]))
codes = {c["verdict"]: c for c in v["closing"]}
assert set(codes) == {"there", "not yet there"}, codes
assert codes["not yet there"]["position"] == 32 and codes["not yet there"]["device"] == v["devices"][0]["id"], codes
runs = [run for stream in v["devices"][0]["streams"] for run in stream["runs"]]
assert sum(run["last"] - run["first"] + 1 for run in runs) == v["devices"][0]["entries"] == 16
assert {run["verdict"] for run in runs} == {"intact"}
PY
pull "$WORK/stick"
expect 0 "all intact" "$ADMIN" verify "$WORK/archive" "${key[@]}"

# the tail is deleted and the laptop goes on from an older state of its disk: the code tells
cp -r "$WORK/stick" "$WORK/stick2"
rm -r "$WORK/stick2/up"/*/*-00000017-* "$WORK/home"
mv "$WORK/older" "$WORK/home"
kiosk sync "dir:$WORK/stick2" --passphrase-file "$WORK/laptop.pass" >/dev/null
"$ADMIN" pull "dir:$WORK/stick2" --archive "$WORK/new.archive" >/dev/null
"$ADMIN" devices "$WORK/new.archive" approve "$words" "${key[@]}" >/dev/null || true
expect 1 "another entry came at its position" "$ADMIN" verify "$WORK/new.archive" "${key[@]}" --closing "$second" --device "$words"
expect 2 "a reason\|--reason TEXT go together" "$ADMIN" verify "$WORK/new.archive" "${key[@]}" --take-back "$second"
expect 0 "taken back" "$ADMIN" verify "$WORK/new.archive" "${key[@]}" --take-back "$second" --reason "read from the wrong laptop"

# both histories in one archive: a fork, until somebody chooses
"$ADMIN" pull "dir:$WORK/stick2" --archive "$WORK/archive" >/dev/null
expect 1 "two histories from entry 17 on" "$ADMIN" verify "$WORK/archive" "${key[@]}"
expect 2 "needs --reason" "$ADMIN" devices "$WORK/archive" choose "$words" --branch a "${key[@]}"
expect 2 "are a to b" "$ADMIN" devices "$WORK/archive" choose "$words" --branch c --reason "asked Aliya" "${key[@]}"
expect 2 "say which with --head or --branch" "$ADMIN" devices "$WORK/archive" choose "$words" --position 17 --reason "asked Aliya" "${key[@]}"
expect 2 "nothing to choose at position 3" "$ADMIN" devices "$WORK/archive" choose "$words" --position 3 --reason "asked Aliya" "${key[@]}"
expect 3 "only a researcher" "$ADMIN" devices "$WORK/archive" choose "$words" --branch a --reason x --key "$WORK/study/field.key" --passphrase-file "$WORK/pass"
expect 0 "the reason is logged" "$ADMIN" devices "$WORK/archive" choose "$words" --branch a --reason "asked Aliya" "${key[@]}"
expect 4 "CHOSEN" "$ADMIN" verify "$WORK/archive" "${key[@]}"
expect 0 "the reason is logged" "$ADMIN" devices "$WORK/archive" choose "$words" --branch b --reason "asked again" "${key[@]}"
expect 4 "not chosen" "$ADMIN" verify "$WORK/archive" "${key[@]}"

# whose key, and does it open what is sealed?
other=(--passphrase-file "$WORK/pass")
expect 0 "a researcher's key, opened with its passphrase" "$ADMIN" keycheck "$WORK/study/first.key" "${other[@]}"
expect 0 "researcher 1 of 2, its signer" "$ADMIN" keycheck "$WORK/study/first.key" "$WORK/study.pack" "${other[@]}"
expect 0 "supervisor 1 of 1" "$ADMIN" keycheck "$WORK/study/field.key" "$WORK/study.pack" "${other[@]}"
expect 0 "sessions sealed to this key: [1-9][0-9]*, opened: [1-9]" "$ADMIN" keycheck "$WORK/study/second.key" "$WORK/archive" "${other[@]}"
echo "not the passphrase at all" >"$WORK/wrong"
expect 3 "the passphrase is wrong" "$ADMIN" keycheck "$WORK/study/first.key" --passphrase-file "$WORK/wrong"
"$ADMIN" keygen --out "$WORK/other.key" --cost interactive --passphrase-file "$WORK/pass" >/dev/null
expect 3 "this researcher's key is not in it" "$ADMIN" keycheck "$WORK/other.key" "$WORK/study.pack" "${other[@]}"
expect 3 "it opens nothing here" "$ADMIN" keycheck "$WORK/other.key" "$WORK/archive" "${other[@]}"
expect 3 "this is not a pack" "$ADMIN" keycheck "$WORK/study/first.key" "$WORK/study/study.yaml" "${other[@]}"
expect 2 "keycheck takes a key" "$ADMIN" keycheck
