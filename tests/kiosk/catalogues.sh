#!/usr/bin/env bash
# tests/kiosk/catalogues.sh SOURCE_DIR: every text in the code has its translation in every language.
set -uo pipefail
export LC_ALL=C.UTF-8
po=$1/assets/po
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$po/update" --template "$tmp/fresh.pot" || { echo "The template cannot be made from the code."; exit 1; }
read -ra languages <"$po/LINGUAS"
((${#languages[@]} > 0)) || { echo "$po/LINGUAS names no language."; exit 1; }
bad=0
for l in "${languages[@]}"; do
  if ! msgcmp "$po/$l.po" "$tmp/fresh.pot" 2>"$tmp/said"; then
    cat "$tmp/said"
    echo "$l.po lacks texts that are in the code: run assets/po/update and translate them."
    bad=1
  fi
  if ! msgfmt --check --statistics -o "$tmp/$l.mo" "$po/$l.po" 2>"$tmp/said" || grep -qE 'fuzzy|untranslated' "$tmp/said"; then
    cat "$tmp/said"
    echo "$l.po is not complete or not sound."
    bad=1
  fi
done
((bad == 0)) || exit 1
echo "All $(($(grep -c '^msgid ' "$tmp/fresh.pot") - 1)) texts are translated (${languages[*]})."
