#!/usr/bin/env bash
# What is left of two interviews once the laptop is locked: nothing in the memory of the locked kiosk, read by root, in the
# home, in what was synced, in the environment, on the command line, in what the terminal can scroll back to. The same
# search finds all of it while the laptop is unlocked, so it can find.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
(($(id -u) == 0)) || { echo "skipped: only root may read the memory of the kiosk"; exit 77; }
make_study
code=kq7-int8 # bytes that chance does not bring about
phrase="lantern oak quartz amber"
printf '%s\n%s\n' "$code" "$phrase" >"$WORK/laptop.pass"
"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass" >/dev/null
rm "$WORK/laptop.pass"

search() { # WHERE...: lines "what where", of what is found
  SANAQ_CODE=$code SANAQ_PHRASE=$phrase /usr/bin/python3 -B "$SOURCE/tests/terminal/leak.py" "$WORK/home" "$WORK/known" "$@"
}
open_up() {
  says "This laptop is locked."
  type_text "$code"
  press Enter
  type_text "$phrase"
  press Enter
}
memory() { echo "memory:$(kiosk_pid)"; }

# Answers that chance does not bring about: age 73, education 5, ethnicity 2, count 3.
interview() {
  says "New contact"
  press n Enter 3 1 1 2
  sees "2 "
  press 7 3 Enter 5 2
  says "From here on this interview counts."
  press Enter
  says "When you are ready, press Enter."
  press Enter
  says "How many? Only the number:"
}

mkdir "$WORK/tmp"
terminal env TMPDIR="$WORK/tmp" SQLITE_TMPDIR="$WORK/tmp" "$KIOSK" --home "$WORK/home" --lang en
open_up
says "New contact"
interview
search learn # keys and draft as they are now, out of the home and with the passphrase
search "$(memory)" >"$WORK/found" || true
for what in code key:sign key:local key:epoch key:mac answers card; do
  grep -q "^$what " "$WORK/found" || fail "the search does not find $what in the memory of an open kiosk, so it proves nothing"
done
pass "the search finds in an open kiosk: $(cut -d' ' -f1 "$WORK/found" | sort -u | tr '\n' ' ')"

nothing_left() {
  search "$@" >"$WORK/found" || fail "$(sort -u "$WORK/found" | head -20)"
}
press 3 Enter
says "Please give the laptop back to the interviewer."
press F9 1 2 Enter
says "New contact"
search learn
interview
press 2
says "Yes: press Enter."
search learn
kill -USR1 "$(kiosk_pid)" # with a card on the screen
says "This laptop is locked."
nothing_left "$(memory)"
pass "locked with a card on the screen: nothing in its memory"
open_up
says "Go on with the same card"
press 1 Enter
says "How many? Only the number:"
press 2 Enter
says "Please give the laptop back to the interviewer."
press F9 1 2 Enter
says "New contact"
search learn
press l
says "This laptop is locked."
nothing_left "$(memory)"
pass "locked after two interviews: nothing in its memory"

tm capture-pane -p -S - -E - -t "$screen" >"$WORK/history"
tm show-buffer >"$WORK/buffer" 2>/dev/null || true
cp "/proc/$(kiosk_pid)/environ" "$WORK/environ"
cp "/proc/$(kiosk_pid)/cmdline" "$WORK/cmdline"
nothing_left "file:$WORK/history" "file:$WORK/buffer" "file:$WORK/environ" "file:$WORK/cmdline"
pass "nothing can be scrolled back to, nothing in the environment or on the command line"
nothing_left "folder:$WORK/home"
mkdir "$WORK/stick"
"$KIOSK" --home "$WORK/home" collect "dir:$WORK/stick" >/dev/null
nothing_left "folder:$WORK/stick/up"
pass "nothing in store, log, freed pages, keys file and segments"
[[ -z $(ls -A "$WORK/tmp") ]] || fail "there are temporary files"
! readlink /proc/"$(kiosk_pid)"/fd/* | grep -E 'deleted|/tmp/[^/]*$' || fail "there are temporary files without a name"
pass "no temporary files"
