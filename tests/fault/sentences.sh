#!/usr/bin/env bash
# What people do wrong with good files, and what carriers do to them: each gets a sentence that says what and where, the
# right exit status, and nothing is left behind or lost.
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
printf 'aliya\nanother passphrase altogether\n' >"$WORK/wrong.pass"
words=$(words_in "$WORK/pack.out")

# keys and packs
expect 3 "there is such a file already" "$ADMIN" keygen --out "$WORK/study/first.key" --cost interactive --passphrase-file "$WORK/pass"
echo short >"$WORK/short"
expect 2 "at least 12 characters" "$ADMIN" keygen --out "$WORK/x.key" --cost interactive --passphrase-file "$WORK/short"
[[ ! -e $WORK/x.key && ! -e $WORK/x.pub ]] || fail "a refused key was written"
cp -r "$WORK/study" "$WORK/swapped"
cp "$WORK/study/second.key" "$WORK/swapped/second.pub"
expect 3 "this is a SECRET key" "$ADMIN" pack "$WORK/swapped/study.yaml" "${key[@]}" --out "$WORK/x.pack"
cp "$WORK/study/field.pub" "$WORK/swapped/second.pub"
expect 3 "stands where a researcher's belongs" "$ADMIN" pack "$WORK/swapped/study.yaml" "${key[@]}" --out "$WORK/x.pack"
cp "$WORK/study/first.pub" "$WORK/swapped/second.pub"
expect 1 "the same key" "$ADMIN" pack "$WORK/swapped/study.yaml" "${key[@]}" --out "$WORK/x.pack"
expect 3 "not among the study's researchers" "$ADMIN" pack "$WORK/study/study.yaml" --key "$WORK/study/field.key" \
  --passphrase-file "$WORK/pass" --out "$WORK/x.pack"
echo "not the passphrase at all" >"$WORK/wrong"
expect 3 "the passphrase is wrong" "$ADMIN" pack "$WORK/study/study.yaml" --key "$WORK/study/first.key" \
  --passphrase-file "$WORK/wrong" --out "$WORK/x.pack"
[[ ! -e $WORK/x.pack ]] || fail "a refused pack was written"
expect 1 "five-mistakes.yaml:[0-9]*: " "$ADMIN" check "$SOURCE/tests/core/studies/five-mistakes.yaml"
[[ $(grep -c 'five-mistakes.yaml:[0-9]*: ' "$WORK/err" || true) == 5 ]] || fail "five mistakes are not five reports"
expect 1 "five-mistakes.yaml:[0-9]*: " "$ADMIN" pack "$SOURCE/tests/core/studies/five-mistakes.yaml" "${key[@]}" --out "$WORK/x.pack"

# the laptop
expect 1 "not those expected" "$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --cost interactive \
  --expect "aqua aqua aqua aqua aqua aqua aqua aqua" --passphrase-file "$WORK/laptop.pass"
[[ ! -e $WORK/home ]] || fail "a refused set-up left something"
head -c 900 "$WORK/study.pack" >"$WORK/cut.pack"
expect 3 "damaged or cut short" "$KIOSK" --home "$WORK/home" setup --pack "$WORK/cut.pack" --expect "$words" --passphrase-file "$WORK/laptop.pass"
size=$(stat -c %s "$WORK/study.pack")
{ head -c $((size - 1)) "$WORK/study.pack"; printf '\001'; } >"$WORK/forged.pack"
cmp -s "$WORK/study.pack" "$WORK/forged.pack" && { head -c $((size - 1)) "$WORK/study.pack"; printf '\002'; } >"$WORK/forged.pack"
expect 1 "signature of this pack does not fit" "$KIOSK" --home "$WORK/home" setup --pack "$WORK/forged.pack" --expect "$words" --passphrase-file "$WORK/laptop.pass"
expect 2 "is not set up" "$KIOSK" --home "$WORK/home" status
"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --cost interactive --expect "$words" \
  --passphrase-file "$WORK/laptop.pass" >"$WORK/setup.out"
