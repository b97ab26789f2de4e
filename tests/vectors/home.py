#!/usr/bin/python3
"""Opens a laptop's keys and store as core/FORMAT.md section 10 says, down to the state; knows no C code.

    tests/vectors/home.py HOME CODE PASSPHRASE [CODE PASSPHRASE ...]

Prints the device, the epoch and the length of its state; ends with 1 where anything does not open. For tests.
"""
import pathlib
import sqlite3
import sys

try:
    import sealing  # finds the reader
    import nacl.bindings as sodium
    import nacl.exceptions
    import nacl.pwhash.argon2id
    from reader.basics import Bytes, Refused, h, hk, le, need
except ImportError as missing:
    print(f"skipped: {missing}; install python3-nacl and python3-yaml")
    sys.exit(77)

SLOTS, SLOT_LEN, SIDE_LEN = 8, 144, 1672
assert sealing.RESEARCHER == 1


class Keys:
    def __init__(self, data):
        need(len(data) == 20480, "keys has another size")
        r = Bytes(data, "keys")
        need(r.raw(8) == b"SANAQKF1" and r.u(2) == 2, "keys is of another version")
        self.ops, self.mem, self.salt, self.device = r.u(8), r.u(8), r.raw(16), r.raw(32)
        self.data = data

    def box(self, sealed, key, use, number):
        wrap = hk(key, use, self.device + le(number, 8))
        try:
            return sodium.crypto_secretbox_open(sealed[24:], sealed[:24], wrap)
        except nacl.exceptions.CryptoError:
            return None

    def side(self, which):
        return self.data[12288 + 4096 * which:][:SIDE_LEN]

    def local(self, which, code, passphrase):
        """The local key that this interviewer's slot on a side gives."""
        side = self.side(which)
        salt = h("slot", self.salt + code.encode())[:16]
        key = nacl.pwhash.argon2id.kdf(32, passphrase.encode(), salt, opslimit=self.ops, memlimit=self.mem)
        for n in range(SLOTS):
            slot = side[32 + SLOT_LEN * n:][:SLOT_LEN]
            secret = self.box(slot[:72], key, "slot", 0)
            if secret is not None:
                return self.box(slot[72:], sodium.crypto_scalarmult(secret, side[:32]), "share", n)
        return None

    def body(self, which, local):
        return self.box(self.side(which)[1184:], local, "local", 0)

    def epoch(self, number):
        """The side and the sealed key of an epoch."""
        page = self.data[4096 + 4096 * (number % 2):][:81]
        need(int.from_bytes(page[:8], "little") == number, f"the place of epoch {number} holds another one")
        return page[8], page[9:]


def main():
    home, *people = sys.argv[1:]
    db = sqlite3.connect((pathlib.Path(home) / "store.db").resolve().as_uri() + "?mode=ro&immutable=1", uri=True)
    epoch, sealed = db.execute("SELECT * FROM state").fetchone()[-2:]
    keys = Keys((pathlib.Path(home) / "keys").read_bytes())
    which, sealed_epoch = keys.epoch(epoch)
    for code, passphrase in zip(people[::2], people[1::2]):
        local = keys.local(which, code, passphrase)
        need(local is not None, f"{code} has no slot, or this is not the passphrase")
        body = keys.body(which, local)
        need(body is not None and sodium.crypto_sign_seed_keypair(body[:32])[0] == keys.device, "the device key")
        tags = [body[64 + 48 * n:][:16] for n in range(SLOTS)]
        need(h("code", keys.salt + code.encode())[:16] in tags, f"the code {code} is not among those with a slot")
        key = keys.box(sealed_epoch, local, "epoch", epoch)
        need(key is not None, "the epoch's key does not open")
        state = keys.box(sealed, key, "state", epoch)
        need(state is not None, "the state does not open")
    print(keys.device.hex(), epoch, len(state))


if __name__ == "__main__":
    try:
        main()
    except Refused as fault:
        sys.exit(f"home.py: {fault}")
