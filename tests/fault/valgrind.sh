#!/usr/bin/env bash
# Set-up, sync, status and collect under valgrind: no invalid access, no leak.
set -euo pipefail
command -v valgrind >/dev/null || { echo "skipped: no valgrind here" >&2; exit 77; }
WORK=$(mktemp -d)
# shellcheck source=../terminal/lib.sh
. "$SOURCE/tests/terminal/lib.sh"
trap 'rm -rf "$WORK"' EXIT
fail() { echo "FAILED: $*" >&2; cat "$WORK/err" >&2; exit 1; }
make_study
printf 'aliya\na passphrase for the test\n' >"$WORK/laptop.pass"
mkdir "$WORK/stick"
watched() {
  local s=0
  valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$KIOSK" --home "$WORK/home" "$@" \
    >"$WORK/out" 2>"$WORK/err" || s=$?
  [[ $s == 0 ]] || fail "exit status $s: $*"
  pass "valgrind finds nothing: $1"
}
watched setup --pack "$WORK/study.pack" --expect "$(words_in "$WORK/pack.out")" --cost interactive \
  --passphrase-file "$WORK/laptop.pass"
watched sync "dir:$WORK/stick" --passphrase-file "$WORK/laptop.pass"
watched status
watched collect "dir:$WORK/stick"
