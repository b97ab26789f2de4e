#!/usr/bin/env bash
# What the process of the kiosk lets nobody do: look in, dump it, stop it with a card on the screen, find a terminal
# without echo after it. And the panic key, on every kind of screen, locked too.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
make_study
phrase="a passphrase for the test"
printf 'aliya\n%s\n' "$phrase" >"$WORK/laptop.pass"
laptop() { "$KIOSK" --home "$WORK/home" "$@"; }
new_laptop() {
  rm -rf "$WORK/home"
  laptop setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
    --passphrase-file "$WORK/laptop.pass" >/dev/null
}
in_status() { laptop status --json | python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
open_kiosk() { terminal "$KIOSK" --home "$WORK/home" --lang en; }
quick_to_card() {
  says "New contact"
  press n Enter 3 1 1 2 4 1 Enter 6 1 Enter Enter
  says "How many? Only the number:"
}
gone() { # the process has ended
  for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
  fail "the kiosk does not end"
}

# ---- nobody looks in ----
new_laptop
open_kiosk
unlock
quick_to_card
pid=$(kiosk_pid)
grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits" || fail "a core dump would be written"
if [[ $(in_status seccomp) == True ]]; then
  grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status" || fail "system calls are not filtered"
  grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status" || fail "it could gain rights"
else
  echo "skipped: this kernel does not filter system calls"
fi
checked=0
for info in "/proc/$pid/fdinfo"/*; do
  ((${info##*/} <= 2)) && continue
  flags=$(awk '$1 == "flags:" { print $2 }' "$info")
  (((8#$flags & 8#2000000) != 0)) || fail "$(readlink "/proc/$pid/fd/${info##*/}") would stay open in a program that is started"
  checked=$((checked + 1))
done
((checked >= 2)) || fail "store and keys file are not open: this test looks at the wrong process"
[[ -z $(find "$WORK/home" ! -type d -perm /077 -o -type d -perm /077) ]] || fail "others may read the home"
! tr '\0' '\n' <"/proc/$pid/environ" | grep -qF "$phrase" || fail "the passphrase is in the environment"

if (($(id -u) == 0)); then # as another user, whose own programs may not look in either
  chmod 755 "$WORK"
  cp -r "$WORK/home" "$WORK/other" && chown -R 65534:65534 "$WORK/other"
  other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
else
  other=() && cp -r "$WORK/home" "$WORK/other"
fi
one=$socket
terminal "${other[@]}" env HOME="$WORK/other" "$KIOSK" --home "$WORK/other" --lang en
says "This laptop is locked."
pid=$(pgrep -f -x "$KIOSK --home $WORK/other --lang en")
"${other[@]}" test -r "/proc/$pid/cmdline" || fail "this test cannot look at the process at all"
! "${other[@]}" cat "/proc/$pid/environ" >/dev/null 2>&1 || fail "a program of the same user may look into the kiosk"
terminal "${other[@]}" "$ADMIN" keygen --out /tmp/never.key
sees "assphrase"
pid=$(pgrep -f -x "$ADMIN keygen --out /tmp/never.key")
! "${other[@]}" cat "/proc/$pid/environ" >/dev/null 2>&1 || fail "a program of the same user may look into sanaq-admin"
pass "no dump, no looking in, nothing open for others"

# ---- signals ----
tmux -L "$one" kill-server 2>/dev/null || true
for sig in TERM HUP; do
  terminal "stty -a >$WORK/before; $KIOSK --home $WORK/home --lang en; s=\$?; stty -a >$WORK/after; echo ENDED-\$s"
  unlock
  says "Go on with the same card"
  press 1 Enter
  says "How many? Only the number:"
  was=$(arm)
  press 4
  pid=$(pgrep -f -x "$KIOSK --home $WORK/home --lang en")
  kill -TSTP "$pid"
  kill -CONT "$pid"
  kill -TSTP "$pid"
  sleep 0.3
  [[ $(awk '$1 == "State:" { print $2 }' "/proc/$pid/status") != T ]] || fail "SIGTSTP stops it with a card on the screen"
  kill "-$sig" "$pid"
  sees "ENDED-0"
  gone "$pid"
  cmp -s "$WORK/before" "$WORK/after" || fail "SIG$sig leaves the terminal changed: $(diff "$WORK/before" "$WORK/after")"
  python3 - "$WORK/home/store.db" <<'PY' || fail "SIG$sig leaves a damaged store"
import sqlite3, sys
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
sys.exit(db.execute("PRAGMA integrity_check").fetchone()[0] != "ok")
PY
done
open_kiosk
unlock
says "Go on with the same card"
press 1 Enter
says "How many? Only the number:"
[[ $(arm) == "$was" ]] || fail "another card came back"
press 2 Enter
says "Please give the laptop back to the interviewer."
press F9 1 2 Enter
says "New contact"
pass "SIGTERM and SIGHUP leave store and terminal in order, SIGTSTP does nothing"

terminal "stty -a >$WORK/before; $KIOSK --home $WORK/home sync dir:$WORK; s=\$?; stty -a >$WORK/after; echo ENDED-\$s; cat"
sees "Interviewer's code"
pid=$(pgrep -f -x "$KIOSK --home $WORK/home sync dir:$WORK")
[[ $(stty -a -F "$(readlink "/proc/$pid/fd/0")") == *" -echo "* ]] || fail "what is typed at the prompt is shown"
kill -TERM "$pid"
sees "ENDED-143"
cmp -s "$WORK/before" "$WORK/after" || fail "a signal at the prompt leaves the terminal without echo"
pass "a signal at the prompt leaves the terminal as it was"

# ---- closing code ----
open_kiosk
unlock
says "New contact"
press l
says "This laptop is locked."
code=$(in_status closing_code)
[[ $code =~ ^([0-9]{4}\ ){5}[0-9]{4}$ ]] || fail "status gives no closing code: $code"
sees "Closing code: $code"
unlock
says "New contact"
press q
sees "ENDED 0"
sees "Closing code of this laptop: $code" # nothing was sealed meanwhile
pass "the closing code is shown when the laptop is locked and when the kiosk ends"

# ---- panic ----
blank() {
  for _ in $(seq 100); do
    [[ -z $(capture | tr -d ' \n') ]] && return 0
    sleep 0.1
  done
  fail "after the panic key the screen is not blank"
}
panic_from() {
  local before after position
  position=$(in_status closing_code)
  before=$(sha256sum <"$WORK/home/keys")
  if [[ $1 == locked ]]; then # once is enough: too slow, and nothing happens
    press F12 F12
    sleep 2.3
    press F12 x
    [[ $(sha256sum <"$WORK/home/keys") == "$before" && -n $(kiosk_pid) ]] || fail "$1: too few presses were enough"
    sleep 2.3
  fi
  before=$(dd if="$WORK/home/keys" bs=4096 skip=1 2>/dev/null | od -An -v -tx1 -w1)
  tm send-keys -t "$screen" F12 F12 F12
  blank
  ! tm capture-pane -p -S - -t "$screen" | grep -q '[^ ]' || fail "$1: something can be scrolled back to"
  after=$(dd if="$WORK/home/keys" bs=4096 skip=1 2>/dev/null | od -An -v -tx1 -w1)
  (($(paste <(echo "$before") <(echo "$after") | awk '$1 == $2' | wc -l) < 160)) || fail "$1: the keys file is not overwritten"
  [[ $(stat -c %s "$WORK/home/keys") == 20480 ]] || fail "$1: the keys file has another size"
  press F12 F12
  blank
  press Enter
  sees "ENDED 0"
  [[ $(in_status closing_code) == "$position" ]] || fail "$1: what was sealed has changed"
  laptop collect "dir:$WORK" >/dev/null || fail "$1: the sealed interviews cannot be collected any more"
  open_kiosk
  unlock
  says "Code or passphrase is wrong."
  pass "panic: $1"
}
new_laptop
open_kiosk
says "This laptop is locked."
panic_from "locked"
new_laptop
open_kiosk
unlock
says "New contact"
panic_from "home"
new_laptop
open_kiosk
unlock
quick_to_card
press 4
panic_from "card"
new_laptop
open_kiosk
unlock
quick_to_card
press F1
says "Keys"
panic_from "help over a card"
