"""Exports, whole and damaged, and the two programs that check them."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from engine.audit.checkpoints import Verifier
from engine.runtime.audit import container
from engine.runtime.audit.offline import ExportError, verify_file
from tests.served import Served

_PATH = Path(__file__).resolve().parents[4] / "docs" / "verify_export.py"
_spec = importlib.util.spec_from_file_location("verify_export", _PATH)
assert _spec is not None and _spec.loader is not None
_second = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_second)

Contents = dict[str, bytes]
Check = Callable[[Path, Verifier, list[Path]], list[str]]


def exported(served: Served, path: Path, **period: str) -> Path:
    """Take the audit record over HTTP."""
    path.write_bytes(served.download("/v1/audit/export", **period))
    return path


def contents(path: Path) -> Contents:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def in_clear(found: Contents) -> Contents:
    """Give the files of an export with their documents decoded too."""
    records = [json.loads(line) for line in found["records.jsonl"].splitlines()]
    documents = b"\n".join(base64.b64decode(each["document"]) for each in records)
    return {**found, "documents": documents}


def packed(found: Contents, path: Path) -> Path:
    """Make an export of these files that is no worse in form than a true one."""
    path.write_bytes(b"".join(container.write((name, [data]) for name, data in found.items())))
    return path


def first_program(path: Path, key: Verifier, kept: list[Path]) -> list[str]:
    try:
        found = verify_file(path, key, [(each.name, each.read_text()) for each in kept])
    except ExportError as error:
        return [str(error)]
    return list(map(str, found.damages))


def second_program(path: Path, key: Verifier, kept: list[Path]) -> list[str]:
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = _second.main(str(path), str(key), *map(str, kept))
    return told.getvalue().splitlines() if code else []


PROGRAMS: dict[str, Check] = {"holdfast": first_program, "stdlib": second_program}
