# Helpers for tests that drive the real kiosk in a terminal. Sourced; needs KIOSK, ADMIN, SOURCE (the repository) and
# a scratch folder WORK. Texts are asked for by their English original and looked up in the language in use.
export LC_ALL=C.UTF-8
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0} # curses keeps what it has until the end
socket=sanaq-test-$$ terminals=0
screen=kiosk
columns=80 rows=24
language=en

fail() {
  echo "FAILED: $*" >&2
  echo "--- the screen" >&2
  capture >&2 || true
  exit 1
}
pass() { echo "ok: $*"; }

tm() { tmux -L "$socket" -f /dev/null "$@"; }
end_terminal() { tm kill-server 2>/dev/null || true; }

# Start a command in a fresh terminal; the pane stays when it ends.
terminal() {
  end_terminal
  terminals=$((terminals + 1)) socket=sanaq-test-$$-$terminals # a server that is ending must not get the new one
  for _ in $(seq 20); do # a server that is still ending takes no session
    tm new-session -d -s "$screen" -x "$columns" -y "$rows" "$*; echo \"ENDED \$?\"; sleep 600" 2>/dev/null && return
    sleep 0.2
  done
  fail "tmux gives no terminal"
}
capture() { tm capture-pane -p -t "$screen"; }
flat() { capture | tr '\n' ' ' | tr -s ' '; } # a text may stand in two lines

# The translation of an English text of the program; of its beginning, the beginning of the translation.
tr_of() {
  python3 - "$LOCALES/$language/LC_MESSAGES/sanaq-kiosk.mo" "$language" "$1" <<'PY'
import gettext, sys
file, language, text = sys.argv[1:]
if language == "en":
    sys.exit(print(text.split("%")[0]))
texts = gettext.GNUTranslations(open(file, "rb"))._catalog
found = texts.get(text) or next(v[:24] for k, v in texts.items() if isinstance(k, str) and k.startswith(text))
print(found.split("%")[0])
PY
}

# Wait until the screen shows a text (already translated), or fail.
sees() {
  local wanted
  wanted=$(tr -s ' \n' '  ' <<<"$1" | sed 's/ $//')
  for _ in $(seq "${2:-100}"); do
    [[ $(flat) == *"$wanted"* ]] && return 0
    sleep 0.1
  done
  fail "the screen does not show: $wanted"
}
says() { sees "$(tr_of "$1")"; }
not_there() { [[ $(flat) != *"$1"* ]] || fail "the screen shows: $1"; }

press() { for k in "$@"; do tm send-keys -t "$screen" "$k"; sleep 0.12; done; }
type_text() { tm send-keys -t "$screen" -l "$1"; sleep 0.12; }

# Process id of the kiosk in the terminal.
kiosk_pid() { pgrep -P "$(tm display -p -t "$screen" '#{pane_pid}')" -x sanaq-kiosk; }
kill_kiosk() {
  local pid
  pid=$(kiosk_pid)
  kill -9 "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

# A study with keys (cheap ones) and a pack in WORK.
make_study() {
  cp -r "$SOURCE/assets/studies/csto" "$WORK/study"
  echo "a passphrase for the test" >"$WORK/pass"
  local who
  for who in first second; do
    "$ADMIN" keygen --out "$WORK/study/$who.key" --cost interactive --passphrase-file "$WORK/pass" >/dev/null
  done
  "$ADMIN" keygen --out "$WORK/study/field.key" --supervisor --cost interactive --passphrase-file "$WORK/pass" >/dev/null
  "$ADMIN" pack "$WORK/study/study.yaml" --key "$WORK/study/first.key" --passphrase-file "$WORK/pass" \
    --out "$WORK/study.pack" >"$WORK/pack.out"
}
words_in() { awk 'NF == 8 && /^    /{sub(/^ +/, ""); print; exit}' "$1"; }
admin() { local c=$1 a=$2; shift 2; "$ADMIN" "$c" "$a" "$@" --key "$WORK/study/first.key" --passphrase-file "$WORK/pass"; }

# ---- a person's steps through the screens of the csto study ----

# The beginning of an item's text in the language of the interview; ${1}: "csto" or another id.
item_of() {
  python3 - "$SOURCE/assets/studies/csto/study.yaml" "$1" "$language" <<'PY'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
item = text[text.index("id: " + sys.argv[2] + "\n"):] if ("id: " + sys.argv[2] + "\n") in text else text[text.index("id: " + sys.argv[2] + ","):]
line = re.search(r"\b" + sys.argv[3] + r":\s*(.+)", item).group(1)
print(re.split(r"[,({]", line.strip().strip('"'))[0].strip())
PY
}
unlock() {
  says "This laptop is locked."
  type_text aliya
  press Enter
  type_text "$phrase"
  press Enter
}

# From the home screen to the card. Answers: gender 2, age 41, education 6, ethnicity 1.
to_card() {
  local i
  says "New contact"
  press n
  says "New contact: sampling point"
  press Enter
  says "In which language does the respondent prefer to talk?"
  for i in 1 2 3; do [[ $(sed -n 's/^languages: \[\(.*\)\]/\1/p' "$SOURCE/assets/studies/csto/study.yaml" | tr -d ' ' | cut -d, -f$i) == "$language" ]] && press $i; done
  says "Is the person who is to be asked"
  press 1
  says "Read out:"
  press 1
  sees "1 "
  press 2 4 1 Enter 6 1
  says "From here on this interview counts."
  press Enter
  says "When you are ready, press Enter."
  press Enter
  says "How many? Only the number:"
}
# The arm of the card on the screen.
arm() { if [[ $(flat) == *"$(item_of csto)"* ]]; then echo treatment; else echo control; fi; }

# From the thank-you page to the home screen.
to_end() {
  says "Please give the laptop back to the interviewer."
  press Escape q Enter # nothing but F9 leaves it
  says "Please give the laptop back to the interviewer."
  press F9
  press 1 2
  says "Press Enter to seal the interview. After that it cannot be changed."
  press Enter
}

