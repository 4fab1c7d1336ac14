"""The broken files of tests/examples/broken: where each is laid, and the bombs that are made on the spot."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from engine.authoring.loader import Loaded, load

BROKEN = Path(__file__).resolve().parent / "broken"
_PLACE = re.compile(rb"# lies at ([\w./-]+)")

_HEAD = b"rule: lapsed\nwhen: {call: yes}\nthen: [{run: rescue, with: {reason: x}}]\n"


def _condition(text: str) -> bytes:
    return _HEAD + f'if: "{text}"\n'.encode()


GENERATORS: Mapping[str, Callable[[], bytes]] = {
    "brackets": lambda: b"[" * 500_000,
    "braces": lambda: b"{a: " * 200_000,
    "nest": lambda: b"".join(b" " * depth + b"a:\n" for depth in range(200)),
    "values": lambda: _HEAD + b"if: [" + b"1," * 300_000 + b"1]\n",
    "laughs": lambda: b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 5_000)),
    "large": lambda: _HEAD + b"# " + b"x" * 1_048_576 + b"\n",
    "latin": lambda: _HEAD + "description: Müller first\n".encode("latin-1"),
    "control": lambda: _HEAD + b"description: ring\x07the bell\n",
    "utf16": lambda: _HEAD.decode().encode("utf-16"),
    "duplicates": lambda: _HEAD + b"owner: shop\n" * 40_000,
    "tabs": lambda: b"\tx\n" * 250_000,
    "long_expression": lambda: _condition("customer.orders > 3 and " * 200 + "true"),
    "deep_expression": lambda: _condition("(" * 60 + "customer.orders" + ")" * 60 + " > 3"),
    "many_words": lambda: _condition("+1" * 600 + " > 3"),
    "long_number": lambda: _condition("customer.orders > 1e999999999"),
    "long_key": lambda: _HEAD + b"k" * 200_000 + b": 1\n",
    "heavy_regex": lambda: _condition("customer.email =~ '((a{1,900}){1,900}){1,900}'"),
    "many_steps": lambda: b"workflow: care\nclass: service\nreentry: always\nsteps:\n"
    + b"  - wait: 1d\n" * 600,
    "deep_value": lambda: b"rule: lapsed\nwhen: {call: yes}\nthen:\n  - run: rescue\n    with: {reason: "
    + b"[" * 31 + b"]" * 31 + b"}\n",
}  # fmt: skip


def examples() -> list[Path]:
    """Every broken file, in order."""
    return sorted(path for path in BROKEN.glob("[0-9]*") if path.suffix != ".expected")


def workspace() -> dict[str, bytes]:
    """The small valid workspace into which each broken file is laid."""
    root = BROKEN / "workspace"
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def laid(example: Path) -> dict[str, bytes]:
    """The workspace with a broken file in its place, or with several of them."""
    data = example.read_bytes()
    if example.suffix == ".generated":
        place, generator = data.decode().split()
        return {**workspace(), place: GENERATORS[generator]()}
    places = [found[1].decode() for found in _PLACE.finditer(data)]
    assert places, f"{example.name} does not say where it lies"
    # Some things are wrong between files: then each begins with its place.
    parts = [data] if len(places) == 1 else re.split(rb"(?m)^(?=# lies at )", data)[1:]
    return {**workspace(), **dict(zip(places, parts, strict=True))}


@cache
def checked(example: Path) -> Loaded:
    """What a broken file is found to be, in the workspace it lies in; it is asked for again and again."""
    return load(laid(example))


def found(example: Path) -> str:
    """What `holdfast check` prints for a broken file, a line a finding."""
    return "".join(f"{finding}\n" for finding in checked(example).findings)


def main() -> None:
    """Write down what is found now, to be read before it is committed."""
    for example in examples():
        example.with_suffix(".expected").write_text(found(example))


if __name__ == "__main__":
    main()