expect 2 "set up already" "$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$words" --passphrase-file "$WORK/laptop.pass"
expect 3 "the code or the passphrase is wrong" "$KIOSK" --home "$WORK/home" sync "dir:$WORK/stick" --passphrase-file "$WORK/wrong.pass"
expect 3 "is the stick plugged in" "$KIOSK" --home "$WORK/home" sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass"
expect 2 "this is no target" "$KIOSK" --home "$WORK/home" sync ":webdav,bearer_token_command=id:x" --passphrase-file "$WORK/laptop.pass"
mkdir "$WORK/stick"
"$KIOSK" --home "$WORK/home" sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass" >/dev/null
expect 0 "new files in" "$KIOSK" --home "$WORK/home" collect "dir:$WORK/stick"
cp -r "$WORK/home" "$WORK/copy"
truncate -s 8000 "$WORK/copy/keys"
expect 3 "keys file is damaged" "$KIOSK" --home "$WORK/copy" sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass"

# the archive: another study's key, a cut and a foreign segment beside good ones
expect 0 "in quarantine" "$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive"
expect 4 "not approved" "$ADMIN" verify "$WORK/archive" "${key[@]}"
expect 2 "no laptop in this archive has these eight words" "$ADMIN" devices "$WORK/archive" approve "$words" "${key[@]}"
"$ADMIN" devices "$WORK/archive" approve "$(words_in "$WORK/setup.out")" "${key[@]}" >/dev/null
expect 0 "all intact" "$ADMIN" verify "$WORK/archive" "${key[@]}"
"$ADMIN" keygen --out "$WORK/other.key" --cost interactive --passphrase-file "$WORK/pass" >/dev/null
expect 3 "opens nothing here" "$ADMIN" verify "$WORK/archive" --key "$WORK/other.key" --passphrase-file "$WORK/pass"
expect 3 "this is not a study key" "$ADMIN" verify "$WORK/archive" --key "$WORK/study/first.pub" --passphrase-file "$WORK/pass"
up=$(echo "$WORK"/stick/up/*)
segment=$(ls "$up" | tail -n 1)
mkdir -p "$WORK/bad/up/$(basename "$up")" "$WORK/bad/up/$(printf '%064d' 0)"
cp -r "$WORK/stick/packs" "$WORK/bad/"
head -c -100 "$up/$segment" >"$WORK/bad/up/$(basename "$up")/$segment"
cp "$up/$segment" "$WORK/bad/up/$(printf '%064d' 0)/"
expect 4 "cut short" "$ADMIN" pull "dir:$WORK/bad" --archive "$WORK/bad.archive"
grep -q "not the name of a segment of this laptop" "$WORK/err" || fail "the foreign segment is not told"
"$ADMIN" devices "$WORK/bad.archive" approve "$(words_in "$WORK/setup.out")" "${key[@]}" >/dev/null
expect 4 "truncated" "$ADMIN" verify "$WORK/bad.archive" "${key[@]}"
expect 4 "cut short" "$ADMIN" pull "dir:$WORK/bad" --archive "$WORK/archive"
expect 0 "all intact" "$ADMIN" verify "$WORK/archive" "${key[@]}"
echo "ok: a damaged copy beside a whole one does no harm"
expect 3 "not an archive" "$ADMIN" verify "$WORK/home/store.db" "${key[@]}"
expect 3 "no such archive" "$ADMIN" verify "$WORK/nowhere.archive" "${key[@]}"
[[ ! -e $WORK/nowhere.archive ]] || fail "looking made an archive"
expect 3 "nothing of a laptop is here" "$ADMIN" pull "dir:$WORK/study" --archive "$WORK/archive"
expect 3 "a supervisor's key" "$ADMIN" estimate "$WORK/archive" --key "$WORK/study/field.key" --passphrase-file "$WORK/pass"
expect 2 "no interview in this archive yet" "$ADMIN" estimate "$WORK/archive" "${key[@]}"

# before approval nothing is there to estimate from, and two histories of an unknown laptop stop nobody
"$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/new.archive" >/dev/null 2>&1
expect 2 "no results of an approved laptop" "$ADMIN" estimate "$WORK/new.archive" "${key[@]}"
"$ADMIN" simulate "$WORK/study.pack" "${key[@]}" --interviews 60 --devices 2 --out "$WORK/simulated" 2>/dev/null
"$ADMIN" pull "dir:$WORK/simulated" --archive "$WORK/study.archive" >/dev/null 2>&1
for i in 1 2; do "$ADMIN" simulate "$WORK/study.pack" "${key[@]}" --interviews 20 --devices 1 --seed 5 --out "$WORK/fork$i" 2>/dev/null; done
for i in 1 2; do rm -r "$WORK/fork$i/down"; "$ADMIN" pull "dir:$WORK/fork$i" --archive "$WORK/study.archive" >/dev/null 2>&1 || true; done
expect 4 "not approved" "$ADMIN" verify "$WORK/study.archive" "${key[@]}"
expect 4 "difference in means" "$ADMIN" estimate "$WORK/study.archive" "${key[@]}" --small

# a fork of an approved laptop: its entries are out, the others stay, and a revocation settles it
"$ADMIN" simulate "$WORK/study.pack" "${key[@]}" --interviews 20 --devices 1 --seed 5 --out "$WORK/fork3" 2>/dev/null
"$ADMIN" pull "dir:$WORK/fork3" --archive "$WORK/study.archive" >/dev/null 2>&1 || true
expect 1 "fork" "$ADMIN" verify "$WORK/study.archive" "${key[@]}"
expect 1 "difference in means" "$ADMIN" estimate "$WORK/study.archive" "${key[@]}" --small
device=$("$ADMIN" verify "$WORK/study.archive" "${key[@]}" --json 2>/dev/null | python3 -c 'import json, sys; print(next(d["id"] for d in json.load(sys.stdin)["devices"] if d["verdict"] == "fork"))' || true)
"$ADMIN" devices "$WORK/study.archive" revoke "$device" --after 0 "${key[@]}" >/dev/null
expect 4 "revoked" "$ADMIN" verify "$WORK/study.archive" "${key[@]}"

# a pack of strangers that names our keys takes nothing over
mkdir "$WORK/evil"
cp "$WORK"/study/* "$WORK/evil/"
"$ADMIN" keygen --out "$WORK/evil/stranger.key" --cost interactive --passphrase-file "$WORK/pass" >/dev/null
sed -i 's/second\.pub/stranger.pub/' "$WORK/evil/study.yaml"
"$ADMIN" pack "$WORK/evil/study.yaml" --key "$WORK/evil/stranger.key" --passphrase-file "$WORK/pass" --out "$WORK/evil.pack" >/dev/null 2>&1
"$ADMIN" simulate "$WORK/evil.pack" --key "$WORK/evil/stranger.key" --passphrase-file "$WORK/pass" --interviews 90 \
  --devices 3 --prevalence csto=.02 --out "$WORK/flood" 2>/dev/null
"$ADMIN" estimate "$WORK/study.archive" "${key[@]}" --json >"$WORK/before.json" 2>/dev/null || true
expect 4 "pack of another study" "$ADMIN" pull "dir:$WORK/flood" --archive "$WORK/study.archive"
"$ADMIN" estimate "$WORK/study.archive" "${key[@]}" --json >"$WORK/after.json" 2>/dev/null || true
cmp <(grep -v "_seconds\"" "$WORK/before.json") <(grep -v "_seconds\"" "$WORK/after.json") && [[ -s $WORK/after.json ]] ||
  fail "strangers changed the results"
expect 4 "unknown pack" "$ADMIN" verify "$WORK/study.archive" "${key[@]}"
cp "$WORK/evil.pack" "$WORK/simulated/packs/$(printf '%064d' 1).pack"
expect 2 "several studies lie here" "$ADMIN" pull "dir:$WORK/simulated" --archive "$WORK/which.archive"
expect 4 "in the archive: 2" "$ADMIN" pull "dir:$WORK/simulated" --archive "$WORK/which.archive" --expect "$words"

# a file name drives no terminal
mkdir "$WORK/stick/up/$(printf 'evil\033]0;x\007')"
expect 4 "not the name of a laptop" "$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/new.archive"
if grep -q $'\033' "$WORK/err"; then fail "a control character went through"; fi

expect 2 "there is no command" "$ADMIN" frobnicate
expect 2 "there is no command" "$KIOSK" frobnicate
expect 0 "all intact" "$ADMIN" verify "$WORK/archive" "${key[@]}"
