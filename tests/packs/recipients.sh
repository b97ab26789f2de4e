#!/usr/bin/env bash
# Researchers who come and go, with the real programs: pack 2 adds a third researcher and has two signatures, pack 3
# retires the first. The laptop asks on its screens, in three languages; the new one reads from then on alone, the retired
# one what was sealed to them before. What a stolen key alone can make is refused with a sentence.
# KIOSK, ADMIN, SOURCE and LOCALES as tests/run sets them.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=../terminal/lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'end_terminal; rm -rf "$WORK"' EXIT
phrase="a passphrase for the test"
printf 'aliya\n%s\n' "$phrase" >"$WORK/laptop.pass"
stick=$WORK/stick
mkdir "$stick"
make_study
study=$WORK/study/study.yaml
sed -i "s|dir:/media/sanaq|dir:$stick|" "$study"
rm "$WORK/study.pack"
"$ADMIN" pack "$study" --key "$WORK/study/first.key" --passphrase-file "$WORK/pass" --out "$WORK/study.pack" >"$WORK/pack.out"
"$ADMIN" keygen --out "$WORK/study/third.key" --cost interactive --passphrase-file "$WORK/pass" >/dev/null

status_of() { local s=0; "$@" >"$WORK/out" 2>"$WORK/err" || s=$?; echo $s; }
told() { grep -q -e "$1" "$WORK/out" "$WORK/err" || fail "not said: $1; but: $(cat "$WORK/out" "$WORK/err")"; }
as() { local who=$1 c=$2; shift 2; "$ADMIN" "$c" "$@" --key "$WORK/study/$who.key" --passphrase-file "$WORK/pass"; }
sync_stick() { "$KIOSK" --home "$WORK/home" --lang en sync "dir:$stick" --passphrase-file "$WORK/laptop.pass"; }
number() { "$KIOSK" --home "$WORK/home" status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["pack"]["number"])'; }
pulled() { "$ADMIN" pull "dir:$stick" --archive "$WORK/archive" >/dev/null 2>&1; }
kiosk() { terminal "$KIOSK" --home "$WORK/home" --lang "$language"; }
quit() {
  press q
  sees "ENDED 0"
}
interview() {
  to_card
  press 2
  says "Yes: press Enter."
  press Enter
  to_end
}
# Sync from the screens, from the home screen on.
to_sync() {
  says "New contact"
  press s
  says "Put the stick in, or go on the network; then press Enter."
  press Enter
}
pub_words() { sed -n 's/^words: //p' "$WORK/study/$1.pub"; }
# The pack that follows: researchers, the pack before, the file.
next_pack() {
  sed -i "s/^researchers:.*/researchers: [$1]/" "$study"
  as "$4" pack "$study" --replaces "$WORK/$2" --out "$WORK/$3" >"$WORK/out"
}

"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass" >"$WORK/setup.out"
sync_stick >/dev/null
pulled
as first devices "$WORK/archive" approve "$(words_in "$WORK/setup.out")" >/dev/null
as first send "$WORK/archive" "dir:$stick" >/dev/null
kiosk
unlock
interview
quit

# ---- a third researcher ----
next_pack "first.pub, second.pub, third.pub" study.pack two.pack first
told "new    researcher, reads everything: $(pub_words third)"
told "sanaq-admin sign"
[[ $(status_of as first send "$WORK/archive" "dir:$stick" --pack "$WORK/two.pack") == 1 ]] || fail "sent with one signature"
told "second researcher's signature"
hash=$(python3 - "$WORK/two.pack" <<'PY'
import hashlib, sys
b = open(sys.argv[1], "rb").read()
print(hashlib.blake2b(b"sanaq1/pack\0\0\0\0\0" + b[:-66], digest_size=32).hexdigest())
PY
)
cp "$WORK/two.pack" "$stick/packs/$hash.pack" # the stick's carrier has the first key
[[ $(status_of sync_stick) == 1 ]] || fail "a reader added by one key alone: $(cat "$WORK/out" "$WORK/err")"
told "fewer than two researchers have signed that"
[[ $(number) == 1 ]] || fail "the pack was taken"
[[ $(status_of as third sign "$WORK/two.pack") == 0 ]] || fail "the new one may sign as well"
cp "$WORK/two.pack" "$stick/packs/$hash.pack"
[[ $(status_of sync_stick) == 1 ]] || fail "the new one's signature counts for an old one's"
[[ $(status_of as second sign "$WORK/two.pack" --replaces "$WORK/study.pack") == 0 ]] || fail "$(cat "$WORK/err")"
told "new    researcher, reads everything: $(pub_words third)"
[[ $(status_of as second sign "$WORK/two.pack") == 2 ]] || fail "signed twice by one"
told "has signed the pack already"
[[ $(status_of as field sign "$WORK/two.pack") == 3 ]] || fail "a supervisor signs packs"
as first send "$WORK/archive" "dir:$stick" --pack "$WORK/two.pack" >/dev/null
pass "a reader is added by two researchers and by no one alone"

