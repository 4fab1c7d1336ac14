"""Cells of CSV files that are opened in a spreadsheet: none is a formula there (OWASP, CSV injection)."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What a formula begins with for one spreadsheet or another; and the shield, so that it can be taken off."""


def shielded(cell: str) -> str:
    """Give a cell as it is written: with an apostrophe before what a spreadsheet would compute."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def bare(cell: str) -> str:
    """Give the cell that was shielded; one without a shield stays what it is."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
