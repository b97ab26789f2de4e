"""FORMAT.md section 9, step 6: one history out of all entries of a device that came, gaps and forks."""


class History:
    """``chain``: the entries that are read, in order of position; ``fork``: where it ends because histories part.

    ``files``: of one device; ``choices``: (n, head) as they were given; ``last``: position up to which anything counts.
    """

    def __init__(self, files, choices, last):
        self.last, self.fork = last, None
        self.at = {}
        for f in files:
            for e in f.entries or []:
                if e.vouched:
                    self.at.setdefault(e.n, {}).setdefault(e.head, e)
        self.out = set()
        for n, head in reversed(choices):
            self.choose(n, head)
        if choices:
            self.leave_out_behind()
        self.chain = self.walk()
        self.loose = self.fill([e for f in files for e in f.entries or [] if not e.vouched])

    def all(self):
        return [e for n in sorted(self.at) for _, e in sorted(self.at[n].items())]

    def came(self, first, last):
        return all(n in self.at for n in range(first, last + 1)) if last - first < len(self.at) else False

    def parent(self, entry):
        return self.at.get(entry.n - 1, {}).get(entry.prior())

    # choices

    def line(self, entry):
        """The entry and all in front of it that came."""
        while entry is not None:
            yield entry
            entry = self.parent(entry)

    def choose(self, n, head):
        """Of two choices that exclude each other the one given later counts."""
        chosen = self.at.get(n, {}).get(head)
        if any(e in self.out for e in self.line(chosen)):
            return
        keep = {e.n: e for e in self.line(chosen)}
        for position in {n, *keep}:
            self.out.update(e for e in self.at.get(position, {}).values() if e is not keep.get(position))
        self.out.update(e for e in self.at.get(n + 1, {}).values() if e.prior() != head)

    def leave_out_behind(self):
        """What is behind an entry left out; where its front is missing, with the rest of its stream."""
        last_of = {}
        for e in self.all():
            front = self.parent(e)
            if front is None and e.n > e.preamble.first:
                front = last_of.get(e.preamble.id)
            if front in self.out:
                self.out.add(e)
            last_of[e.preamble.id] = e

    # the walk

    def walk(self):
        chain = []
        for n in sorted(self.at):
            these = [e for e in self.at[n].values() if e not in self.out]
            if n > self.last:
                break
            if not these:
                continue
            front = chain[-1] if chain and chain[-1].n == n - 1 else None
            if len(these) > 1 or (front is not None and these[0].prior() != front.head):
                self.fork = n
                break
            chain.append(these[0])
        return chain

    def fill(self, loose):
        """Entries that no signature vouches for, where nothing better came, have their place by their stream."""
        taken, placed = {e.n for e in self.chain}, []
        vouched = list(self.chain)
        for e in sorted(loose, key=lambda e: e.n):
            if e.n in taken or e.n > self.last:
                continue
            if (self.fork is None or e.n < self.fork) and self.belongs(vouched, e):
                taken.add(e.n)
                self.chain.append(e)
            placed.append(e)
        self.chain.sort(key=lambda e: e.n)
        return placed

    @staticmethod
    def belongs(vouched, e):
        front = next((x for x in reversed(vouched) if x.n < e.n), None)
        if front is None or front.preamble.id == e.preamble.id:
            return True
        if front.n >= e.preamble.first:
            return False
        return front.n + 1 < e.preamble.first or front.head == e.preamble.previous

    def verdicts(self):
        """(verdict, entry) of what came and is not read."""
        for e in self.all():
            if e.n > self.last:
                yield "revoked", e
            elif e in self.out:
                yield "not chosen", e
            elif self.fork is not None and e.n >= self.fork:
                yield "fork", e

    def gaps(self):
        expected = 1
        for e in self.chain:
            if e.n > expected:
                yield e.preamble.stream, expected, e.n - 1
            expected = e.n + 1
