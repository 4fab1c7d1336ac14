"""What the clause form makes of a text: which parts become clauses, in which order, and what stays apart."""

import pytest

from engine.expressions import Kind, Scope, all_of, any_of, compile_expression
from engine.expressions.clauses import Both, Clause, Either, Fixed, Form, Line, Lines, clauses_of, line_of

SCOPE = Scope(
    customer={
        "plan": Kind.TEXT,
        "orders": Kind.NUMBER,
        "spend": Kind.NUMBER,
        "vip": Kind.BOOLEAN,
        "seen": Kind.TIME,
        "tags": Kind.LIST,
    },
    event={},
)


def shown(form: Form) -> str:
    """A form in one line: clauses by their keys, opaque parts as ?."""
    if isinstance(form, (Both, Either)):
        sign = " and " if isinstance(form, Both) else " or "
        return f"({sign.join(map(shown, form.parts))})"
    if isinstance(form, Fixed):
        return str(form.holds)
    return form.key if isinstance(form, Clause) else f"{'not ' if form.negated else ''}?"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("customer.plan == 'pro'", "customer.plan == 'pro'"),
        ("3 < customer.orders", "customer.orders > Decimal('3')"),
        ("not customer.orders > 3", "customer.orders <= Decimal('3')"),
        ("customer.vip", "customer.vip true None"),
        ("not customer.vip", "customer.vip false None"),
        ("customer.plan == null", "customer.plan == None"),
        ("customer.plan in ['pro', 'team']", "customer.plan in ['pro', 'team']"),
        ("customer.plan not in ['pro']", "customer.plan not in ['pro']"),
        ("'vip' in customer.tags", "customer.tags has 'vip'"),
        ("'vip' not in customer.tags", "customer.tags has not 'vip'"),
        ("customer.plan =~ '^p'", "customer.plan =~ '^p'"),
        ("not customer.plan =~~ 'p'", "customer.plan !~~ 'p'"),
        ("(customer.orders ?? 0) > 3", "??(customer.orders, Decimal('0')) > Decimal('3')"),
        ("now - customer.seen > 30d", "sub(now, customer.seen) > datetime.timedelta(days=30)"),
        ("customer.tags.length >= 2", ".length(customer.tags) >= Decimal('2')"),
        ("true", "True"),
        ("customer.spend > customer.orders", "?"),
        ("not (customer.spend > customer.orders)", "not ?"),
        ("[each for each in customer.tags if each == 'a'].length > 0", "?"),
    ],
)
def test_a_part_is_a_clause_or_opaque(text: str, form: str) -> None:
    assert shown(line_of(compile_expression(text, SCOPE)).form) == form


def test_and_and_or_keep_their_parts_in_order_and_not_goes_down_to_the_clauses() -> None:
    text = "not (customer.vip and (customer.orders > 1 or customer.plan == 'pro') and customer.spend < 5)"

    form = line_of(compile_expression(text, SCOPE)).form

    assert shown(form) == (
        "(customer.vip false None or (customer.orders <= Decimal('1') and customer.plan != 'pro')"
        " or customer.spend >= Decimal('5'))"
    )


def test_a_line_whose_parts_hand_on_the_groups_of_a_match_is_one_opaque_part() -> None:
    text = "customer.plan =~ '(p.*)' and $re_groups[0] == 'pro'"

    line = line_of(compile_expression(text, SCOPE))

    assert shown(line.form) == "?"


def test_a_name_with_a_default_is_its_own_subject_of_the_same_name() -> None:
    form = line_of(compile_expression("(customer.orders ?? 0) > 3", SCOPE)).form

    assert isinstance(form, Clause)
    assert (form.subject.name, form.subject.otherwise) == ("customer.orders", 0)


def test_lists_stay_lists_and_lines_keep_the_names_of_their_text() -> None:
    first, second = (compile_expression(f"customer.{name} > 1", SCOPE) for name in ("orders", "spend"))

    lines = clauses_of(all_of([first, any_of([second])]))

    line, nested = lines.entries
    assert lines.every
    assert isinstance(line, Line) and line.names == ("customer.orders",)
    assert isinstance(nested, Lines) and not nested.every
