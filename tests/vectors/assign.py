#!/usr/bin/python3
"""Known answers for assignment, algorithm 1, drawn by tests/interop/reader, which knows only core/FORMAT.md.

    tests/vectors/assign.py > tests/vectors/assign.txt
"""
from types import SimpleNamespace

from sealing import Chains, chain_key, TEST


def a_list(items, shares, order=False):
    return SimpleNamespace(items=items, shares=shares, random=order, shown=lambda arm: items + (arm > 0))


def a_double(lists, order):
    return SimpleNamespace(lists=lists, random=order, arm=(1, 1))  # its item is the first sensitive one


def a_study(strata, lists, blocks=None, list_order=False, doubles=()):
    return SimpleNamespace(strata=strata, lists=lists, blocks=blocks, random_list_order=list_order, doubles=doubles)


STUDIES = {
    "simple": a_study(2, [a_list(4, [1, 1]), a_list(3, [2, 1, 3, 1], True)], list_order=True),
    "blocks": a_study(3, [a_list(4, [2, 1, 1]), a_list(4, [1, 1], True)], blocks=[4, 8, 12]),
    "double-blocks": a_study(1, [a_list(5, [1, 1], True), a_list(4, [1, 1]), a_list(19, [1, 1], True)],
                             blocks=[4, 6, 8], list_order=True, doubles=[a_double((0, 2), True)]),
    "double-simple": a_study(1, [a_list(4, [1, 1]), a_list(4, [1, 1])], doubles=[a_double((1, 0), False)]),
    "double-order": a_study(1, [a_list(2, [1, 2]), a_list(4, [1, 1]), a_list(4, [1, 1])], list_order=True,
                            doubles=[a_double((2, 1), True)]),
}


def main():
    print("# study interview chains stratum asked: arm,position,order of each list (tests/vectors/assign.py)")
    for s, (name, study) in enumerate(STUDIES.items()):
        root = bytes((i + 17 * s) % 256 for i in range(32))
        sets = {"live": Chains(study, root), "test": Chains(study, chain_key(root, TEST, 0, 0))}
        for n in range(100):
            if n == 60:
                for chains in sets.values():
                    chains.approve(bytes(255 - i for i in range(32)))
            lists = range(len(study.lists))
            asked = [n // 5 % len(lists)] if n % 5 == 4 else list(lists)
            if n == 50:
                asked = []
            stratum, chains = n * 7 % (study.strata + 1), "test" if n % 10 == 3 else "live"
            drawn = sets[chains].draw(stratum, asked)
            print(name, n, chains, stratum, sum(1 << lst for lst in asked), end=":")
            print("".join(" %d,%d,%d" % one for one in drawn))


if __name__ == "__main__":
    main()
