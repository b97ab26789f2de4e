#!/usr/bin/env bash
# From TEST to live, with keys and laptop at the default cost: cheap ones are refused; everybody who reads, supervisors too,
# signs after opening a test interview; then the laptop's screens lose the TEST mark, test interviews leave the table, and the live ones stay
# blinded until the study is closed or somebody says why.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
phrase="a passphrase for the test"
printf 'aliya\n%s\n' "$phrase" >"$WORK/laptop.pass"
make_study # cheap keys, replaced below
admin_as() { local who=$1 c=$2 a=$3; shift 3; "$ADMIN" "$c" "$a" "$@" --key "$WORK/study/$who.key" --passphrase-file "$WORK/pass"; }
kiosk() { terminal "$KIOSK" --home "$WORK/home" --lang en; }
sync_stick() { "$KIOSK" --home "$WORK/home" sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass" >/dev/null; }
status_of() { local s=0; "$@" >"$WORK/out" 2>"$WORK/err" || s=$?; echo $s; }
interview() {
  to_card
  press 2
  says "Yes: press Enter."
  press Enter
  to_end
}

"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass" >/dev/null
mkdir "$WORK/stick"
sync_stick
"$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/cheap.archive" >/dev/null
[[ $(status_of admin_as first golive "$WORK/cheap.archive") == 2 ]] || fail "a cheap key may sign"
grep -q "lower cost than the default" "$WORK/err" || fail "the cheap key is not told: $(cat "$WORK/err")"
pass "a cheap key is refused"

rm -rf "$WORK/home" "$WORK/stick" "$WORK/study.pack"
mkdir "$WORK/stick"
for who in first second field; do
  rm "$WORK/study/$who.key" "$WORK/study/$who.pub"
  role=()
  [[ $who == field ]] && role=(--supervisor)
  "$ADMIN" keygen --out "$WORK/study/$who.key" "${role[@]}" --passphrase-file "$WORK/pass" >/dev/null
done
"$ADMIN" pack "$WORK/study/study.yaml" --key "$WORK/study/first.key" --passphrase-file "$WORK/pass" \
  --out "$WORK/study.pack" >"$WORK/pack.out"
"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" \
  --passphrase-file "$WORK/laptop.pass" >"$WORK/setup.out"
sync_stick
"$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive" >/dev/null
admin_as first devices "$WORK/archive" approve "$(words_in "$WORK/setup.out")" >/dev/null
[[ $(status_of admin_as first golive "$WORK/archive") == 2 ]] || fail "going live without a test interview"
grep -q "no test interview" "$WORK/err" || fail "the missing test interview is not told"
pass "no going live before a test interview"

kiosk
unlock
sees "TEST"
interview
sees "TEST"
press q
sees "ENDED 0"
sync_stick
"$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive" >/dev/null
admin_as first estimate "$WORK/archive" --small >"$WORK/out" || fail "a test interview is blinded"
grep -q "rehearsal" "$WORK/out" || fail "the table does not say that it is a rehearsal"
admin_as first golive "$WORK/archive" | grep -q "^1 of 3" || fail "the first signature is not counted"
admin_as second golive "$WORK/archive" | grep -q "^2 of 3" || fail "the second signature is not counted"
admin_as first send "$WORK/archive" "dir:$WORK/stick" >/dev/null
[[ -z $(find "$WORK/stick" -name '*.golive') ]] || fail "going live without the supervisor"
admin_as field golive "$WORK/archive" | grep -q "^3 of 3" || fail "the supervisor's signature is not counted"
admin_as second send "$WORK/archive" "dir:$WORK/stick" >/dev/null
sync_stick
pass "everybody who reads signs"

kiosk
unlock
says "New contact"
not_there "TEST"
interview
not_there "TEST"
press q
sees "ENDED 0"
sync_stick
"$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive" >/dev/null
admin_as first verify "$WORK/archive" >"$WORK/out" || fail "verify after going live: $(cat "$WORK/out")"
pass "live screens say nothing of a test"

[[ $(status_of admin_as first estimate "$WORK/archive" --small --json) == 2 ]] || fail "a live study is not blinded"
grep -q "close" "$WORK/err" && grep -q -e "--unblind" "$WORK/err" || fail "the sentence names only one way"
[[ ! -s $WORK/out ]] || fail "something was printed all the same"
[[ $(status_of admin_as first export "$WORK/archive" --format csv --out "$WORK/e.csv") == 2 && ! -e $WORK/e.csv ]] || fail "export is not blinded"
admin_as first estimate "$WORK/archive" --small --json --unblind "the test asks" >"$WORK/out"
python3 -c 'import json, sys; e = json.load(open(sys.argv[1])); assert e["n"] == 1, e' "$WORK/out" || fail "the test interview is in the table"
admin_as first close "$WORK/archive" >/dev/null
admin_as second estimate "$WORK/archive" --small --json >"$WORK/out" || fail "closed, and still blinded"
python3 - "$WORK/archive" <<'PY'
import sqlite3, sys
log = sqlite3.connect(sys.argv[1]).execute("SELECT what, command, reason FROM log ORDER BY id").fetchall()
assert log == [("unblind", "estimate", "the test asks"), ("close", "close", "")], log
PY
pass "blinded until closed, and every look is logged"
