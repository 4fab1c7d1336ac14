"""`python -m tests.integration.runtime.audit.flips`: flip each bit of a small export, one after the other.

Prints for each part of the file how many bits it has, how many flips `holdfast audit verify` finds, and for
how many it names the place: an entry, a record, a definition, a line or a file of the export, or a byte. The
second program, docs/verify_export.py, is given one bit of each byte.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from tests.integration.runtime.audit.conftest import RULE, WORKFLOW
from tests.integration.runtime.audit.exports import Check, exported, first_program, second_program
from tests.served import Served

PLACE = re.compile(
    r"\b(entry \d+|record of entry \d+|definition [0-9a-f]+|byte \d+ of the file|"
    r"ZIP around its files|"
    r"(entries|hashes|checkpoints|records|context|definitions|manifest)\.(jsonl|json|bin|sig))\b"
)
"""What a place is called."""


def parts(path: Path) -> list[tuple[str, int, int]]:
    """Give the parts of an export in their order: the content of each file, and the ZIP around them."""
    found, last = [], 0
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as member:
                member.read(0)
                begin = archive.fp.tell() if archive.fp else 0
            header = path.read_bytes()[info.header_offset : info.header_offset + 30]
            begin = info.header_offset + 30 + int.from_bytes(header[26:28], "little")
            begin += int.from_bytes(header[28:30], "little")
            found += [("the ZIP around them", last, begin), (info.filename, begin, begin + info.file_size)]
            last = begin + info.file_size
    return [*found, ("the ZIP around them", last, path.stat().st_size)]


def flip(
    export: Path, key: object, check: Check, bits: int
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Flip so many bits of each byte; count by part the flips, those found, and those with a place."""
    data, tried, found, named = export.read_bytes(), Counter[str](), Counter[str](), Counter[str]()
    damaged = export.with_name("damaged.zip")
    for part, begin, end in parts(export):
        for place in range(begin, end):
            for bit in range(place % 8, place % 8 + bits):
                changed = bytearray(data)
                changed[place] ^= 1 << bit % 8
                damaged.write_bytes(changed)
                told = check(damaged, key, [])  # type: ignore[arg-type]
                tried[part] += 1
                found[part] += bool(told)
                named[part] += any(PLACE.search(each) for each in told)
    return tried, found, named


def main() -> int:
    """Flip, print the tables; 1 where a flip was not found."""
    missed = 0
    with tempfile.TemporaryDirectory() as top:
        shop = Path(top) / "shop"
        shop.mkdir()
        with Served(shop, "2026-01-05 08:00", RULE, WORKFLOW) as served:
            served.receive("2026-01-05 09:00", "order_completed", "ana", total=50)
            served.engine.checkpoint().result()
            served.receive("2026-01-06 09:00", "order_completed", "ben", total=60)
            served.until("2026-01-08 12:00")
            export, key = exported(served, Path(top) / "audit.zip"), served.engine.verifier
        print(f"an export of {export.stat().st_size:,} bytes")
        for name, check, bits in (
            ("holdfast audit verify", first_program, 8), ("docs/verify_export.py", second_program, 1)
        ):  # fmt: skip
            began = time.perf_counter()
            tried, found, named = flip(export, key, check, bits)
            print(f"{name}: {sum(tried.values()):,} flips in {time.perf_counter() - began:,.0f} s")
            print(f"  {'':22} {'bits':>8} {'found':>8} {'named':>8}")
            for part in tried:
                print(f"  {part:22} {tried[part]:8,} {found[part]:8,} {named[part]:8,}")
            missed += sum(tried.values()) - sum(found.values())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
