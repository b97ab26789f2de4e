"""Where sealed bytes lie: a target folder (FORMAT.md section 5) or an archive (section 10)."""
import pathlib
import sqlite3

from .basics import Refused, need
from .segment import Name

NOTICES = {b"SANAQAP1": 0, b"SANAQRV1": 1, b"SANAQRC1": 2, b"SANAQCH1": 3}  # the archive's kinds
ARCHIVE_ID = 0x53414e41


class Folder:
    """A target: up/DEVICE/*.seg, packs/*.pack, down/*. ``skipped``: files whose names are not theirs."""

    def __init__(self, path):
        self.path, self.skipped = path, []
        need((path / "up").is_dir() or (path / "packs").is_dir(),
             f"{path}: neither up nor packs is in it; give the folder that laptops sync to, or an archive")

    def pinned(self):
        return None

    def files(self, pattern):
        for path in sorted(self.path.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()

    def packs(self):
        return self.files("packs/*.pack")

    def notices(self):
        return self.files("down/*.approval")

    def devices(self):
        for folder in sorted((self.path / "up").glob("*")):
            try:
                device = bytes.fromhex(folder.name)
                need(len(device) == 32 and folder.name == device.hex(), "")
            except (ValueError, Refused):
                self.skipped.append(str(folder))
                continue
            yield device, sorted(self.segments(folder, device), key=lambda s: s[0].first)

    def segments(self, folder, device):
        for path in sorted(folder.glob("*.seg")):
            try:
                name = Name(path.name)
                need(name.device == device[:8] and path.is_file() and not path.is_symlink(), "")
            except Refused:
                self.skipped.append(str(path))
                continue
            yield name, path.read_bytes()


class Archive:
    """The researchers' SQLite file; opened read-only."""

    def __init__(self, path):
        self.path, self.skipped = path, []
        try:
            self.db = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)
            need(self.db.execute("PRAGMA application_id").fetchone()[0] == ARCHIVE_ID, f"{path} is no archive of Sanaq")
        except sqlite3.Error as fault:
            raise Refused(f"{path} is no archive that can be read: {fault}") from None

    def all(self, query, *values):
        return self.db.execute(query, values).fetchall()

    def pinned(self):
        row = self.all("SELECT pack FROM study")
        return row[0][0] if row else None

    def packs(self):
        return [(f"pack {h.hex()}", data) for h, data in self.all("SELECT hash, bytes FROM pack ORDER BY hash")]

    def notices(self):
        rows = self.all("SELECT id, bytes FROM notice ORDER BY id")
        return [(f"notice {number}", data) for number, data in rows]

    def devices(self):
        for device, in self.all("SELECT DISTINCT device FROM segment ORDER BY device"):
            rows = self.all("SELECT name, bytes FROM segment WHERE device = ? ORDER BY first, id", device)
            yield device, [(Name(name), data) for name, data in rows]


def open_source(path):
    path = pathlib.Path(str(path)[4:] if str(path).startswith("dir:") else path)
    need(path.exists(), f"{path} is not there")
    return Folder(path) if path.is_dir() else Archive(path)
