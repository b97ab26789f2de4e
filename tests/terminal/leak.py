#!/usr/bin/python3
"""leak.py HOME KNOWN learn | leak.py HOME KNOWN WHERE...

Looks for an interviewer's code and passphrase, the laptop's keys, answers and the draw in bytes: as they are, as hexadecimal
and base64, as text of wide characters and as the cells of a screen. `learn` opens keys file and state with code and
passphrase (from the environment), as FORMAT.md section 10 says, and adds what it finds to KNOWN. WHERE is memory:PID,
file:PATH or folder:PATH; what is found is printed, "what where", and gives exit status 1.
"""
import base64, hashlib, json, mmap, os, re, sqlite3, struct, sys

import nacl.bindings as sodium

CODE, PHRASE = os.environ["SANAQ_CODE"], os.environ["SANAQ_PHRASE"]


def h(use, *parts, key=b""):
    return hashlib.blake2b(("sanaq1/" + use).encode().ljust(16, b"\0") + b"".join(parts), key=key, digest_size=32).digest()


def open_box(key, use, device, number, box):
    bound = h(use, device, struct.pack("<Q", number), key=key)
    try:
        return sodium.crypto_secretbox_open(box[24:], box[:24], bound)
    except Exception:
        return None


def learn(home):
    """The laptop's keys, and what its draft holds."""
    keys = open(home + "/keys", "rb").read()
    ops, mem = struct.unpack_from("<QQ", keys, 10)
    salt, device = keys[26:42], keys[42:74]
    stretched = sodium.crypto_pwhash_alg(32, PHRASE.encode(), h("slot", salt, CODE.encode())[:16], ops, mem, 2)
    known = {"key:stretched": stretched}
    for at in (12288, 16384):
        side = keys[at:at + 1672]
        for i in range(8):
            slot = side[32 + 144 * i:32 + 144 * (i + 1)]
            half = open_box(stretched, "slot", device, 0, slot[:72])
            if half is None:
                continue
            shared = sodium.crypto_scalarmult(half, side[:32])
            local = open_box(shared, "share", device, i, slot[72:])
            body = open_box(local, "local", device, 0, side[1184:])
            known |= {"key:slot": half, "key:shared": shared, "key:local": local, "key:sign": body[:32]}
    db = sqlite3.connect(f"file:{home}/store.db?mode=ro", uri=True)
    epoch, sealed = db.execute("SELECT epoch, sealed FROM state").fetchone()
    db.close()
    place = keys[4096 + 4096 * (epoch % 2):][:81]
    known["key:epoch"] = open_box(known["key:local"], "epoch", device, epoch, place[9:])
    state = open_box(known["key:epoch"], "state", device, epoch, sealed)
    known["key:mac"] = state[1 + 1 + 8 + 32:][:32]
    for i, at in enumerate(range(86, 86 + 64 * 2, 32)):  # chain keys of the assignment follow the head of the state
        if len(set(state[at:at + 32])) > 16:
            known[f"key:chain{i}"] = state[at:at + 32]
    return known


def forms(what, raw):
    """A secret in every form the program or a tool might keep it in."""
    yield what, raw
    if what.startswith("key:"):
        yield what, raw.hex().encode()
        yield what, raw.hex().upper().encode()
        yield what, base64.b64encode(raw)[:40]
        yield what, base64.urlsafe_b64encode(raw)[:40]
        return
    if what in ("code", "phrase"):
        yield what, raw.hex().encode()
        yield what, base64.b64encode(raw).rstrip(b"=")[:-1]
        for text in [raw.decode()] + [word for word in raw.decode().split() if len(word) > 5]:  # parts of it too
            yield what, text.encode()
            yield what, text.encode("utf-16-le")
            yield what, text.encode("utf-32-le")  # wide characters; the keys typed, as numbers


def cells(text):
    """A row of a screen: characters a fixed distance apart, of curses (28 bytes) and of our own grid (16)."""
    for step, width in ((28, 4), (16, 1), (20, 4), (32, 4)):
        unit = [c.encode("utf-32-le")[:width] for c in text]
        yield re.compile((b"[\\s\\S]{%d}" % (step - width)).join(re.escape(u) for u in unit))


def patterns(known):
    out = []
    for what, raw in [("code", CODE.encode()), ("phrase", PHRASE.encode())] + [(w, bytes.fromhex(k)) for w, k in known]:
        out += [(w, re.compile(re.escape(f))) for w, f in forms(what, raw)]
    # Answers: gender 2, age 73, education 5, ethnicity 2, as the draft and the sealed outcome hold them.
    out.append(("answers", re.compile(re.escape(struct.pack("<4i", 2, 73, 5, 2)))))
    # Code and sampling point, one behind the other, as the sealed part for supervisors holds them.
    out.append(("field", re.compile(re.escape(CODE.encode().ljust(8, b"\0")) + b"[A-Za-z0-9-]{1,24}\0")))
    out += [("card", c) for text in ("How many", "number is", "NATO", "tourism") for c in cells(text)]
    out += [("code", c) for c in cells(CODE)]
    out.append(("card", re.compile(b"Your number is [0-9]")))
    return out


def regions(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights, *rest = line.split(maxsplit=5)
            if "r" not in rights or (len(rest) == 4 and rest[3].startswith("[v")):
                continue
            if "w" not in rights and len(rest) == 4 and rest[3].startswith("/"):
                continue  # program and libraries as they are on the disk
            start, end = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(start)
                yield f"{line.split()[-1]}+{span}", mem.read(end - start)
            except OSError:
                pass


def places(where):
    kind, _, name = where.partition(":")
    if kind == "memory":
        yield from regions(name)
    elif kind == "file":
        yield name, open(name, "rb").read()
    else:
        for folder, _, files in os.walk(name):
            for f in files:
                yield f, open(os.path.join(folder, f), "rb").read()


def main(home, store, *wheres):
    known = [tuple(k) for k in json.load(open(store))] if os.path.exists(store) else []
    if wheres == ("learn",):
        new = [(w, k.hex()) for w, k in learn(home).items()]
        json.dump(sorted(set(known + new)), open(store, "w"))
        return 0
    wanted, found = patterns(known), False
    for where in wheres:
        read = 0
        for name, data in places(where):
            read += len(data)
            for what, pattern in wanted:
                for m in pattern.finditer(data):
                    found = True
                    print(what, where.partition(":")[0], f"{name}@{m.start():#x}")
                    break
        if where.startswith("memory") and read < 1 << 19:
            found = True
            print("unread", "memory", read)  # half a megabyte is the least that a program has
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