[[ $(status_of sync_stick) == 4 ]] || fail "the command line does not say that a pack waits"
told "It waits for a person"
[[ $(number) == 1 ]] || fail "the command line took it"
for language in kk ru en; do
  kiosk
  unlock
  to_sync
  says "A new pack"
  says "Pack number %u changes who reads the results or where they go."
  says "A new researcher, who reads everything:"
  sees "$(pub_words third)"
  says "If all of it is as they said, type %s and press Enter." # all on one page of 80x24
  [[ $(capture | wc -l) == 24 ]] || fail "not 24 rows"
  press n o Enter
  sees "$(pub_words third)"
  press Escape
  says "Pack number %u changes who reads the results or where they go. It waits for a person"
  press Enter
  says "New contact"
  [[ $(number) == 1 ]] || fail "taken without a yes"
  [[ $language == en ]] || quit
done
to_sync
says "A new pack"
type_text "yes"
press Enter
says "From now on this laptop works with pack number %u."
press Enter
interview
quit
[[ $(number) == 2 ]] || fail "not taken"
sync_stick >/dev/null
pulled
pass "a person on the laptop is shown who reads and says yes"

as first verify "$WORK/archive" >"$WORK/out" || fail "the first: $(cat "$WORK/out")"
rows() { local s=0; as "$1" export "$WORK/archive" --format csv --out "$WORK/$1.csv" >/dev/null 2>"$WORK/err" || s=$?; [[ $s == 0 || $s == 4 ]] || fail "export by $1 ends with $s: $(cat "$WORK/err")"; python3 -c 'import csv, sys; print(sum(1 for _ in csv.DictReader(open(sys.argv[1]))))' "$WORK/$1.csv"; rm -f "$WORK/$1".*; }
[[ $(rows second) == 2 ]] || fail "an old researcher does not read both"
[[ $(rows third) == 1 ]] || fail "the new researcher does not read the new interview alone"
as first send "$WORK/archive" "dir:$stick" >"$WORK/out" # the next approval, by itself
told "approvals: 1"
sync_stick >/dev/null
pulled
as first verify "$WORK/archive" >"$WORK/out" || fail "after the next approval: $(cat "$WORK/out")"
pass "the new researcher reads from then on, alone"

# ---- the first is retired ----
[[ $(status_of next_pack "third.pub" two.pack nobody.pack third) == 1 ]] || fail "a study of one researcher"
next_pack "second.pub, third.pub" two.pack three.pack second
told "gone   researcher, reads everything: $(pub_words first)"
as third sign "$WORK/three.pack" >/dev/null
as second send "$WORK/archive" "dir:$stick" --pack "$WORK/three.pack" >/dev/null
kiosk
unlock
to_sync
says "No longer a researcher, who reads everything:"
sees "$(pub_words first)"
type_text "yes"
press Enter
says "From now on this laptop works with pack number %u."
press Enter
interview
quit
sync_stick >/dev/null
pulled
[[ $(rows first) == 2 ]] || fail "a retired key does not open what was sealed to it"
[[ $(rows second) == 3 ]] || fail "the second does not read all"
[[ $(rows third) == 2 ]] || fail "the third does not read what came since"
pass "a retired key opens what was sealed to it, and nothing after"

# ---- a new archive from the stick: the line begins with the pack that the others follow ----
"$ADMIN" pull "dir:$stick" --archive "$WORK/anew" >/dev/null 2>"$WORK/err" || fail "a new archive: $(cat "$WORK/err")"
told "$(words_in "$WORK/pack.out")"
as second verify "$WORK/anew" >"$WORK/out" || fail "verify of the new archive: $(cat "$WORK/out")"
pass "an archive made anew finds the line of packs"
