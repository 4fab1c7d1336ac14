"""Which column of a file is the customer, the time, the event, the id: chosen by names and by values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from engine.authoring.importing.columns import Column
from engine.customers.normalise import snake

Sure: TypeAlias = Literal["sure", "likely", "guess"]

NEARLY = 0.95
"""The share of different values from which a column counts as one that tells rows apart."""
FEW = 200
"""Different values that a column of event names has at most."""

CUSTOMERS = frozenset(
    "customer customer_id user user_id userid client client_id member member_id household_id household "
    "subscriber_id contact_id shopper_id buyer_id person_id lead_id player_id".split()
)
EMAILS = frozenset("email e_mail email_address customer_email user_email contact_email".split())
ACCOUNTS = frozenset(
    "account account_id company_id organization_id organisation_id org_id tenant_id workspace_id".split()
)
VISITS = frozenset("session session_id visitor_id anonymous_id device_id".split())
EVENTS = frozenset("event event_name event_type action activity activity_type type".split())
ORDERS = frozenset(
    "order order_id order_no order_number invoice invoice_no invoice_id invoice_number basket_id "
    "transaction_id receipt_id".split()
)
TIMES = frozenset("timestamp time at ts occurred_at event_time created_at created date datetime".split())
QUANTITIES = frozenset("quantity qty units".split())
PRICES = frozenset("unit_price price item_price unitprice".split())
TOTALS = frozenset(
    "total order_total grand_total total_amount amount total_price sales_value revenue dollar_value".split()
)
PAYMENTS = frozenset("mrr mrr_amount monthly_amount monthly_price monthly_charge".split())

_BEGINS = ("submit", "open", "order", "purchas", "invoice", "transaction", "creat", "start", "occur", "usage")
_NOT_WHEN = re.compile(
    r"end|clos|cancel|updat|modif|birth|expir|due|renew|solv|resolv|ship|deliver|last|next|until|trial"
)
_IDENTIFIER = re.compile(r"(^|_)(id|no|nr|number|key|code|uuid|guid|ref)$")
_JOINED = re.compile(r"(date|time|_at|_on)$|^(date|time)|timestamp|^ts$")
_EPOCHS = ((946_684_800, 4_102_444_800), (946_684_800_000, 4_102_444_800_000))
_DAYS = (19_000_101, 22_001_231)


class Choice(msgspec.Struct, frozen=True):
    """What a column was chosen for, how sure that is, and why."""

    role: str
    column: str
    sure: Sure
    reason: str


def named(columns: Iterable[Column], names: frozenset[str]) -> Column | None:
    """Give the first filled column that goes by one of these names."""
    return next((column for column in columns if column.filled and snake(column.name) in names), None)


def tells_rows_apart(column: Column) -> bool:
    """Tell whether nearly every row has a value of its own there."""
    return column.sampled > 1 and len(column.values) >= column.sampled * NEARLY and not column.empty


def is_identifier(column: Column) -> bool:
    """Tell whether a column goes by the name of an identifier and holds what can be one."""
    found = _IDENTIFIER.search(snake(column.name)) or snake(column.name) in ORDERS
    return bool(found) and column.kind in ("whole", "text")


def choose_customer(columns: Sequence[Column]) -> Choice | None:
    """Choose the column that says whom a row is about, None where no column can."""
    for names, sure, reason in (
        (CUSTOMERS, "sure", "its name says that it is the customer"),
        (EMAILS, "likely", "an e-mail address stands for a person"),
        (ACCOUNTS, "likely", "no column names a person; this one names the account"),
    ):
        if column := named(columns, names):
            return Choice("customer", column.name, sure, _with_gaps(column, reason))  # type: ignore[arg-type]
    identifiers = [column for column in columns if column.filled and is_identifier(column)]
    shared = [column for column in identifiers if not tells_rows_apart(column)]
    if shared:
        column = max(shared, key=lambda one: one.filled)
        reason = f"the only kind of id that several rows share ({column.repeats:.1f} on average)"
        return Choice("customer", column.name, "guess", _with_gaps(column, reason))
    if column := named(columns, VISITS):
        return Choice("customer", column.name, "guess", "nobody is named; a visit stands for somebody")
    if identifiers:
        reason = "the only id there is; each row would be a customer of its own"
        return Choice("customer", identifiers[0].name, "guess", reason)
    return None


def _with_gaps(column: Column, reason: str) -> str:
    return f"{reason}; empty in {column.empty:,} rows" if column.empty else reason


def is_time(column: Column) -> bool:
    """Tell whether a column holds instants or days."""
    if column.kind == "time":
        return True
    if column.kind != "whole" or column.least is None or column.most is None:
        return False
    if not _JOINED.search(snake(column.name)):
        return False
    return is_day_number(column) or any(low <= column.least and column.most < high for low, high in _EPOCHS)


def is_day_number(column: Column) -> bool:
    """Tell whether a column holds days as one number, such as 19970101."""
    low, high = _DAYS
    return (
        column.kind == "whole"
        and column.least is not None
        and low <= column.least <= (column.most or 0) <= high
    )


def choose_time(columns: Sequence[Column], noun: str) -> Choice | None:
    """Choose the column that says when; `noun` is what a row is, by the name of the file."""
    times = [column for column in columns if is_time(column)]
    if not times:
        return None

    def rank(column: Column) -> tuple[bool, bool, int]:
        name = snake(column.name)
        begins = name in TIMES or name.startswith(_BEGINS) or name.startswith(noun.split("_")[-1])
        return bool(_NOT_WHEN.search(name)), not begins, column.empty

    column = min(times, key=rank)
    others = [other.name for other in times if other is not column]
    if snake(column.name) in TIMES or (not others and not column.empty):
        sure: Sure = "sure"
        reason = "its name says so" if snake(column.name) in TIMES else "the only column of times"
    else:
        sure = "guess" if rank(column)[0] or rank(column)[1] else "likely"
        reason = "it is when a row begins to be" if sure == "likely" else "the first of several times"
    if others:
        reason += f"; not {', '.join(others)}"
    return Choice("time", column.name, sure, _with_gaps(column, reason))


def choose_event(columns: Sequence[Column]) -> Choice | None:
    """Choose the column that names the event, None where each row is the same kind of event."""
    column = named((one for one in columns if one.kind == "text"), EVENTS)
    if column is None or len(column.values) > FEW or tells_rows_apart(column):
        return None
    sure: Sure = "likely" if snake(column.name) == "type" else "sure"
    return Choice("event", column.name, sure, f"{len(column.values)} different names: {_some(column)}")


def choose_id(columns: Sequence[Column], customer: str) -> Choice | None:
    """Choose the column that tells one event from another."""
    for column in columns:
        if column.name != customer and is_identifier(column) and tells_rows_apart(column):
            twice = column.sampled - len(column.values)
            if not twice:
                return Choice("id", column.name, "sure", "each row has its own")
            reason = f"nearly each row has its own; {twice:,} come again"
            return Choice("id", column.name, "likely", reason)
    return None


def _some(column: Column) -> str:
    return ", ".join(column.examples[:3])
