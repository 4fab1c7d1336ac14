"""How a sealed entry is kept: as the list of what it tells, in a third of the bytes that were sealed.

An entry is JSON: names, and hashes in hexadecimal digits. What is kept are its values alone, in the
order of their fields, hashes as the bytes that they are; its ref and its time are columns. Read back it is
the very bytes that were sealed. One that would not be (of an older or a newer program) is kept as it was
sealed: that begins with a brace, as no list does.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, get_args

import msgspec

from engine.audit.leaves import AnyLeaf, Leaf, entry_of, kind_of, read_entry
from engine.store.documents import digits

_COLUMNS = frozenset(("ref", "at"))
_HASHES = frozenset(("subject", "commitment", "definition", "policy", "decision", "parent"))

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Any])


class _Form(msgspec.Struct, frozen=True):
    """The values of one kind of entry: whose they are, in their order, and the places of hashes."""

    kind: type[Leaf]
    names: tuple[str, ...]
    hashes: tuple[int, ...]
    values: attrgetter[tuple[Any, ...]]


def _form(kind: type[Leaf]) -> _Form:
    names = tuple(name for name in kind.__struct_fields__ if name not in _COLUMNS)
    hashes = tuple(place for place, name in enumerate(names) if name in _HASHES)
    return _Form(kind, names, hashes, attrgetter(*names))


_FORMS = {str(kind.__struct_config__.tag): _form(kind) for kind in get_args(AnyLeaf)}


def shortened(leaf: AnyLeaf) -> bytes:
    """Give what is kept of an entry that this program has made."""
    form = _FORMS[kind_of(leaf)]
    values = list(form.values(leaf))
    for place in form.hashes:
        if (held := values[place]) is not None:
            values[place] = digits(held)
    while values[-1] is None:
        values.pop()
    return _encoder.encode(values)


def kept(kind: str, ref: str, at: int, entry: bytes) -> bytes:
    """Give what is kept of an entry that any program may have made."""
    try:
        short = shortened(read_entry(entry))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return entry
    return short if whole(kind, ref, at, short) == entry else entry


def whole(kind: str, ref: str, at: int, kept: bytes) -> bytes:
    """Give the bytes that were sealed; what cannot be read is given as it is kept."""
    if kept.startswith(b"{"):
        return kept
    try:
        form = _FORMS[kind]
        values = _decoder.decode(kept)
        for place in form.hashes:
            if place < len(values) and isinstance(held := values[place], bytes):
                values[place] = held.hex()
        fields = dict(zip(form.names[: len(values)], values, strict=True))
        return entry_of(form.kind(ref=ref, at=at, **fields))  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
        return kept
