#!/usr/bin/env bash
# tests/terminal/keys.sh LANGUAGE: interviewers come and go on one laptop, on its screens and on the command line; then
# nobody can unlock it any more, and it is set up anew on its screens.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=lib.sh
. "$SOURCE/tests/terminal/lib.sh"
language=$1
trap 'end_terminal; rm -rf "$WORK"' EXIT
make_study
phrase="a passphrase for the test"
printf 'aliya\n%s\n' "$phrase" >"$WORK/aliya"
printf 'bekzat\nanother passphrase\n' >"$WORK/bekzat"
printf 'bekzat\nthe third passphrase\n' >"$WORK/third"
laptop() { "$KIOSK" --home "$WORK/home" "$@"; }
words() { words_in "$WORK/pack.out"; }
in_status() { laptop status --json | python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
may_unlock() { laptop status --passphrase-file "$1" >/dev/null 2>"$WORK/err"; }
open_kiosk() { terminal "$KIOSK" --home "$WORK/home" --lang "$language"; }
laptop setup --pack "$WORK/study.pack" --expect "$(words)" --cost interactive --passphrase-file "$WORK/aliya" >/dev/null

# ---- on the screens ----
open_kiosk
unlock
says "Interviewers: add, change passphrase, remove"
press i
says "Add an interviewer"
press 1
says "First type your own passphrase of today."
type_text "$phrase"
press Enter
says "Their code:"
type_text bekzat
press Enter
says "This is your passphrase."
press o
says "Type a passphrase of your own"
for _ in 1 2; do
  type_text "another passphrase"
  press Enter
done
says "The new interviewer can unlock this laptop now."
press l
says "This laptop is locked."
type_text bekzat
press Enter
type_text "another passphrase"
press Enter
says "New contact"
press q
sees "ENDED 0"
pass "$language: an interviewer is added on the screens"

# ---- on the command line, which speaks one language ----
if [[ $language == en ]]; then
  (may_unlock "$WORK/aliya" && may_unlock "$WORK/bekzat") || fail "not both may unlock"
  laptop interviewers --passphrase-file "$WORK/bekzat" | grep -qx "2 of 8 places for interviewers are taken" || fail "how many there are is not told"
  laptop interviewers passphrase --passphrase-file "$WORK/bekzat" --new "$WORK/third" >/dev/null
  ! may_unlock "$WORK/bekzat" || fail "the old passphrase still unlocks"
  may_unlock "$WORK/third" || fail "the new passphrase does not unlock"
  ! laptop interviewers remove --passphrase-file "$WORK/third" --new "$WORK/third" 2>"$WORK/err" || fail "they removed themselves"
  grep -q "another interviewer of this laptop can do it" "$WORK/err" || fail "it is not told who can: $(cat "$WORK/err")"
  laptop interviewers remove --passphrase-file "$WORK/aliya" --new "$WORK/bekzat" >/dev/null
  ! may_unlock "$WORK/third" || fail "who was removed still unlocks"
  status=0
  laptop interviewers list --passphrase-file "$WORK/aliya" 2>"$WORK/err" || status=$?
  ((status == 2)) || fail "a word that is none gives status $status"
  laptop interviewers add --passphrase-file "$WORK/aliya" --new "$WORK/bekzat" >/dev/null
  may_unlock "$WORK/bekzat" || fail "an interviewer who was removed cannot be added again"
  pass "interviewers come and go on the command line"
fi

# ---- nobody can unlock it any more ----
old=$(in_status device)
mkdir "$WORK/stick"
open_kiosk
says "This laptop is locked."
press F3
says "Can nobody unlock this laptop any more?"
press Enter
says "First the sealed interviews go to a stick."
type_text "$WORK/stick"
press Enter
says "Everything that was sealed lies on the stick"
type_text "$(tr_of yes)"
press Enter
says "This laptop is set up anew."
type_text "$WORK/study.pack"
press Enter
sees "$(words | cut -d' ' -f1)"
type_text "$(tr_of yes)"
press Enter
says "Choose your interviewer code"
type_text aliya
press Enter
says "This is your passphrase."
press o
for _ in 1 2; do
  type_text "a fresh passphrase"
  press Enter
done
says "This laptop is set up." 300
press Enter
says "This laptop is locked."
press Escape
sees "ENDED 0"
printf 'aliya\na fresh passphrase\n' >"$WORK/fresh"
[[ $(in_status device) != "$old" ]] || fail "it is still the old device"
! may_unlock "$WORK/aliya" && ! may_unlock "$WORK/bekzat" || fail "an old passphrase unlocks"
may_unlock "$WORK/fresh" || fail "the new passphrase does not unlock"
laptop sync "dir:$WORK/stick" --passphrase-file "$WORK/fresh" >/dev/null
[[ -d $WORK/stick/up/$old && -d $WORK/stick/up/$(in_status device) ]] || fail "both devices' results do not lie on the stick"

pass "$language: set up anew on the screens, with everything that was sealed"
[[ $language == en ]] || exit 0

# The same again, by a script.
laptop setup --pack "$WORK/study.pack" --expect "$(words)" --cost interactive --passphrase-file "$WORK/bekzat" \
  --replaces "not these words" 2>"$WORK/err" && fail "it was given up by mistake"
grep -q "these are not the eight words of the device in this home" "$WORK/err" || fail "the sentence is missing: $(cat "$WORK/err")"
second=$(in_status device)
laptop setup --pack "$WORK/study.pack" --expect "$(words)" --cost interactive --passphrase-file "$WORK/bekzat" \
  --replaces "$(in_status words)" >/dev/null
mkdir "$WORK/other"
laptop collect "dir:$WORK/other" >/dev/null
for d in "$old" "$second" "$(in_status device)"; do
  [[ -n $(ls "$WORK/other/up/$d") ]] || fail "collect forgets device $d"
done
pass "set up anew by a script; collect brings what each device sealed"
