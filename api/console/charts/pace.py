"""Pace: a straight line from where one began to where one wants to be, and where one is."""

from __future__ import annotations

from html import escape

import msgspec

from api.console.charts import BELOW, TALL, Chart, Say, grid, margin, picture, said


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A way: from `start` to `target`, of which a share `passed` is over, `expected` and `current` now.

    `began` and `ends` name its two days.
    """

    start: float
    target: float
    expected: float
    current: float | None
    passed: float
    began: str
    ends: str


def pace(title: str, course: Course, *, say: Say = said) -> Chart:
    """Give the line, what it says of now as a ring, and where one stands as a point."""
    known = [course.start, course.target, *([] if course.current is None else [course.current])]
    low, high = min(known), max(known)
    span = (high - low) or 1

    def y(value: float) -> float:
        return 16 + (TALL - 32) * (high - value) / span

    levels = tuple((value, y(value)) for value in dict.fromkeys((course.start, course.target)))
    left, now = margin([say(value) for value, _ in levels]), 100 * course.passed
    drawn = [
        f'<line class="way" x1="0" x2="100%" y1="{y(course.start):.1f}" y2="{y(course.target):.1f}"/>',
        f'<line class="zero" x1="{now:.2f}%" x2="{now:.2f}%" y1="0" y2="{TALL}"/>',
        f'<circle class="ring" cx="{now:.2f}%" cy="{y(course.expected):.1f}" r="6"/>',
    ]
    if course.current is not None:
        drawn.append(f'<circle class="point" cx="{now:.2f}%" cy="{y(course.current):.1f}" r="6"/>')
    names = [
        f'<text class="tick" x="{at}" y="{TALL + 14}" text-anchor="{side}">{escape(name)}</text>'
        for name, at, side in ((course.began, "0", "start"), (course.ends, "100%", "end"))
    ]
    if 20 <= now <= 80:
        names.append(f'<text class="tick" x="{now:.2f}%" y="{TALL + 14}" text-anchor="middle">now</text>')
    stands = "nothing yet" if course.current is None else say(course.current)
    says = (
        f"{title}. From {say(course.start)} on {course.began} to {say(course.target)} on {course.ends}; "
        f"expected by now {say(course.expected)}, stands at {stands}."
    )
    return Chart(
        title,
        says,
        picture(
            [*grid(levels, say), *drawn, *names],
            TALL + BELOW,
            says,
            left,
        ),
        ("What", "Value"),
        (
            (f"Began, {course.began}", say(course.start)),
            ("Expected by now", say(course.expected)),
            ("Stands at", stands),
            (f"Target, {course.ends}", say(course.target)),
        ),
    )
