"""Looking at a file that nobody has described, and proposing how its rows become events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.authoring.importing.columns import Column, Profile, profile
from engine.authoring.importing.events import FIELDS, REFUSED, ROW
from engine.authoring.importing.files import unreadable
from engine.authoring.importing.proposal import (
    Proposal,
    are_people,
    noted,
    noun_of,
    written,
)
from engine.authoring.importing.query import changed, quoted_name
from engine.authoring.importing.roles import (
    ORDERS,
    PAYMENTS,
    PRICES,
    QUANTITIES,
    TOTALS,
    Choice,
    choose_customer,
    choose_event,
    choose_id,
    choose_time,
    named,
    tells_rows_apart,
)
from engine.authoring.importing.selects import Select, time_of, value_of
from engine.authoring.importing.sources import Source, source_of
from engine.customers.normalise import snake

_TRAITS = {
    "firstname": "first_name", "given_name": "first_name", "e_mail": "email", "email_address": "email",
    "phone_number": "phone", "time_zone": "timezone",
}  # fmt: skip
"""Traits that go by another name in the starter policy."""


def propose(paths: Sequence[Path]) -> Proposal:
    """Give a map for files of one kind, with the reason for each choice.

    Raises RequestError where no column says whom a row is about.
    """
    source = source_of(paths)
    return _Proposer(paths[0], source, profile(source.columns, source.rows())).proposal()


class _Proposer:
    """What is known of a file while a map is made for it."""

    def __init__(self, path: Path, source: Source, found: Profile) -> None:
        self._path = path
        self._source = source
        self._profile = found
        self._columns = [one for one in found.columns if one.name.lower() not in (ROW, *REFUSED)]
        self._by_name = {column.name: column for column in found.columns}
        self._noun = noun_of(path)
        self._choices: list[Choice] = []
        self._notes: list[str] = []
        # Lines of a plain text have no numbers of their own; neither have JSON and Parquet.
        self._numbered = source.texts and source.relation == "source"

    def proposal(self) -> Proposal:
        customer = choose_customer(self._columns)
        if customer is None:
            raise unreadable(
                f"no column of {self._path.name} says whom a row is about "
                f"(there is {', '.join(column.name for column in self._columns)}); "
                "write a map with a query that gives customer, event and at"
            )
        self._choices.append(customer)
        time = choose_time(self._columns, self._noun)
        if time is None or self._lists_people(customer):
            selects = [self._traits(customer)]
        else:
            self._choices.append(time)
            selects = self._events(customer, time)
        notes = [*self._notes, *noted(self._profile, self._by_name.get(time.column) if time else None)]
        return written(
            self._path, selects, self._choices, notes, texts=self._numbered, before=self._source.before
        )

    def _lists_people(self, customer: Choice) -> bool:
        return are_people(self._path) and tells_rows_apart(self._by_name[customer.column])

    def _traits(self, customer: Choice) -> Select:
        at = changed([self._path])
        if tells_rows_apart(self._by_name[customer.column]):
            self._say("identify", "likely", "each row tells what one customer is like: traits")
        else:
            self._say("identify", "guess", "no column tells when; the last row of a customer would hold")
        self._choices.append(
            Choice("time", at, "likely", "when the file was last changed; what it says is as of then")
        )
        properties = [(value, _TRAITS.get(snake(name), name)) for value, name in self._rest(customer.column)]
        return self._select(customer, "'identify'", f"'{at}'", None, properties)

    def _events(self, customer: Choice, time: Choice) -> list[Select]:
        at = time_of(self._by_name[time.column], texts=self._source.texts)
        if event := choose_event(self._columns):
            self._choices.append(event)
            id = self._id(customer)
            aside = [customer.column, time.column, event.column, id or ""]
            name = quoted_name(event.column)
            return [self._select(customer, name, at, id and quoted_name(id), self._rest(*aside))]
        if lines := self._order_lines(customer, at):
            return [lines]
        id = self._id(customer)
        words = set(self._noun.split("_"))
        if id and words & {"ticket", "case", "conversation"}:
            return self._tickets(customer, time, at, id)
        if id and words & {"subscription", "contract"} and (paid := named(self._columns, PAYMENTS)):
            return [self._subscription(customer, time, at, id, paid)]
        order, total = named(self._columns, ORDERS), named(self._columns, TOTALS)
        if id and order is not None and order.name == id and total is not None:
            self._say("order_completed", "likely", f"{id} is an order, and {total.name} its total")
            properties = [(quoted_name(id), "order_id"), (self._value(total), "total")]
            rest = self._rest(customer.column, time.column, id, total.name)
            return [self._select(customer, "'order_completed'", at, quoted_name(id), [*properties, *rest])]
        self._say(self._noun, "guess", "the file's name, in the singular; change it to what happened")
        rest = self._rest(customer.column, time.column, id or "")
        own = [(quoted_name(id), self._own_id(id))] if id else []
        return [self._select(customer, f"'{self._noun}'", at, id and quoted_name(id), [*own, *rest])]

    def _order_lines(self, customer: Choice, at: str) -> Select | None:
        """Give one order for all the lines that have its number, where a file has lines of orders."""
        order, quantity = named(self._columns, ORDERS), named(self._columns, QUANTITIES)
        price = named(self._columns, PRICES)
        if order is None or quantity is None or price is None or tells_rows_apart(order):
            return None
        self._say("order_completed", "likely", f"{order.name} comes in {order.repeats:.1f} rows on average")
        reason = f"the lines of one {order.name} become one order"
        self._choices.append(Choice("id", order.name, "likely", reason))
        total = f"the sum of {quantity.name} times {price.name} over its lines"
        self._notes.append(f"total: {total}")
        for column in (quantity, price):
            if column.negative:
                told = f"{column.negative:,} rows have a {column.name} below 0 (cancelled, or corrected)"
                self._notes.append(f"{told}; they are left out")
        amount, each = self._exactly(quantity), self._exactly(price)
        return Select(
            customer=quoted_name(customer.column),
            event="'order_completed'",
            at=f"min({at})",
            id=quoted_name(order.name),
            properties=[
                (quoted_name(order.name), "order_id"),
                (f"round(sum({amount} * {each}), 2)", "total"),
            ],
            relation=self._source.relation,
            where=f"{amount} > 0 and {each} > 0",
            grouped=True,
            numbered=self._numbered,
        )

    def _tickets(self, customer: Choice, time: Choice, at: str, id: str) -> list[Select]:
        self._say("ticket_opened", "likely", f"each row is a ticket, opened at {time.column}")
        own = (quoted_name(id), "ticket_id")
        aside = [customer.column, time.column, id]
        more: list[Select] = []
        solved = next((one for one in self._columns if _is_end(one)), None)
        if solved is not None:
            aside.append(solved.name)
            ended = time_of(solved, texts=self._source.texts)
            self._say("ticket_solved", "likely", f"at {solved.name}, in rows that have one")
            more.append(self._part(customer, "ticket_solved", ended, f"'solved-' || {own[0]}", [own], solved))
        score = next((one for one in self._columns if _is_score(one)), None)
        if score is not None:
            aside.append(score.name)
            answered = time_of(solved, texts=self._source.texts) if solved is not None else at
            self._say("survey_answered", "likely", f"{score.name}, in rows that have one")
            properties = [own, (self._value(score), "score")]
            named_so = f"'scored-' || {own[0]}"
            more.append(self._part(customer, "survey_answered", answered, named_so, properties, score))
        opened = self._select(
            customer, "'ticket_opened'", at, f"'opened-' || {own[0]}", [own, *self._rest(*aside)]
        )
        return [opened, *more]

    def _subscription(self, customer: Choice, time: Choice, at: str, id: str, paid: Column) -> Select:
        self._say("subscription_updated", "likely", f"each row is a contract, with {paid.name} a month")
        properties = [(quoted_name(id), "subscription_id"), (self._value(paid), "mrr")]
        aside = [customer.column, time.column, id, paid.name]
        ends = next((one for one in self._columns if _is_end(one)), None)
        if ends is not None:
            aside.append(ends.name)
            properties.append((time_of(ends, texts=self._source.texts), "ends_at"))
            self._notes.append(f"ends_at: {ends.name}, until which the contract is paid")
        properties += self._rest(*aside)
        return self._select(customer, "'subscription_updated'", at, quoted_name(id), properties)

    def _id(self, customer: Choice) -> str | None:
        id = choose_id(self._columns, customer.column)
        if id is None:
            return None
        self._choices.append(id)
        return id.column

    def _say(self, event: str, sure: str, reason: str) -> None:
        self._choices.append(Choice("event", event, sure, reason))  # type: ignore[arg-type]

    def _own_id(self, name: str) -> str:
        return name if snake(name) not in FIELDS else f"{self._noun}_{snake(name)}"

    def _rest(self, *aside: str) -> list[tuple[str, str]]:
        """Give every column that is not aside as a property, under a name that no field has."""
        return [
            (self._value(column), self._own_id(column.name))
            for column in self._columns
            if column.filled and column.name not in aside
        ]

    def _value(self, column: Column) -> str:
        return value_of(column, texts=self._source.texts)

    def _exactly(self, column: Column) -> str:
        return f"try_cast({quoted_name(column.name)} as decimal(18, 4))"

    def _part(
        self,
        customer: Choice,
        event: str,
        at: str,
        id: str,
        properties: list[tuple[str, str]],
        present: Column,
    ) -> Select:
        """Give one of several events of a row, in those rows that have what it is about."""
        name = quoted_name(present.name)
        return self._select(customer, f"'{event}'", at, id, properties, where=f"{name} is not null")

    def _select(
        self,
        customer: Choice,
        event: str,
        at: str,
        id: str | None,
        properties: Sequence[tuple[str, str]],
        where: str = "",
    ) -> Select:
        return Select(
            customer=quoted_name(customer.column),
            event=event,
            at=at,
            id=id,
            properties=properties,
            relation=self._source.relation,
            where=where,
            numbered=self._numbered,
        )


def _is_end(column: Column) -> bool:
    name = snake(column.name)
    return column.kind == "time" and name.startswith(("clos", "solv", "resolv", "end", "cancel"))


def _is_score(column: Column) -> bool:
    name = snake(column.name)
    return column.kind in ("whole", "number") and ("satisfaction" in name or "csat" in name)
