#!/usr/bin/env bash
# A card leaves nothing in the terminal, whatever it calls itself: not when the laptop is locked over it, not when the
# program is ended, not in what can be scrolled back. And the function keys are found on each of them.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
make_study
printf 'aliya\na passphrase for the test\n' >"$WORK/laptop.pass"
"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass" >/dev/null

unlock() {
  says "This laptop is locked."
  type_text aliya
  press Enter
  type_text "a passphrase for the test"
  press Enter
}
card="tourism|How many\?|number is" # of an item, of the question, of the count
no_trace() {
  ! tm capture-pane -p -S - -t "$screen" | grep -E "$card" || fail "$1"
}

for kind in screen vt100 linux xterm-256color; do
  infocmp "$kind" >/dev/null 2>&1 || { echo "skipped: no terminfo for $kind here"; continue; }
  terminal env TERM="$kind" "$KIOSK" --home "$WORK/home" --lang en
  unlock
  says "New contact"
  press n Enter 3 1 1 2 4 1 Enter 6 1 Enter Enter
  says "How many? Only the number:"
  press 4
  says "Yes: press Enter."
  tm capture-pane -p -t "$screen" | grep -qE "$card" || fail "this test does not know the card"
  kill -USR1 "$(kiosk_pid)"
  says "This laptop is locked."
  no_trace "$kind: locked, but the card can be scrolled back"

  unlock
  says "Go on with the same card"
  press 1 Enter
  says "How many? Only the number:"
  press 4
  kill -TERM "$(kiosk_pid)"
  sees "ENDED 0"
  no_trace "$kind: ended, but the card is still there"

  terminal env TERM="$kind" "$KIOSK" --home "$WORK/home" --lang en
  unlock
  says "Go on with the same card"
  press 1 Enter
  says "How many? Only the number:"
  press M-0 # Alt and 0: F10
  says "One moment, please."
  no_trace "$kind: the page that hides the card does not"
  press 1
  says "How many? Only the number:"
  press 2 Enter
  says "Please give the laptop back to the interviewer."
  type_text $'\033[20~' # what a keyboard sends for F9
  sees "1 of 2"
  press 1 2 Enter
  says "New contact"
  press q
  sees "ENDED 0"
  pass "$kind: no trace of the card"
done
