#!/usr/bin/env bash
# A terminal of 60x20 is told what is needed and nothing is lost; larger ones and poorer ones work.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
make_study
printf 'aliya\na passphrase for the test\n' >"$WORK/laptop.pass"
"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass" >/dev/null

columns=60 rows=20
terminal "$KIOSK" --home "$WORK/home" --lang en
sees "80"
sees "60x20"
tm resize-window -t "$screen" -x 80 -y 24
says "This laptop is locked."
type_text aliya
press Enter
type_text "a passphrase for the test"
press Enter
says "New contact"
pass "60x20 says what it needs"
for size in 100x30 200x60 80x24; do
  tm resize-window -t "$screen" -x "${size%x*}" -y "${size#*x}"
  says "New contact"
done
tm resize-window -t "$screen" -x 60 -y 20
sees "60x20"
press q n l # keys do nothing on a page that cannot be read
tm resize-window -t "$screen" -x 80 -y 24
says "New contact"
pass "every size"
press q
sees "ENDED 0"
columns=80 rows=24
for kind in vt100 linux xterm-256color screen; do
  infocmp "$kind" >/dev/null 2>&1 || { echo "skipped: no terminfo for $kind here"; continue; }
  terminal env TERM="$kind" NO_COLOR=1 "$KIOSK" --home "$WORK/home" --lang en
  says "This laptop is locked."
done
pass "poorer terminals"
terminal env TERM=no-such-terminal "$KIOSK" --home "$WORK/home" --lang en
sees "this kind of terminal is not known here"
sees "ENDED 3"
pass "an unknown terminal is told"
