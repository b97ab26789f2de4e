"""FORMAT.md sections 2, 3 and 6: packs, study keys, and what travels back to a laptop."""
import nacl.bindings as sodium
import nacl.exceptions
import nacl.pwhash.argon2id

from .basics import Bytes, h, label, need, verify, words, TAG_LEN, ZEROS
from .study import Study

RESEARCHER, SUPERVISOR = 1, 2
MAX_MEM = 4 << 30


class StudyKey:
    def __init__(self, data, passphrase, name):
        r = Bytes(data, name)
        r.magic(b"SANAQSK1")
        self.role = r.count(1, RESEARCHER, SUPERVISOR, "as role")
        ops, mem, salt = r.u(8), r.count(8, 8192, MAX_MEM, "bytes of memory"), r.raw(16)
        self.sign, self.box = r.raw(32), r.raw(32)
        ad = label("key") + data[:r.at]
        nonce, sealed = r.raw(24), r.raw(64 + TAG_LEN)
        r.done()
        wrap = nacl.pwhash.argon2id.kdf(32, passphrase, salt, opslimit=ops, memlimit=mem)
        try:
            plain = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, ad, nonce, wrap)
        except nacl.exceptions.CryptoError:
            need(False, f"{name}: this is not its passphrase, or the file was changed")
        self.sign_seed, self.box_secret = plain[:32], plain[32:]
        need(sodium.crypto_sign_seed_keypair(self.sign_seed)[0] == self.sign and
             sodium.crypto_scalarmult_base(self.box_secret) == self.box, f"{name}: its halves do not fit together")

    def place(self, pack):
        """In the pack's list of those who read like this key; None where it is not there."""
        keys = pack.researchers if self.role == RESEARCHER else pack.supervisors
        return keys.index((self.sign, self.box)) if (self.sign, self.box) in keys else None


class Pack:
    def __init__(self, data, name):
        need(len(data) <= 8 << 20, f"{name} is larger than a pack may be")
        r = Bytes(data, name)
        r.magic(b"SANAQPK1")
        algorithm = r.u(2)
        need(algorithm == 1, f"{name}: its assignment algorithm {algorithm} is not known to this reader")
        self.number, self.replaces = r.u(4), r.raw(32)
        need((self.number == 1) == (self.replaces == ZEROS) and self.number > 0, f"{name}: its number does not fit")
        study, points = r.raw(r.u(4)), r.raw(r.u(4))
        self.strata = [r.raw(r.u(1)) for _ in range(r.count(2, 1, 1024, "strata"))]
        self.researchers = [(r.raw(32), r.raw(32)) for _ in range(r.count(1, 2, 16, "researchers"))]
        self.supervisors = [(r.raw(32), r.raw(32)) for _ in range(r.count(1, 0, 16, "supervisors"))]
        for people in (self.researchers, self.supervisors):
            need(all(len(set(keys)) == len(people) for keys in zip(*people)), f"{name}: two people share a key")
        signer = r.count(1, 0, len(self.researchers) - 1, "as its signer")
        self.hash = h("pack", data[:r.at])
        self.words = words(self.hash)
        signers = []
        for _ in range(r.count(1, 1, 16, "signatures")):
            who, signature = r.u(1), r.raw(64)
            need(who < len(self.researchers) and who not in signers, f"{name}: signed by nobody, or by one twice")
            need(verify("pack", self.hash, signature, self.researchers[who][0]), f"{name}: a signature does not fit")
            signers.append(who)
        r.done()
        need(signers[0] == signer, f"{name}: its signer's signature does not come first")
        self.signed_by = [self.researchers[who] for who in signers]
        self.study = Study(study, points, name)
        need([s.encode() for s in self.study.strata] == self.strata, f"{name}: its strata are not those of its points")

    def circle(self):
        return (self.signed_by[0], frozenset(self.researchers), frozenset(self.supervisors), frozenset(self.study.targets))

    def follows(self, other):
        if self.replaces != other.hash or self.number <= other.number or self.study.id != other.study.id:
            return False
        if self.circle() == other.circle():
            return True
        return len({sign for sign, _ in self.signed_by} & {sign for sign, _ in other.researchers}) >= 2


class Notice:
    """An approval, a revocation, a receipt or a choice, signed by a researcher of ``pack``."""
    KINDS = {b"SANAQAP1": "approve", b"SANAQRV1": "revoke", b"SANAQRC1": "receipt", b"SANAQCH1": "choose"}

    def __init__(self, data, packs, name):
        r = Bytes(data, name)
        self.use = self.KINDS.get(data[:8])
        need(self.use is not None, f"{name} is no approval, revocation, receipt or choice")
        r.magic(data[:8])
        pack, self.device = r.raw(32), r.raw(32)
        self.random = r.raw(32) if self.use == "approve" else None
        self.n = r.u(8) if self.use != "approve" else None
        self.head = r.raw(32) if self.use in ("receipt", "choose") else None
        who, covered = r.u(1), data[:r.at]
        signature = r.raw(64)
        r.done()
        need(pack in packs, f"{name} is of a pack that is not there")
        self.pack, signers = packs[pack], packs[pack].researchers
        need(who < len(signers) and verify(self.use, covered, signature, signers[who][0]),
             f"{name} is not signed by a researcher of its pack")
        self.hash = h("approve", data) if self.use == "approve" else None


def check_golive(data, packs, name):
    r = Bytes(data, name)
    r.magic(b"SANAQGL1")
    pack = r.raw(32)
    covered = data[:r.at]
    need(pack in packs, f"{name} is of a pack that is not there")
    signers = packs[pack].researchers + packs[pack].supervisors
    need(r.u(1) == len(signers), f"{name} is not signed by everybody who reads")
    for place, (sign, _) in enumerate(signers):
        need(verify("golive", covered, r.raw(64), sign), f"{name}: signature {place} does not fit")
    r.done()
