#!/bin/sh
# Who may include whom, in the tree at $1: the parts, the two chains of core, and the libraries that one file owns.
set -u
cd "${1:?give the source folder}" || exit 3
bad=0

# includes FILE...: "file included" a line, "..." and <...> alike
includes() {
    for f in "$@"; do
        sed -n "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]\([^\">]*\)[\">].*|$f \1|p" "$f"
    done
}

# forbid WHY PATTERN FILE...: no include matches the extended regular expression
forbid() {
    why=$1 pattern=$2
    shift 2
    found=$(includes "$@" | grep -E "^[^ ]+ ($pattern)\$") || return 0
    printf '%s:\n%s\n' "$why" "$found"
    bad=1
}

# allow WHY PATTERN FILE...: every include of a file of this tree matches it
allow() {
    why=$1 pattern=$2
    shift 2
    found=$(includes "$@" | grep -E '^[^ ]+ (core|kiosk|admin|tests)/' | grep -vE "^[^ ]+ ($pattern)\$") || return 0
    printf '%s:\n%s\n' "$why" "$found"
    bad=1
}

# owns "FILES" PATTERN: exactly these files include what matches
owns() {
    got=$(includes $(find core kiosk admin -name '*.[ch]') | grep -E "^[^ ]+ ($2)\$" | cut -d' ' -f1 | sort -u | tr '\n' ' ')
    [ "$got" = "$1 " ] && return 0
    printf 'only %s may include %s, and must; included by: %s\n' "$1" "$2" "$got"
    bad=1
}

# Proof that the looking works: each rule must find a fault that is put before it.
prove() {
    tmp=$(mktemp -d) || exit 3
    printf '#include "kiosk/store.h"\n  #  include <ncursesw/curses.h>\n' >"$tmp/x.c"
    [ "$(includes "$tmp/x.c" | wc -l)" -eq 2 ] || { echo "includes are not found"; bad=1; }
    (bad=0; forbid w 'kiosk/.*' "$tmp/x.c" >/dev/null; [ $bad -eq 1 ]) || { echo "a forbidden include is not found"; bad=1; }
    rm -r "$tmp"
}

meaning=$(ls core/study*.[ch] core/points.[ch] core/entry.[ch] core/assign*.[ch] core/disposition.[ch])
keeping=$(ls core/pack.[ch] core/stream.[ch] core/segment.[ch] core/notice.[ch])
other='ncurses.*|curses.*|panel.h|menu.h|form.h|term.h|sqlite3.*|gsl/.*'

prove
allow 'core includes only core' 'core/.*' $(find core -name '*.[ch]')
forbid 'core has no screen, database or statistics' "$other" $(find core -name '*.[ch]')
forbid 'the meaning half of core knows nothing of keeping' \
    'core/(pack|stream|segment|notice|device)\.h' $meaning
forbid 'the keeping half of core knows nothing of meaning' \
    'core/(study.*|points|entry|assign.*|disposition|device)\.h' $keeping
allow 'kiosk includes only core and kiosk' '(core|kiosk)/.*' $(find kiosk -name '*.[ch]')
allow 'admin includes only core and admin' '(core|admin)/.*' $(find admin -name '*.[ch]')
allow 'an estimator sees a frame, its weights and options' \
    'admin/estimate/.*|admin/frame/(frame|weighting)\.h|core/.*' $(find admin/estimate -name '*.[ch]')
forbid 'printing sees a result or a frame, no keys and no sealed bytes' \
    'admin/(archive|verify|verify_device|unseal|studykey|intake|pull)\.h|core/(secret|stream|pack|device)\.h' $(find admin/output -name '*.[ch]')
owns kiosk/term.c '(ncursesw?/)?n?curses(w)?\.h'
# admin's own database, and the reading of a laptop's that came from elsewhere, trust different things
owns 'admin/archive.c admin/laptop_store.c kiosk/store.c' 'sqlite3\.h'
owns 'admin/estimate/numeric.c admin/estimate/numeric_linear.c admin/respondent.c' 'gsl/.*'
owns admin/output/paper_pdf.c 'cairo.*|pango/.*|qrencode\.h'

# A local header is included from the root of the tree, so that the rules above see every include.
stray=$(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $(find core kiosk admin -name '*.[ch]') |
    grep -vE '"(core|kiosk|admin)/[^"]+"')
[ -z "$stray" ] || { printf 'not included from the root of the tree:\n%s\n' "$stray"; bad=1; }
exit $bad
