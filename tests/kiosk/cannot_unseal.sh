#!/bin/sh
# The kiosk holds no code that opens what it sealed; the same look finds that code in the office program.
set -u
: "${KIOSK:?the program sanaq-kiosk}" "${ADMIN:?the program sanaq-admin}"
opening='crypto_box_.*open|chacha20poly1305.*decrypt|^unseal_' # the laptop's own files: crypto_secretbox

symbols() { # of the program and of what it asks of libraries; a stripped one has only the latter
    { nm -D "$1" && { nm "$1" 2>/dev/null || true; }; } | awk '{ print $NF }' | sed 's/@.*//' | sort -u
}

for program in "$KIOSK" "$ADMIN"; do
    symbols "$program" | grep -q '^crypto_sign_detached$' ||
        { echo "$program: its symbols cannot be read, so nothing is proved"; exit 1; }
done
symbols "$ADMIN" | grep -q '^crypto_box_seal_open$' ||
    { echo "the look does not find crypto_box_seal_open where it is: $ADMIN"; exit 1; }
found=$(symbols "$KIOSK" | grep -iE "$opening")
[ -z "$found" ] || { printf 'the kiosk can open interviews:\n%s\n' "$found"; exit 1; }
exit 0
