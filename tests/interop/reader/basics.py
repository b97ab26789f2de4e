"""FORMAT.md sections 1 and 11: labels, hashes, signatures, fingerprints; reading bytes from the front."""
import hashlib
import pathlib
import re

import nacl.bindings as sodium
import nacl.exceptions

ZEROS = bytes(32)
TAG_LEN, MAC_LEN, SIGN_LEN = 16, 32, 64


class Refused(Exception):
    """A sentence for the person who reads: what, where, what to do."""


def need(true, sentence):
    if not true:
        raise Refused(sentence)


def le(value, size):
    return value.to_bytes(size, "little")


def label(use):
    return (b"sanaq1/" + use.encode()).ljust(16, b"\0")


def h(use, data):
    return hashlib.blake2b(label(use) + data, digest_size=32).digest()


def hk(key, use, data=b""):
    return hashlib.blake2b(label(use) + data, digest_size=32, key=key).digest()


def h512k(key, use):
    return hashlib.blake2b(label(use), digest_size=64, key=key).digest()


def verify(use, message, signature, key):
    try:
        sodium.crypto_sign_open(signature + label(use) + message, key)
        return True
    except (nacl.exceptions.CryptoError, ValueError):
        return False


def open_aead(sealed, ad, key):
    """None where it does not open."""
    try:
        return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(sealed, ad, bytes(12), key)
    except nacl.exceptions.CryptoError:
        return None


def open_box(sealed, key):
    """None where it does not open. ``key``: a StudyKey."""
    try:
        return sodium.crypto_box_seal_open(sealed, key.box, key.box_secret)
    except nacl.exceptions.CryptoError:
        return None


class Bytes:
    """Reads from the front; running out is a fault of the file."""

    def __init__(self, data, name):
        self.data, self.at, self.name = data, 0, name

    def raw(self, n):
        if self.at + n > len(self.data):
            raise Refused(f"{self.name} is cut short")
        self.at += n
        return self.data[self.at - n:self.at]

    def u(self, size):
        return int.from_bytes(self.raw(size), "little")

    def count(self, size, low, high, what):
        n = self.u(size)
        need(low <= n <= high, f"{self.name}: {n} {what}, where {low} to {high} may be")
        return n

    def magic(self, wanted):
        need(self.raw(8) == wanted, f"{self.name} does not begin with {wanted.decode()}")
        version = self.u(2)
        need(version == 1, f"{self.name} has version {version} of its format, which this reader does not know")

    def rest(self):
        return len(self.data) - self.at

    def done(self):
        need(self.rest() == 0, f"{self.name} has bytes left over")


def word_list():
    """The 2,048 words, out of FORMAT.md itself; None where it does not lie beside this reader."""
    path = pathlib.Path(__file__).resolve().parents[3] / "core" / "FORMAT.md"
    if not path.exists():
        return None
    found = re.findall(r"[a-z]+", path.read_text(encoding="utf-8").partition("<!-- words -->")[2])
    return found if len(found) == 2048 else None


def words(digest, known=[]):
    """The eight words of a fingerprint, or its hexadecimal digits where the list of words is not there."""
    if not known:
        known.append(word_list())
    bits = int.from_bytes(digest[:11], "big")
    if known[0] is None:
        return digest[:11].hex()
    return " ".join(known[0][bits >> 77 - 11 * i & 2047] for i in range(8))
