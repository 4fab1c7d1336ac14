"""Naming: what a customer is called, and the words by which people look for them.

A customer is found by how words of their id, their name and their e-mail address begin, without regard
to case, accents and apostrophes. An id that is one word and the same when folded needs no word of its
own: it is looked for as the id that it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from engine.customers.normalise import LONGEST_ID
from engine.customers.state import Sent

CALLED = (("name",), ("first_name", "last_name"))
"""The traits that are what somebody is called, the first that is known before the others."""

EMAIL = "email"

_SAYING = (*(name for names in CALLED for name in names), EMAIL)

MOST_WORDS = 32
"""Words by which one customer is found; a name of more is found by its first ones."""

LONGEST_WORD = LONGEST_ID
"""Characters of a word that are kept, and that are looked for."""

Said: TypeAlias = tuple[Any, ...]
"""What traits say of how somebody is called and reached, in the order of their names here."""

NOTHING_SAID: Said = (None,) * len(_SAYING)

_DROPPED = str.maketrans("", "", "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}")


def said(traits: Mapping[str, Sent]) -> Said:
    """Give what traits say of how somebody is called and reached: the same words follow from the same."""
    return tuple([None if (trait := traits.get(name)) is None else trait.value for name in _SAYING])


def called(traits: Mapping[str, str]) -> str | None:
    """Give what somebody is called by the traits that are known, None where none tells it."""
    told = (" ".join(traits[name] for name in names if traits.get(name)) for names in CALLED)
    return next(filter(None, told), None)


def words_of(id: str, known: Said = NOTHING_SAID) -> frozenset[str]:
    """Give the words by which somebody is found, besides their id as it stands."""
    found: dict[str, None] = {}
    own = typed(id)
    if own != [id]:
        found.update(dict.fromkeys(own))
    for value in known:
        if value is not None:
            for word in fold(str(value)).split():
                found.update(dict.fromkeys(_begun(word)))
    return frozenset(list(found)[:MOST_WORDS])


def typed(text: str) -> list[str]:
    """Give the words of a text, folded; of one that begins another only the other."""
    words = {stripped[:LONGEST_WORD] for word in fold(text).split() if (stripped := word.rstrip(",;"))}
    return sorted(word for word in words if not any(o != word and o.startswith(word) for o in words))


def fold(text: str) -> str:
    """Give a text without case, accents and apostrophes: what looks alike is alike.

    Decomposed by compatibility (Unicode, NFKD), as caseless matching asks for before and after.
    """
    if text.isascii():
        return text.lower().replace("'", "")
    whole = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(each for each in whole if not unicodedata.combining(each))
    return plain.translate(_DROPPED)


def _begun(word: str) -> Iterator[str]:
    """Give a word, and what is left of it from each place where another begins: `lee@shop` of `ann.lee@shop`.

    Behind an at sign only the whole: everybody's address ends alike.
    """
    yield word[:LONGEST_WORD]
    before = False
    for place, each in enumerate(word):
        inside = each.isalnum() or unicodedata.category(each).startswith("M")
        if inside and not before and place:
            yield word[place : place + LONGEST_WORD]
            if "@" in word[:place]:
                return
        before = inside
