#!/usr/bin/env python3
"""Known answers for assignment, algorithm 1, written from core/FORMAT.md section 8 alone and sharing
nothing with core/assign.c. Prints assign.txt:

    python3 tests/vectors/assign.py > tests/vectors/assign.txt
"""
import hashlib

NOT_ASKED = 255
STUDIES = {
    # shares: control first; double: (lists, random order), its item is the first sensitive one
    "simple": dict(
        strata=2, blocks=None, list_order=True, doubles=[],
        lists=[dict(items=4, shares=[1, 1], order=False), dict(items=3, shares=[2, 1, 3, 1], order=True)]),
    "blocks": dict(
        strata=3, blocks=[4, 8, 12], list_order=False, doubles=[],
        lists=[dict(items=4, shares=[2, 1, 1], order=False), dict(items=4, shares=[1, 1], order=True)]),
    "double-blocks": dict(
        strata=1, blocks=[4, 6, 8], list_order=True, doubles=[((0, 2), True)],
        lists=[dict(items=5, shares=[1, 1], order=True), dict(items=4, shares=[1, 1], order=False),
               dict(items=19, shares=[1, 1], order=True)]),
    "double-simple": dict(
        strata=1, blocks=None, list_order=False, doubles=[((1, 0), False)],
        lists=[dict(items=4, shares=[1, 1], order=False), dict(items=4, shares=[1, 1], order=False)]),
    "double-order": dict(
        strata=1, blocks=None, list_order=True, doubles=[((2, 1), True)],
        lists=[dict(items=2, shares=[1, 2], order=False), dict(items=4, shares=[1, 1], order=False),
               dict(items=4, shares=[1, 1], order=False)]),
}


def hk(key, use, data):
    label = (b"sanaq1/" + use).ljust(16, b"\0")
    return hashlib.blake2b(label + data, digest_size=32, key=key).digest()


def le(value, size):
    return value.to_bytes(size, "little")


class Chain:
    def __init__(self, root, purpose, lst, stratum):
        self.key = hk(root, b"chain", bytes([purpose, lst]) + le(stratum, 2))
        self.row = []

    def approve(self, data):
        self.key = hk(self.key, b"approve", data)
        self.row = []

    def step(self):
        key, self.key = self.key, hk(self.key, b"next", b"")
        return Step(key)


class Step:
    def __init__(self, key):
        self.words = self.stream(key)

    @staticmethod
    def stream(key):
        n = 0
        while True:
            block = hk(key, b"draw", le(n, 4))
            for i in range(8):
                yield int.from_bytes(block[4 * i:4 * i + 4], "little")
            n += 1

    def below(self, n):
        while True:
            word = next(self.words)
            if word < 2**32 - 2**32 % n:
                return word % n

    def shuffled(self, row):
        row = list(row)
        for i in range(len(row) - 1, 0, -1):
            j = self.below(i + 1)
            row[i], row[j] = row[j], row[i]
        return row


def permutation_number(place):
    number, factorial = 0, 1
    for i in range(len(place) - 1, -1, -1):
        number += sum(later < place[i] for later in place[i + 1:]) * factorial
        factorial *= len(place) - i
    return number


class Chains:
    def __init__(self, study, root):
        self.study, self.root, self.made, self.approvals = study, root, {}, []

    def chain(self, purpose, lst, stratum):
        at = (purpose, lst, stratum)
        if at not in self.made:
            self.made[at] = Chain(self.root, *at)
            for data in self.approvals:
                self.made[at].approve(data)
        return self.made[at]

    def approve(self, data):
        self.approvals.append(data)
        for chain in self.made.values():
            chain.approve(data)

    def arm(self, lst, stratum):
        shares, blocks = self.study["lists"][lst]["shares"], self.study["blocks"]
        if blocks is None:
            u = self.chain(1, lst, stratum).step().below(sum(shares))
            for arm, share in enumerate(shares):
                if u < sum(shares[:arm + 1]):
                    return arm
        chain = self.chain(2, lst, stratum)
        if not chain.row:
            step = chain.step()
            size = blocks[step.below(len(blocks))]
            row = [arm for arm, share in enumerate(shares) for _ in range(size * share // sum(shares))]
            chain.row = step.shuffled(row)
        return chain.row.pop(0)

    def cell(self, double, stratum):
        ordered, blocks = self.study["doubles"][double][1], self.study["blocks"]
        chain = self.chain(5, double, stratum)
        if blocks is None:
            return chain.step().below(4 if ordered else 2)
        if not chain.row:
            step = chain.step()
            size = blocks[step.below(len(blocks))]
            row = step.shuffled([i % 2 for i in range(size)])
            chain.row = [place + 2 * step.below(2) for place in row] if ordered else row
        return chain.row.pop(0)

    def draw(self, stratum, asked):
        study = self.study
        arm, cells = {}, {}
        paired = [lst for lists, _ in study["doubles"] for lst in lists]
        for d, (lists, _) in enumerate(study["doubles"]):
            if any(lst in asked for lst in lists):
                cells[d] = self.cell(d, stratum)
                arm[lists[0]] = 1 if cells[d] % 2 == 0 else 0
                arm[lists[1]] = 1 - arm[lists[0]]
        for lst in asked:
            if lst not in paired:
                arm[lst] = self.arm(lst, stratum)
        row = list(asked)
        if study["list_order"]:
            row = self.chain(4, 0, 0).step().shuffled(row)
        for d, (lists, ordered) in enumerate(study["doubles"]):
            if ordered and all(lst in asked for lst in lists):
                first, second = lists if cells[d] < 2 else lists[::-1]
                low, high = sorted(row.index(lst) for lst in lists)
                row[low], row[high] = first, second
        out = []
        for lst, spec in enumerate(study["lists"]):
            if lst not in asked:
                out.append((NOT_ASKED, NOT_ASKED, 0))
                continue
            order = 0
            if spec["order"]:
                shown = spec["items"] + (arm[lst] > 0)
                order = permutation_number(self.chain(3, lst, 0).step().shuffled(range(shown)))
            out.append((arm[lst], row.index(lst), order))
        return out


def main():
    print("# study interview chains stratum asked: arm,position,order of each list (tests/vectors/assign.py)")
    for s, (name, study) in enumerate(STUDIES.items()):
        root = bytes((i + 17 * s) % 256 for i in range(32))
        sets = {"live": Chains(study, root), "test": Chains(study, hk(root, b"chain", bytes([10, 0, 0, 0])))}
        for n in range(100):
            if n == 60:
                for chains in sets.values():
                    chains.approve(bytes(255 - i for i in range(32)))
            lists = range(len(study["lists"]))
            asked = [n // 5 % len(lists)] if n % 5 == 4 else list(lists)
            if n == 50:
                asked = []
            stratum, chains = n * 7 % (study["strata"] + 1), "test" if n % 10 == 3 else "live"
            drawn = sets[chains].draw(stratum, asked)
            print(name, n, chains, stratum, sum(1 << lst for lst in asked), end=":")
            print("".join(" %d,%d,%d" % one for one in drawn))


if __name__ == "__main__":
    main()
