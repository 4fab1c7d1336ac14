"""What was decided about a customer comes back from its bytes as it was, value by value and type by type."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contact.log import ContactLog, Sent
from engine.decisions.standing import GoalWatch, Recent, Standing, Term, Timer, decode, encode
from engine.escalation.case import Case, Told
from engine.loyalty.ledger import Adjustment, Book, Early, Grace, Ledger, Lot, Redemption
from engine.scores.band import Override, ScoreState
from engine.scores.score import LastPart
from engine.segments.dwell import Count
from engine.segments.membership import Membership

instants = st.integers(0, 2**53)
names = st.text(max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1) | st.decimals(allow_nan=False, allow_infinity=False, places=3)
json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
properties = st.dictionaries(names, json, max_size=3)
timers = st.builds(
    Timer,
    kind=st.sampled_from(["missing", "date", "quiet"]),
    rule=names,
    trigger=st.integers(0, 3),
    key=names,
    due=instants,
    since=instants,
    ref=names,
    event=properties,
    late=st.booleans(),
)
counts = st.builds(
    Count,
    since=st.none() | instants,
    first=st.none() | st.integers(1, 10**6),
    broken=st.none() | st.integers(1, 10**6),
)
exact = st.decimals(0, 100, places=4)
scores = st.builds(
    ScoreState,
    value=st.none() | exact,
    computed=st.none() | exact,
    coverage=exact,
    band=names,
    last_known=st.none() | names,
    pending=st.none() | names,
    count=counts,
    seen=st.none() | st.integers(1, 10**6),
    parts=st.dictionaries(names, st.builds(LastPart, value=exact, at=instants), max_size=2),
    override=st.none() | st.builds(Override, value=exact, author=names, reason=names, until=instants),
)
cases = st.builds(
    Case,
    id=names,
    ladder=names,
    customer=names,
    key=st.none() | names,
    title=names,
    opened_at=instants,
    status=st.sampled_from(["open", "acknowledged"]),
    told=st.lists(st.builds(Told, level=st.integers(1, 3), loop=st.integers(1, 3), at=instants), max_size=2),
    next_due=st.none() | instants,
    resolve_due=st.none() | instants,
)
sends = st.builds(
    Sent,
    at=instants,
    class_=st.sampled_from(["marketing", "service", "transactional"]),
    channel=st.sampled_from(["email", "sms"]),
    workflow=names,
    rank=st.integers(0, 9),
    effect_key=names,
    reserved=st.booleans(),
)
lots = st.builds(
    Lot,
    key=names,
    points=st.integers(1, 999),
    earned_at=instants,
    pending=st.integers(0, 999),
    available=st.integers(0, 999),
    matures_at=st.none() | instants,
    expires_at=st.none() | instants,
)
terms = st.builds(
    Term,
    number=st.integers(1, 9),
    anchor=st.none() | instants,
    value=st.none() | names,
    done=st.lists(names, max_size=2),
    tried=st.lists(names, max_size=2),
    spent=st.none() | instants,
    moved=st.none() | instants,
)
redemptions = st.builds(
    Redemption,
    points=st.integers(1, 10**6),
    at=instants,
    state=st.sampled_from(["reserved", "redeemed", "released"]),
    parts=st.lists(st.tuples(names, st.integers(1, 99)), max_size=2),
    reward=st.none() | names,
    until=st.none() | instants,
)
adjustments = st.builds(
    Adjustment,
    points=st.integers(-99, 99),
    reason=names,
    by=names,
    at=instants,
    state=st.sampled_from(["pending", "applied", "refused", "void"]),
    until=st.none() | instants,
)
books = st.builds(
    Book,
    lots=st.lists(lots, max_size=2),
    redemptions=st.dictionaries(names, redemptions, max_size=2),
    adjustments=st.dictionaries(names, adjustments, max_size=2),
    credits=st.dictionaries(names, st.decimals(0, 10**6, places=2), max_size=2),
    early=st.lists(
        st.builds(Early, event=names, ref=names, at=instants, properties=st.binary(max_size=8)), max_size=2
    ),
    grace=st.none() | st.builds(Grace, qualifying=st.integers(0, 99), until=st.integers(1, 10**6)),
)
recents = st.builds(Recent, occurred_at=instants, received_at=instants, properties=properties)
standings = st.builds(
    Standing,
    played_to=instants,
    memberships=st.dictionaries(
        names,
        st.builds(Membership, inside=st.booleans(), since=st.none() | instants, count=counts),
        max_size=2,
    ),
    scores=st.dictionaries(names, scores, max_size=2),
    contact=st.builds(
        ContactLog,
        sends=st.lists(sends, max_size=2),
        suppressed=st.dictionaries(names, names, max_size=2),
    ),
    fired=st.dictionaries(names, st.lists(instants, max_size=2), max_size=2),
    timers=st.dictionaries(names, timers, max_size=2),
    terms=st.dictionaries(names, terms, max_size=2),
    recents=st.dictionaries(names, st.lists(recents, max_size=2), max_size=2),
    starts=st.dictionaries(names, instants, max_size=2),
    ledger=st.builds(
        Ledger,
        books=st.dictionaries(names, books, max_size=1),
    ),
    cases=st.dictionaries(names, cases, max_size=2),
    failed=st.dictionaries(names, instants, max_size=2),
    goals=st.lists(
        st.builds(
            GoalWatch,
            run=names,
            workflow=names,
            event=names,
            since=instants,
            until=instants,
            known=properties,
        ),
        max_size=2,
    ),
)


def types(value: Any) -> Any:
    """The types of what expressions compare; text would equal no number, and yes is not 1."""
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [types(item) for item in value]
    return type(value)


@settings(max_examples=150)
@given(standings)
def test_a_standing_comes_back_from_its_bytes(standing: Standing) -> None:
    back = decode(encode(standing))
    assert back == standing
    for name, timer in standing.timers.items():
        assert types(back.timers[name].event) == types(timer.event)
    for name, kept in standing.recents.items():
        found = [recent.properties for recent in back.recents[name]]
        assert types(found) == types([recent.properties for recent in kept])


def test_an_exact_number_stays_one() -> None:
    event = {"total": Decimal("80.10"), "items": [{"price": Decimal("1e-7")}]}
    timer = Timer(kind="missing", rule="cart", trigger=0, due=1, since=0, ref="e1", event=event)
    back = decode(encode(Standing(timers={"cart/0": timer})))
    assert back.timers["cart/0"].event == event
    assert str(back.timers["cart/0"].event["items"][0]["price"]) == "1E-7"
