#!/usr/bin/env bash
# Several programs at one archive, and what strangers put on a stick: refused with a sentence or right, never damaged.
set -euo pipefail
WORK=$(mktemp -d)
# shellcheck source=../terminal/lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'rm -rf "$WORK"' EXIT
fail() { echo "FAILED: $*" >&2; cat "$WORK/out" "$WORK/err" >&2; exit 1; }
expect() { # STATUS TEXT COMMAND...
  local status=$1 text=$2 got=0
  shift 2
  "$@" >"$WORK/out" 2>"$WORK/err" || got=$?
  [[ $got == "$status" ]] || fail "exit status $got, not $status: $*"
  cat "$WORK/out" "$WORK/err" | grep -q -e "$text" || fail "no word of «$text»: $*"
  echo "ok: $text"
}
touch "$WORK/out" "$WORK/err"
make_study
key=(--key "$WORK/study/first.key" --passphrase-file "$WORK/pass")
"$ADMIN" simulate "$WORK/study.pack" "${key[@]}" --interviews 120 --devices 4 --out "$WORK/stick" 2>/dev/null

# six pulls into one archive that is not there yet, and readers beside them: each waits its turn or says why not
pids=()
for i in 1 2 3 4 5 6; do
  { got=0; "$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive" >"$WORK/pull$i" 2>&1 || got=$?; echo $got >"$WORK/pull$i.status"; } &
  pids+=($!)
done
for i in 1 2 3; do
  { got=0; "$ADMIN" verify "$WORK/archive" "${key[@]}" >"$WORK/verify$i" 2>&1 || got=$?; echo $got >"$WORK/verify$i.status"; } &
  pids+=($!)
done
wait "${pids[@]}"
for i in 1 2 3 4 5 6; do
  [[ $(cat "$WORK/pull$i.status") == 0 ]] || grep -q "another program is using the archive" "$WORK/pull$i" || { cp "$WORK/pull$i" "$WORK/err"; fail "pull $i"; }
done
for i in 1 2 3; do
  case $(cat "$WORK/verify$i.status") in
    0) ;; # all, or nothing yet
    3) grep -q "no such archive\|not an archive\|another program" "$WORK/verify$i" || { cp "$WORK/verify$i" "$WORK/err"; fail "verify $i"; } ;;
    *) cp "$WORK/verify$i" "$WORK/err"; fail "verify $i beside a pull: status $(cat "$WORK/verify$i.status")" ;;
  esac
done
expect 0 "all intact" "$ADMIN" verify "$WORK/archive" "${key[@]}"
expect 0 "new: 0" "$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/archive"

# a pull beside a kiosk that writes to the same stick, again and again
printf 'aliya\na passphrase for the test\n' >"$WORK/laptop.pass"
"$KIOSK" --home "$WORK/home" setup --pack "$WORK/study.pack" --cost interactive --expect "$(words_in "$WORK/pack.out")" \
  --passphrase-file "$WORK/laptop.pass" >"$WORK/setup.out"
mkdir "$WORK/shared"
{ for _ in 1 2 3 4; do "$KIOSK" --home "$WORK/home" sync "dir:$WORK/shared" --passphrase-file "$WORK/laptop.pass" >/dev/null; done; } 2>"$WORK/sync.err" &
writer=$!
while kill -0 "$writer" 2>/dev/null; do
  got=0
  "$ADMIN" pull "dir:$WORK/shared" --archive "$WORK/shared.archive" >"$WORK/out" 2>"$WORK/err" || got=$?
  [[ $got == 0 ]] || grep -q "nothing of a laptop is here" "$WORK/err" || fail "a pull beside a sync: status $got"
done
wait "$writer" || { cp "$WORK/sync.err" "$WORK/err"; fail "a sync beside a pull"; }
"$ADMIN" pull "dir:$WORK/shared" --archive "$WORK/shared.archive" >/dev/null
"$ADMIN" devices "$WORK/shared.archive" approve "$(words_in "$WORK/setup.out")" "${key[@]}" >/dev/null
expect 0 "all intact" "$ADMIN" verify "$WORK/shared.archive" "${key[@]}"

# killed in the middle, the archive is as before
for i in 1 2 3 4 5; do
  "$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/killed.archive" >/dev/null 2>&1 &
  victim=$!
  sleep "0.0$i"
  kill -9 "$victim" 2>/dev/null || true
  wait "$victim" 2>/dev/null || true
done
expect 0 "laptops in the archive: 4" "$ADMIN" pull "dir:$WORK/stick" --archive "$WORK/killed.archive"
expect 0 "all intact" "$ADMIN" verify "$WORK/killed.archive" "${key[@]}"

# what strangers leave: links, pipes, endless files, lengths without end; nothing of it is followed
device=$(ls "$WORK/stick/up" | head -n 1)
segment=$(ls "$WORK/stick/up/$device" | head -n 1)
cp -r "$WORK/stick" "$WORK/trap"
ln -s /dev/zero "$WORK/trap/up/$device/${segment%-*}-00009999.seg"
mkfifo "$WORK/trap/packs/$(printf '%064d' 2).pack"
ln -s "$WORK/study/first.key" "$WORK/trap/down/$(printf '%064d' 3).approval"
{ head -c 10 "$WORK/stick/up/$device/$segment"; printf '\377\377\377\377'; tail -c +15 "$WORK/stick/up/$device/$segment"; } \
  >"$WORK/trap/up/$device/${segment%-*}-00009998.seg"
truncate -s 5G "$WORK/trap/up/$device/${segment%-*}-00009997.seg"
expect 4 "pieces set aside" timeout 60 "$ADMIN" pull "dir:$WORK/trap" --archive "$WORK/trap.archive"
grep -q "larger than" "$WORK/err" || fail "the endless segment is not told"
expect 4 "damaged" "$ADMIN" verify "$WORK/trap.archive" "${key[@]}"
"$ADMIN" estimate "$WORK/archive" "${key[@]}" --json >"$WORK/before.json" 2>/dev/null
"$ADMIN" estimate "$WORK/trap.archive" "${key[@]}" --json >"$WORK/after.json" 2>/dev/null || true
cmp <(grep -v "_seconds\"" "$WORK/before.json") <(grep -v "_seconds\"" "$WORK/after.json") || fail "a trap changed the results"
ln -s "$WORK/study/first.key" "$WORK/link.db"
expect 3 "neither a folder nor a laptop's store.db" "$ADMIN" pull "$WORK/link.db" --archive "$WORK/trap.archive"
