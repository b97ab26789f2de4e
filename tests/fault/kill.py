"""Conducts interviews through the real kiosk in a terminal of its own and kills it (-9) at random moments. What it saw
on the screen is what people know: the same card comes back, a count that was confirmed never does, no contact is lost.

kill.py KIOSK HOME PASSPHRASE-FILE ROUNDS SEED KNOWN: goes on from what the file KNOWN says, if there is one, and writes
there what is known afterwards; exit status 1 with a sentence if something does not hold."""

import codecs, fcntl, json, os, pty, random, re, select, signal, struct, sys, termios, time

ROWS, COLUMNS = 24, 80


class Failed(Exception):
    pass


class Terminal:
    """A kiosk in a pseudo-terminal of the simplest kind that curses knows, and its screen as text."""

    def __init__(self, kiosk, home):
        self.grid = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.rest, self.decode = "", codecs.getincrementaldecoder("utf-8")("replace").decode
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = {"TERM": "vt52", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "HOME": home,
                           "LINES": str(ROWS), "COLUMNS": str(COLUMNS)}
            os.execve(kiosk, [kiosk, "--home", home, "--lang", "en"], environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.ended = False

    def read(self, seconds):
        """True if something came."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            got = b""
        self.ended = not got
        self.show(self.decode(got))
        return bool(got)

    def show(self, text):
        text, at = self.rest + text, 0
        self.rest = ""
        while at < len(text):
            c = text[at]
            if c != "\x1b":
                self.put(c)
                at += 1
                continue
            m = re.compile(r"\x1b(?:Y..|\[[?\d;]*[A-Za-z]|[^Y\[])", re.S).match(text, at)
            if m is None:
                self.rest = text[at:]
                return
            self.obey(m.group())
            at = m.end()

    def put(self, c):
        if c == "\r":
            self.column = 0
        elif c == "\n":
            self.row = min(self.row + 1, ROWS - 1)
        elif c == "\b":
            self.column = max(self.column - 1, 0)
        elif c == "\t":
            self.column = min(self.column // 8 * 8 + 8, COLUMNS - 1)
        elif c >= " ":
            self.grid[self.row][min(self.column, COLUMNS - 1)] = c
            self.column += 1

    def obey(self, code):
        what = code[1]
        if what == "Y":
            self.row, self.column = min(ord(code[2]) - 32, ROWS - 1), ord(code[3]) - 32
        elif what == "H":
            self.row = self.column = 0
        elif what in "JK":
            self.grid[self.row][self.column:] = [" "] * (COLUMNS - min(self.column, COLUMNS))
            for r in range(self.row + 1, ROWS if what == "J" else self.row + 1):
                self.grid[r] = [" "] * COLUMNS
        elif what in "ABCD":
            self.row = max(0, min(ROWS - 1, self.row + {"A": -1, "B": 1}.get(what, 0)))
            self.column = max(0, min(COLUMNS - 1, self.column + {"C": 1, "D": -1}.get(what, 0)))

    def text(self):
        return re.sub(r"\s+", " ", " ".join("".join(r) for r in self.grid))

    def lines(self, n):
        return "\n".join("".join(r).rstrip() for r in self.grid[:n])

    def send(self, keys):
        try:
            os.write(self.fd, keys.encode())
        except OSError:
            self.ended = True

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Field:
    """What is known of the contacts of one laptop."""

    def __init__(self, chance, file):
        self.chance = chance
        self.ended = 0        # contacts known to be finished
        self.card = None      # of the contact under way, once it was seen
        self.tried = False    # a count was sent off
        self.counted = False  # it was taken: the page behind the card came
        self.began = False    # the contact under way has certainly a number
        self.trying = False   # one was begun, which may have been kept or not
        self.seen = {"cards": 0, "counts": 0, "counts tried": 0, "resumed": 0, "same card": 0}
        if os.path.exists(file):
            with open(file, encoding="utf-8") as f:
                known = json.load(f)
            self.ended, self.card, self.tried, self.counted, self.began, self.trying = known["contact"]
            self.seen = {k: known[k] for k in self.seen}

    def known(self):
        return {"finished": self.ended, "under way": self.trying or self.began, **self.seen,
                "contact": [self.ended, self.card, self.tried, self.counted, self.began, self.trying]}

    def at_home(self, all_contacts):
        under_way = self.card is not None or self.began
        if all_contacts < self.ended:
            raise Failed(f"{self.ended} contacts were finished, {all_contacts} are left")
        if under_way and all_contacts != self.ended + 1:
            raise Failed(f"contact {self.ended + 1} was under way and is neither there nor finished")
        self.ended, self.card, self.tried, self.counted, self.began = all_contacts, None, False, False, False
        self.trying = False

    def unfinished(self, contact):
        if contact != self.ended + 1:
            if contact != self.ended + 2 or not (self.began or self.card):
                raise Failed(f"contact {contact} is unfinished, after {self.ended} finished ones")
            self.at_home(self.ended + 1)
        self.began = self.trying = True
        self.seen["resumed"] += 1

    def shows_card(self, card):
        if self.counted:
            raise Failed("a card came back whose count was taken")
        if self.card is None:
            self.seen["cards"] += 1
        elif self.card != card:
            raise Failed(f"another card came back:\n{self.card}\n--\n{card}")
        else:
            self.seen["same card"] += 1
        self.card = card

    def tries_count(self):
        if not self.tried:
            self.seen["counts tried"] += 1
        self.tried = True

    def took_count(self):
        if not self.counted:
            self.seen["counts"] += 1
        self.counted = True


def answer(field, passphrase, t):
    """The keys that this page wants; None: it is no page yet."""
    page = t.text()
    if "This laptop is locked." in page:
        if "Your code: Passphrase: " not in page:
            return None
        code, words = passphrase
        return code + "\r" + words + "\r"
    m = re.search(r"Interview (\d+) is not finished", page)
    if m:
        field.unfinished(int(m.group(1)))
        return "1"
    m = re.search(r"confirmed \d+ of (\d+) contacts", page)
    if m and "New contact" in page:
        field.at_home(int(m.group(1)))
        field.trying = True
        return "n"
    if "Yes: press Enter." in page:
        field.tries_count()
        return "\r"
    if "How many? Only the number:" in page:
        field.shows_card(t.lines(ROWS - 6))
        return "\x1b0" if field.chance.random() < .05 else field.chance.choice("01234")
    if "Please give the laptop back" in page:
        field.took_count()
        return "\x1b9"
    for text, keys in (("Press Enter to seal the interview.", "\r"), ("At which sampling point are you?", "\r"), ("In which language does the respondent", "3"),
                       ("Is the person who is to be asked", "1"), ("Read out:", "1"), ("tell me your gender", "12"),
                       ("How old are you", "4"), ("highest level of education", "6"), ("Which ethnic group", "1"),
                       ("From here on this interview counts.", "\r"), ("When you are ready, press Enter.", "\r"),
                       ("End here? This cannot be undone.", "1"), ("One moment, please.", "2"),
                       ("Was anyone else near", "1"), ("name any of the policies on the card", "2")):
        if text in page:
            if text.startswith("How old"):
                return "\r" if re.search(r"\b41\b", page) else "41"
            return field.chance.choice(keys) if len(keys) > 1 else keys
    return None


def one_round(kiosk, home, passphrase, field):
    """Start, go on for a while, kill. Most deaths come within milliseconds after a key, while it is being worked on."""
    chance = field.chance
    t = Terminal(kiosk, home)
    steps, acted, keys, patience = chance.randint(0, 24), None, None, time.monotonic() + 60
    if steps == 0:
        time.sleep(chance.uniform(0, .3))
    try:
        while steps > 0:
            if t.read(.01):
                continue
            if t.ended:
                raise Failed("the kiosk ended by itself: " + t.text())
            if time.monotonic() > patience:
                raise Failed(f"the kiosk stays where it is, after the keys {keys!r}:\n" + t.lines(ROWS))
            page = t.text()
            wanted = answer(field, passphrase, t) if page != acted else None
            if wanted is None:
                continue
            keys = wanted
            t.send(keys)
            acted, patience, steps = page, time.monotonic() + 60, steps - 1
        if acted is not None:
            until = time.monotonic() + chance.uniform(0, .03)
            while time.monotonic() < until and t.read(.001):
                pass
    finally:
        t.kill()


def main():
    kiosk, home, file, rounds, seed, known = sys.argv[1:7]
    with open(file, encoding="utf-8") as f:
        passphrase = f.read().split("\n")[:2]
    field, begun = Field(random.Random(int(seed)), known), time.monotonic()
    for i in range(int(rounds)):
        try:
            one_round(kiosk, home, passphrase, field)
        except Failed as e:
            sys.exit(f"round {i + 1} of seed {seed}: {e}")
    with open(known, "w", encoding="utf-8") as f:
        json.dump(field.known(), f)
    print(f"{rounds} deaths in {(time.monotonic() - begun) / 60:.2f} minutes: {field.ended} contacts finished,",
          ", ".join(f"{v} {k}" for k, v in field.seen.items()))


main()
