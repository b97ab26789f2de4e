#!/usr/bin/env bash
# A study key on paper and back: from the words, from words with mistakes, from the QR code on the printed page. The key
# that comes back is the one that was, still under its passphrase; it opens an archive.
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
printf "leak:libfontconfig\nleak:libpango\nleak:libglib\nleak:libcairo\n" >lsan # they keep what they have until the end
export LSAN_OPTIONS=suppressions=$WORK/lsan:print_suppressions=0
fail() { echo "FAILED: $*" >&2; cat err >&2 || true; exit 1; }
pass() { echo "ok: $*"; }
status_of() { local s=0; "$@" >out 2>err || s=$?; echo $s; }
told() { grep -q -e "$1" out err || fail "not said: $1"; }
echo "a passphrase for the test" >pass
echo "another passphrase at all" >other
cp -r "$SOURCE/assets/studies/csto" study
for who in first second; do
  "$ADMIN" keygen --out study/$who.key --cost interactive --passphrase-file pass >out
done
"$ADMIN" keygen --out study/field.key --supervisor --cost interactive --passphrase-file pass >out
restore() { rm -f back.key back.pub; status_of "$ADMIN" restore "$@" --out back.key --passphrase-file pass; }
same() { cmp study/first.pub back.pub || fail "another key came back"; }

[[ $(status_of "$ADMIN" backup study/first.key --out first.txt --passphrase-file other) == 3 ]] || fail "a paper without the passphrase"
[[ $(status_of "$ADMIN" backup study/first.key --out first.png --passphrase-file pass) == 2 ]] || fail "a picture"
[[ $(status_of "$ADMIN" backup study/first.key --out first.txt --passphrase-file pass) == 0 ]] || fail backup
[[ $(stat -c %a first.txt) == 600 ]] || fail "others may read the paper"
[[ $(restore first.txt) == 0 ]] || fail "from the text"
same
[[ $(status_of "$ADMIN" restore first.txt --out again.key --passphrase-file other) == 3 && ! -e again.key ]] || fail "another passphrase opens the paper"
told "the passphrase is not the one of this paper"
[[ $(status_of "$ADMIN" restore first.txt --out back.key --passphrase-file pass) == 3 ]] || fail "over a key that is there"
pass "the words bring the key back, with its passphrase and no other"

grep -E '^ *[0-9]+  [a-z]' first.txt | sed 's/^ *[0-9]* *//' >words
[[ $(wc -l <words) == 11 ]] || fail "not eleven lines"
tr a-z A-Z <words | sed 's/ / , /g' | (rm -f back.key back.pub; "$ADMIN" restore --out back.key --passphrase-file pass >out 2>err) || fail "typed in capitals, with commas"
same
word=$(awk 'NR == 4 { print $5 }' words)
sed "4s/\b$word\b/${word%?}q/" words >typo # its last letter mistyped
[[ $(status_of "$ADMIN" restore --out back2.key --passphrase-file pass <typo) == 3 ]] || fail "a mistyped word"
told "line 4"
told "is not in the list; perhaps.* $word"
other=abdit
[[ $(awk 'NR == 7 { print $2 }' words) != "$other" ]] || other=abicitur
awk -v w=$other 'NR == 7 { $2 = w } { print }' words >wrong
[[ $(status_of "$ADMIN" restore --out back2.key --passphrase-file pass <wrong) == 3 ]] || fail "another word of the list"
told "line 7: a word of it is another one of the list"
awk 'NR == 2 { held = $0; next } NR == 3 { print; print held; next } { print }' words >turned
[[ $(status_of "$ADMIN" restore --out back2.key --passphrase-file pass <turned) == 3 ]] || fail "two lines that changed places"
told "line 2"
awk 'NR == 5 { NF = 7 } { print }' words >short
[[ $(status_of "$ADMIN" restore --out back2.key --passphrase-file pass <short) == 3 ]] || fail "a line of seven words"
told "line 5: it has eight words, not 7"
"$ADMIN" backup study/first.key --out second.txt --passphrase-file pass >out
grep -E '^ *[0-9]+  [a-z]' second.txt | sed 's/^ *[0-9]* *//' >words2
(head -5 words; tail -6 words2) >mixed
[[ $(status_of "$ADMIN" restore --out back2.key --passphrase-file pass <mixed) == 3 ]] || fail "two papers mixed"
told "not of one paper"
pass "a wrong word is found with its line, and nearly right ones are offered"

"$ADMIN" backup study/first.key --out first.pdf --passphrase-file pass >out
pdftoppm -r 150 -png first.pdf page
[[ $(ls page*.png | wc -l) == 1 ]] || fail "not one page"
zbarimg --quiet --raw page*.png >code 2>err || fail "the QR code cannot be read"
grep -q "^SANAQPAPER1:[0-9A-F]\{210\}$" code || fail "the QR code holds: $(cat code)"
[[ $(restore code) == 0 ]] || fail "from the QR code"
same
(rm -f back.key back.pub; "$ADMIN" restore --out back.key --passphrase-file pass <code >out 2>err) || fail "from the QR code's text, pasted"
same
pdftotext -layout first.pdf - | sed 's/\f//g' >printed
[[ $(restore printed) == 0 ]] || fail "from the words as printed"
same
sed 's/.$//' code >cut
[[ $(restore cut) == 3 ]] || fail "a code cut short"
told "cut short or changed"
[[ -z ${PAGE:-} ]] || cp page*.png "$PAGE"
pass "the printed page brings it back: its QR code and its words"

"$ADMIN" pack study/study.yaml --key study/first.key --passphrase-file pass --out study.pack >out
"$ADMIN" simulate study.pack --key study/first.key --passphrase-file pass --interviews 6 --devices 1 --seed 1 --out sim >out 2>err
"$ADMIN" pull dir:sim --archive archive >out 2>err
[[ $(restore first.txt) == 0 ]] || fail "once more"
"$ADMIN" verify archive --key back.key --passphrase-file pass >out 2>err || fail "the restored key does not open the archive"
"$ADMIN" backup study/field.key --out field.txt --passphrase-file pass >out
(rm -f back.key back.pub; "$ADMIN" restore field.txt --out back.key --passphrase-file pass >out) || fail "a supervisor's key"
cmp study/field.pub back.pub || fail "another supervisor's key came back"
sed -i 's/first.pub/first.key/' study/study.yaml
[[ $(status_of "$ADMIN" pack study/study.yaml --key study/first.key --passphrase-file pass --out x.pack) == 3 && ! -e x.pack ]] || fail "a secret key in a study"
told "SECRET key"
pass "the restored key opens what was sealed to it; a secret key is refused where a public one belongs"
