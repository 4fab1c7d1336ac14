"""Accounts: members' events count for them, live, imported, and after a release."""

from pathlib import Path

import pytest

FACTS = """
facts:
  team_orders: {count: order_completed, on: account}
"""


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "rules" / "accounts.yaml").write_text(FACTS.lstrip())
    return folder


def order(customer: str, id: str) -> dict[str, object]:
    return {
        "customer": customer,
        "event": "order_completed",
        "id": id,
        "at": "2026-01-04T10:00:00Z",
        "total": 1,
    }


def group(customer: str, account: str, at: str) -> dict[str, object]:
    return {"userId": customer, "groupId": account, "type": "group", "messageId": f"g{customer}{account}",
            "timestamp": at}  # fmt: skip


EVENTS = [
    group("ann", "acme", "2026-01-01T00:00:00Z"),
    group("bob", "acme", "2026-01-01T00:00:00Z"),
    order("ann", "o1"),
    order("bob", "o2"),
    order("eve", "o3"),
]


@pytest.mark.parametrize("history", [False, True])
def test_members_events_count_for_their_account(open_engine, history: bool) -> None:
    engine = open_engine()
    engine.import_events(EVENTS, source="import", history=history)
    account = engine.customer("acme")
    assert (account.kind, account.facts["team_orders"].value) == ("account", 2)
    assert engine.customer("ann").account == "acme"


def test_a_new_fact_of_accounts_is_made_from_members_events(open_engine, folder: Path) -> None:
    # given orders of two members, of which one has changed over to another account since
    engine = open_engine()
    engine.import_events(EVENTS, source="import", history=False)
    moved = [group("bob", "other", "2026-01-05T11:00:00Z"), order("bob", "o4")]
    engine.ingest(moved, source="shop").result()
    engine.close()

    # when the files ask for another fact of accounts
    file = folder / "rules" / "accounts.yaml"
    file.write_text(file.read_text() + "  team_spend: {sum: total, of: order_completed, on: account}\n")
    engine = open_engine()

    # then each order counts for the account that its customer belonged to when it was received
    assert engine.customer("acme").facts["team_spend"].value == 2
    assert engine.customer("other").facts["team_spend"].value == 1
