#!/usr/bin/env bash
# Two programs on one laptop at once: refused with a sentence, or correct. Kiosks on one home, collect and status beside
# a session that seals, sync and collect to one target, two collects to one target.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=../terminal/lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
make_study
phrase="a passphrase for the test"
printf 'aliya\n%s\n' "$phrase" >"$WORK/laptop.pass"
laptop() { "$KIOSK" --home "$WORK/home" "$@"; }
laptop setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass" >/dev/null
position() { laptop status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["position"])'; }
verdict() { # of all that lies in a folder
  rm -f "$WORK/archive"
  "$ADMIN" pull "dir:$1" --archive "$WORK/archive" >"$WORK/pull.out" 2>&1 || fail "pull: $(cat "$WORK/pull.out")"
  admin devices "$WORK/archive" approve "$(laptop status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["words"])')" >/dev/null
  admin verify "$WORK/archive" >"$WORK/verify.out" 2>&1 || fail "$1: not intact: $(cat "$WORK/verify.out")"
}
refused() {
  status=0
  "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
  ((status == 3)) || fail "$*: status $status, not 3"
  grep -q "another kiosk is running on this home; close it first" "$WORK/err" || fail "$*: $(cat "$WORK/err")"
}

# ---- beside an open kiosk ----
mkdir "$WORK/beside"
terminal "$KIOSK" --home "$WORK/home" --lang en
unlock
says "New contact"
refused laptop sync "dir:$WORK/beside" --passphrase-file "$WORK/laptop.pass"
refused laptop status --passphrase-file "$WORK/laptop.pass"
refused laptop interviewers --passphrase-file "$WORK/laptop.pass"
first=$socket socket=sanaq-none-$$ # the next terminal ends the one before
terminal "$KIOSK" --home "$WORK/home" --lang en
unlock
says "another kiosk is running on this home"
end_terminal
socket=$first
says "New contact"
(while [[ ! -e $WORK/enough ]]; do laptop collect "dir:$WORK/beside" >>"$WORK/collected" || echo bad >>"$WORK/collected"; done) &
collector=$!
for n in 1 2 3; do # contacts that are refused at once, sealed while others read
  press n Enter 3 1 2
  says "Contact $n is sealed."
done
press q
sees "ENDED 0"
touch "$WORK/enough"
wait "$collector"
! grep -q bad "$WORK/collected" || fail "collect beside an open kiosk failed"
laptop collect "dir:$WORK/beside" >/dev/null
(($(position) == 16)) || fail "the position is $(position)"
verdict "$WORK/beside"
pass "a second kiosk and sync are refused; collect beside interviews is right"

# ---- sync and collect, and two collects, to one target ----
mkdir "$WORK/one"
for _ in 1 2 3; do
  rm -rf "$WORK/one"/*
  jobs=()
  laptop collect "dir:$WORK/one" >/dev/null & jobs+=($!)
  laptop sync "dir:$WORK/one" --passphrase-file "$WORK/laptop.pass" >/dev/null & jobs+=($!)
  laptop collect "dir:$WORK/one" >/dev/null & jobs+=($!)
  for j in "${jobs[@]}"; do wait "$j" || fail "one of sync and two collects to one target failed"; done
  [[ -z $(find "$WORK/one" -name '.*.??????') ]] || fail "something half-written is left on the target"
  verdict "$WORK/one"
done
pass "sync and two collects to one target at once leave it whole"
