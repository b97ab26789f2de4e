#!/usr/bin/env bash
# A person's way through the real kiosk at 80x24 in one language: set-up, approval, unlock, a complete interview in each
# arm, one broken off after the card, kill -9 with the card on the screen and again after the count was confirmed, sync,
# pull, verify, estimate.
#
#   interviews.sh LANGUAGE        with KIOSK, ADMIN, SOURCE, LOCALES in the environment
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
language=${1:-en}
kiosk() { terminal "$KIOSK" --home "$WORK/home" --lang "$language" --cost interactive; }
make_study

# Set-up on the screen, with the words compared and the five words offered as the passphrase.
kiosk
says "Path of the pack file:"
type_text "$WORK/study.pack"
press Enter
for word in $(words_in "$WORK/pack.out"); do sees "$word"; done
type_text yes
press Enter
says "Your code:"
type_text aliya
press Enter
says "This is your passphrase."
phrase=$(capture | grep -xE ' +([a-z]+ ){4}[a-z]+ *' | xargs)
[[ $(wc -w <<<"$phrase") == 5 ]] || fail "no five words are offered"
press Enter
type_text "$phrase"
press Enter
says "This laptop is set up."
press Enter
pass "set up on the screen"

# A wrong passphrase says so and changes nothing.
says "This laptop is locked."
type_text aliya
press Enter
type_text "not this passphrase"
press Enter
says "Code or passphrase is wrong. Type both once more, without haste."
pass "a wrong passphrase is told"
end_terminal

# Approval: sync, pull, approve by the eight words, send, sync.
printf 'aliya\n%s\n' "$phrase" >"$WORK/laptop.pass"
mkdir "$WORK/stick"
sync_stick() { "$KIOSK" --home "$WORK/home" sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass" >/dev/null; }
device=$("$KIOSK" --home "$WORK/home" status --json | sed -E 's/.*"words": "([a-z ]+)", "position".*/\1/')
sync_stick
"$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive" | grep -q "quarantine" || fail "an unknown laptop is not in quarantine"
admin devices "$WORK/archive" approve "$device" >/dev/null
admin send "$WORK/archive" "dir:$WORK/stick" >/dev/null
sync_stick
pass "approved"

kiosk
unlock
done_control=0 done_treatment=0 crashed=0 contact=0
while ((!done_control || !done_treatment)); do
  contact=$((contact + 1))
  ((contact <= 20)) || fail "twenty draws all fell into one arm"
  to_card
  this=$(arm)
  if ((!crashed)); then # kill -9 with the card on the screen: the same card comes back, and nothing else first
    crashed=1
    before=$(capture)
    kill_kiosk
    kiosk
    unlock
    says "Go on with the same card"
    press n s q
    says "Go on with the same card"
    press 1
    says "When you are ready, press Enter."
    press Enter
    says "How many? Only the number:"
    [[ $(capture) == "$before" ]] || fail "another card came back after the crash"
    pass "the same card comes back after kill -9"
    press 3
    says "Yes: press Enter."
    press Enter
    says "Please give the laptop back to the interviewer."
    kill_kiosk
    kiosk
    unlock
    says "Go on where it stopped"
    press 1
    says "Please give the laptop back to the interviewer."
    not_there "$(item_of csto)"
    pass "after the count is confirmed the card does not come back"
  else
    press 2
    says "Yes: press Enter."
    press Enter
  fi
  to_end
  [[ $this == control ]] && done_control=1
  [[ $this == treatment ]] && done_treatment=1
done
pass "an interview in each arm ($contact in all)"

# Broken off after the card.
to_card
press F10
says "One moment, please."
press 2 1
says "New contact"
press q
sees "ENDED 0"
pass "broken off after the card"
end_terminal

sync_stick
"$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive" >/dev/null
admin verify "$WORK/archive" --json >"$WORK/verify.json" || fail "verify: exit status $?"
python3 - "$WORK/verify.json" "$contact" <<'PY'
import json, sys
v, n = json.load(open(sys.argv[1])), int(sys.argv[2])
assert v["ok"] and len(v["devices"]) == 1 and v["devices"][0]["verdict"] == "intact", v
assert v["draws"]["assigned"] == n + 1 and v["draws"]["counted"] == n and v["draws"]["broken_off"] == 1, v
assert v["assignment"] == {"replayed": n + 1, "mismatched": 0, "before_approval": 0}, v
assert v["addresses"]["final"] == {"1.1": n, "2.12": 1}, v
PY
admin estimate "$WORK/archive" --json --small >"$WORK/estimate.json"
python3 - "$WORK/estimate.json" "$contact" <<'PY'
import json, sys
e, n = json.load(open(sys.argv[1])), int(sys.argv[2])
assert e["n"] == n and e["n_control"] >= 1 and e["n_treatment"] >= 1, e
assert e["missing_control"] + e["missing_treatment"] == 1, e
PY
pass "synced, pulled, verified, estimated"

# Only a break-off or a count ends a card: nothing of it is left in the terminal or the home in clear.
if grep -raq -e "aliya" -e "$phrase" "$WORK/home"; then fail "the home holds a code or a passphrase in clear"; fi
pass "$language: the whole way"
