#!/usr/bin/python3
"""seeds.py DIR: what the fuzz targets begin with, a folder each, out of tests/vectors/v1 and assets.

For tests/fuzz/run. What only our programs make comes from seeds.c.
"""
import json
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
V1 = TOP / "tests" / "vectors" / "v1"
STUDIES = [TOP / "assets" / "studies" / "csto", TOP / "tests" / "vectors" / "study", TOP / "tests" / "stats" / "two-lists"]
F = {n: 0x80 + n for n in range(1, 13)}
ENTER, DOWN = ord("\n"), 0x90


def keys(*parts):
    """A first byte that unlocks, then keys."""
    out = bytearray([0])
    for part in parts:
        out += part.encode() if isinstance(part, str) else bytes([part])
    return bytes(out)


def seeds():
    told = json.loads((V1 / "vectors.json").read_text(encoding="utf-8"))
    for i, folder in enumerate(STUDIES):
        for name, target in (("study.yaml", "study"), ("points.csv", "points")):
            if (folder / name).exists():
                yield target, f"{i}", (folder / name).read_bytes()
    for path in V1.glob("target/packs/*.pack"):
        yield "pack", path.stem[:8], path.read_bytes()
    for i, one in enumerate(told["refused_packs"]):
        yield "pack", f"refused-{i}", bytes.fromhex(one["bytes"])
    for path in [*V1.glob("notice-*"), V1 / "revocation", *V1.glob("target/down/*")]:
        yield "notice", path.name[-16:], path.read_bytes()
    for i, path in enumerate(sorted(V1.glob("target/up/*/*.seg"))):
        yield "segment", f"{i}", bytes([i]) + path.read_bytes()
        yield "segment", f"{i}-alone", bytes([i | 0xf8 & ~(8 << i)]) + path.read_bytes()
    for stream in told["laptop"]["streams"]:
        for e in stream["entries"]:
            if e["field"][2:4] != "09" or e["n"] % 16 == 0:
                yield "record", f"{e['n']}", bytes.fromhex(e["field"] + e["answers"])
    for i, path in enumerate(sorted((TOP / "tests" / "stats" / "reference").glob("*.csv"))):
        yield "table", f"csv-{i}", bytes([3 * (i % 3)]) + b"".join(path.read_bytes().splitlines(keepends=True)[:12])
    yield "table", "csv-quoted", b'\0\xef\xbb\xbfy,treat,"re ""g"""\r\n1,0,"a, b"\r\nNA,1,.\r\n'
    for i, one in enumerate(told["closing"]):
        yield "text", f"code-{i}", b"\0" + one["code"].encode()
    yield "text", "words", b"\1" + told["packs"][0]["words"].encode()
    yield "text", "public", b"\2" + (V1 / "first.pub").read_bytes()
    yield "text", "key", b"\3" + (V1 / "first.key").read_bytes()
    interview = ["n", ENTER, "1", "1", "1", "1", "12", ENTER, "33", ENTER, ENTER, ENTER, "2", ENTER, F[9], "3", ENTER]
    yield "terminal", "interview", keys(*interview)
    yield "terminal", "stop", keys(*interview[:6], F[10], "2", "1")
    yield "terminal", "help", keys(F[1], DOWN, ENTER, 0xf9, 0xf8, 0xff)
    yield "terminal", "sync", keys("s", "dir:stick", ENTER, ENTER)
    yield "terminal", "void", keys(*interview, "v", "1", ENTER)
    yield "terminal", "panic", keys("n", ENTER, 0xfe)


def main():
    top = pathlib.Path(sys.argv[1])
    for target in "study points pack notice segment record table text terminal keys store".split():
        (top / target).mkdir(parents=True, exist_ok=True)
    for target, name, data in seeds():
        (top / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
