"""`python -m tests.integration.runtime.audit.flips`: flip each bit of a small export, one after the other.

Prints for each part of the file how many bits it has, how many flips `holdfast audit verify` finds, and for
how many it names the place: an entry, a record, a definition, a line or a file of the export, or a byte. The
second program, docs/verify_export.py, is given one bit of each byte. Then the same within the files, the ZIP
around them made anew, as a forger would: here the place named has to be of that very file.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from engine.audit.checkpoints import Verifier
from tests.integration.runtime.audit.conftest import lived
from tests.integration.runtime.audit.exports import (
    Check,
    contents,
    exported,
    first_program,
    packed,
    second_program,
)

PLACE = re.compile(
    r"\b(entry \d+|record of entry \d+|definition [0-9a-f]+|byte \d+ of the file|"
    r"ZIP around its files|"
    r"(entries|hashes|checkpoints|records|context|definitions|manifest)\.(jsonl|json|bin|sig))\b"
)
"""What a place is called."""


PLACES = {
    "entries.jsonl": r"\bentry \d+|entries\.jsonl",
    "hashes.bin": r"\bentry \d+|hashes\.bin|\bthe entry \d+",
    "checkpoints.jsonl": r"checkpoints\.jsonl",
    "records.jsonl": r"record of entry \d+|records\.jsonl",
    "context.jsonl": r"\bentry \d+|context\.jsonl",
    "definitions.jsonl": r"definition [0-9a-f]+|definitions\.jsonl",
    "manifest.json": r"manifest\.(json|sig)",
    "manifest.sig": r"manifest\.sig",
}
"""What a place of each file is called."""
Counts = tuple[Counter[str], Counter[str], Counter[str]]


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


def flip(export: Path, key: Verifier, check: Check, bits: int) -> Counts:
    """Flip so many bits of each byte; count by part the flips, those found, and those with a place."""
    data, tried, found, named = export.read_bytes(), Counter[str](), Counter[str](), Counter[str]()
    damaged = export.with_name("damaged.zip")
    for part, begin, end in parts(export):
        for place in range(begin, end):
            for bit in range(place % 8, place % 8 + bits):
                changed = bytearray(data)
                changed[place] ^= 1 << bit % 8
                damaged.write_bytes(changed)
                told = check(damaged, key, [])
                tried[part] += 1
                found[part] += bool(told)
                named[part] += any(PLACE.search(each) for each in told)
    return tried, found, named


def forge(export: Path, key: Verifier, check: Check, bits: int) -> Counts:
    """Do the same with what is in the files, in a ZIP that is as it should be."""
    content, tried, found, named = contents(export), Counter[str](), Counter[str](), Counter[str]()
    for name, data in content.items():
        for place in range(len(data)):
            for bit in range(place % 8, place % 8 + bits):
                changed = bytearray(data)
                changed[place] ^= 1 << bit % 8
                forged = packed(content | {name: bytes(changed)}, export.with_name("forged.zip"))
                told = check(forged, key, [])
                tried[name] += 1
                found[name] += bool(told)
                named[name] += any(re.search(PLACES[name], each) for each in told)
    return tried, found, named


def main() -> int:
    """Flip, print the tables; 1 where a flip was not found."""
    missed = 0
    with tempfile.TemporaryDirectory() as top:
        with lived(Path(top) / "shop") as served:
            export, key = exported(served, Path(top) / "audit.zip"), served.engine.verifier
        print(f"an export of {export.stat().st_size:,} bytes")
        for name, how, check, bits in (
            ("the file, holdfast audit verify", flip, first_program, 8),
            ("the file, docs/verify_export.py", flip, second_program, 1),
            ("what is in its files, holdfast audit verify", forge, first_program, 8),
            ("what is in its files, docs/verify_export.py", forge, second_program, 1),
        ):
            began = time.perf_counter()
            tried, found, named = how(export, key, check, bits)
            print(
                f"{name}: {sum(tried.values()):,} flips in {time.perf_counter() - began:,.0f} s", flush=True
            )
            print(f"  {'':22} {'bits':>8} {'found':>8} {'named':>8}")
            for part in tried:
                print(f"  {part:22} {tried[part]:8,} {found[part]:8,} {named[part]:8,}")
            missed += sum(tried.values()) - sum(found.values())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
