"""FORMAT.md section 8: assignment, algorithm 1."""
from .basics import hk, le

NOT_ASKED = 255
ARM, BLOCK, ITEM_ORDER, LIST_ORDER, DOUBLE, TEST = 1, 2, 3, 4, 5, 10


def chain_key(root, purpose, lst, stratum):
    return hk(root, "chain", bytes([purpose, lst]) + le(stratum, 2))


class Chain:
    def __init__(self, key):
        self.key, self.row = key, []

    def approve(self, data):
        self.key, self.row = hk(self.key, "approve", data), []

    def step(self):
        key, self.key = self.key, hk(self.key, "next")
        return Step(key)


class Step:
    def __init__(self, key):
        self.words = self.stream(key)

    @staticmethod
    def stream(key):
        n = 0
        while True:
            block = hk(key, "draw", le(n, 4))
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
    """All chains that begin at one root. ``study`` has lists, doubles, blocks, random_list_order as in study.py."""

    def __init__(self, study, root):
        self.study, self.root, self.made, self.approvals = study, root, {}, []
        self.paired = [lst for double in study.doubles for lst in double.lists]

    def chain(self, *at):
        if at not in self.made:
            self.made[at] = Chain(chain_key(self.root, *at))
            for data in self.approvals:
                self.made[at].approve(data)
        return self.made[at]

    def approve(self, data):
        self.approvals.append(data)
        for chain in self.made.values():
            chain.approve(data)

    def size(self, step):
        blocks = self.study.blocks
        return blocks[step.below(len(blocks))]

    def arm(self, lst, stratum):
        shares = self.study.lists[lst].shares
        if self.study.blocks is None:
            u = self.chain(ARM, lst, stratum).step().below(sum(shares))
            return next(arm for arm in range(len(shares)) if u < sum(shares[:arm + 1]))
        chain = self.chain(BLOCK, lst, stratum)
        if not chain.row:
            step = chain.step()
            size = self.size(step)
            row = [arm for arm, share in enumerate(shares) for _ in range(size * share // sum(shares))]
            chain.row = step.shuffled(row)
        return chain.row.pop(0)

    def cell(self, number, ordered, stratum):
        chain = self.chain(DOUBLE, number, stratum)
        if self.study.blocks is None:
            return chain.step().below(4 if ordered else 2)
        if not chain.row:
            step = chain.step()
            row = step.shuffled(place % 2 for place in range(self.size(step)))
            chain.row = [place + 2 * step.below(2) for place in row] if ordered else row
        return chain.row.pop(0)

    def order(self, asked, cells):
        row = list(asked)
        if self.study.random_list_order:
            row = self.chain(LIST_ORDER, 0, 0).step().shuffled(row)
        for double, cell in zip(self.study.doubles, cells):
            if double.random and all(lst in asked for lst in double.lists):
                low, high = sorted(row.index(lst) for lst in double.lists)
                row[low], row[high] = double.lists if cell < 2 else double.lists[::-1]
        return row

    def draw(self, stratum, asked):
        """Arm, position and permutation number of each list of the study; ``asked``: their places, in order."""
        arm, cells = {}, []
        for number, double in enumerate(self.study.doubles):
            drawn = any(lst in asked for lst in double.lists)
            cells.append(self.cell(number, double.random, stratum) if drawn else 0)
            for half in (0, 1):
                arm[double.lists[half]] = double.arm[half] if cells[-1] % 2 == half else 0
        for lst in asked:
            if lst not in self.paired:
                arm[lst] = self.arm(lst, stratum)
        row, out = self.order(asked, cells), []
        for lst, one in enumerate(self.study.lists):
            if lst not in asked:
                out.append((NOT_ASKED, NOT_ASKED, 0))
                continue
            number = 0
            if one.random:
                step = self.chain(ITEM_ORDER, lst, 0).step()
                number = permutation_number(step.shuffled(range(one.shown(arm[lst]))))
            out.append((arm[lst], row.index(lst), number))
        return out
