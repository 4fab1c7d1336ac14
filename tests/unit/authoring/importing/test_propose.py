from datetime import UTC, datetime
from decimal import Decimal
from os import utime
from pathlib import Path

import pytest

from engine.authoring.importing import read_rows
from engine.authoring.importing.maps import bind_map
from engine.authoring.importing.proposal import Proposal
from engine.authoring.importing.propose import propose
from engine.errors import RequestError

LAST_CHANGE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    utime(path, (LAST_CHANGE.timestamp(), LAST_CHANGE.timestamp()))
    return path


def chosen(proposal: Proposal) -> list[tuple[str, str, str]]:
    return [(choice.role, choice.column, choice.sure) for choice in proposal.choices]


def events(path: Path) -> list[object]:
    """Give the events that come of a file by the map that is proposed for it."""
    map = bind_map("proposed.yaml", propose([path]).text.encode())
    return [row.event for row in read_rows([path], map).rows]


def test_clicks_with_their_names_need_no_guess(tmp_path: Path) -> None:
    # given a table of events under other names
    path = written(
        tmp_path,
        "clicks.csv",
        "user_id,action,created_at,page\nu1,viewed,2026-01-05 12:00:00,1\nu1,viewed,2026-01-05 12:01:00,2\n"
        "u2,added,2026-01-05 12:02:00,3\n",
    )

    # then who, when and what are plain
    assert chosen(propose([path])) == [
        ("customer", "user_id", "sure"),
        ("time", "created_at", "sure"),
        ("event", "action", "sure"),
    ]
    assert events(path)[0] == {
        "customer": "u1",
        "event": "viewed",
        "at": "2026-01-05T12:00:00+00:00",
        "properties": {"page": 1},
    }


def test_a_list_of_customers_becomes_traits_as_of_the_files_last_change(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "customers.csv",
        "customerID,email,signup_date,FirstName\n007,ann@example.com,2024-01-01,Ann\n8,b@example.com,2024-01-02,\n",
    )

    assert events(path) == [
        {
            "customer": "007",
            "event": "identify",
            "at": "2026-03-01T12:00:00+00:00",
            "properties": {"email": "ann@example.com", "signup_date": "2024-01-01", "FirstName": "Ann"},
        },
        {
            "customer": "8",
            "event": "identify",
            "at": "2026-03-01T12:00:00+00:00",
            "properties": {"email": "b@example.com", "signup_date": "2024-01-02"},
        },
    ]


def test_lines_of_orders_become_orders_and_cancelled_lines_are_told(tmp_path: Path) -> None:
    # given orders in several lines each, one of them a credit note
    path = written(
        tmp_path,
        "sales.csv",
        "InvoiceNo,Quantity,UnitPrice,InvoiceDate,CustomerID\n"
        "1,2,2.55,2026-01-05 12:00:00,17850\n1,1,3.39,2026-01-05 12:00:00,17850\n"
        "C2,-1,2.55,2026-01-06 12:00:00,17850\n1,1,0.10,2026-01-05 12:00:00,17850\n",
    )

    # when a map is proposed
    proposal = propose([path])

    # then the order is one event, and the credit note is left out, and told
    assert events(path) == [
        {
            "customer": "17850",
            "event": "order_completed",
            "at": "2026-01-05T12:00:00+00:00",
            "id": "1",
            "properties": {"order_id": "1", "total": Decimal("8.59")},
        }
    ]
    assert "1 rows have a Quantity below 0 (cancelled, or corrected); they are left out" in proposal.notes


def test_tickets_with_several_times_become_several_events(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "support_tickets.csv",
        "ticket_id,account_id,submitted_at,closed_at,satisfaction_score\n"
        "T1,A1,2026-01-05,2026-01-06 09:00:00,4\nT2,A1,2026-01-07,,\n",
    )

    found = [(event["event"], event["id"], event["at"][:10]) for event in events(path)]  # type: ignore[index]

    assert found == [
        ("ticket_opened", "opened-T1", "2026-01-05"),
        ("ticket_opened", "opened-T2", "2026-01-07"),
        ("ticket_solved", "solved-T1", "2026-01-06"),
        ("survey_answered", "scored-T1", "2026-01-06"),
    ]


def test_contracts_become_what_the_policy_reads(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "subscriptions.csv",
        "subscription_id,account_id,start_date,end_date,mrr_amount\nS1,A1,2026-01-05,2026-06-01,49\nS2,A1,2026-02-05,,9\n",
    )

    assert events(path)[0] == {
        "customer": "A1",
        "event": "subscription_updated",
        "at": "2026-01-05T00:00:00+00:00",
        "id": "S1",
        "properties": {"subscription_id": "S1", "mrr": 49, "ends_at": "2026-06-01"},
    }


def test_the_event_is_the_files_name_without_what_its_neighbours_share(tmp_path: Path) -> None:
    written(tmp_path, "acme_accounts.csv", "account_id\nA1\n")
    path = written(
        tmp_path,
        "acme_feature_usages.csv",
        "account_id,usage_date,minutes\nA1,2026-01-05,5\nA1,2026-01-06,6\n",
    )

    proposal = propose([path])

    assert ("event", "feature_usage", "guess") in chosen(proposal)


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("1767614400", 1767614400),
        ("20260105", "2026-01-05T00:00:00+00:00"),
        ("13/01/2026 09:30", "2026-01-13T09:30:00+00:00"),
        ("1/13/2026 9:30 PM", "2026-01-13T21:30:00+00:00"),
        ("13.01.2026", "2026-01-13T00:00:00+00:00"),
    ],
)
def test_times_are_read_as_they_are_written(tmp_path: Path, time: str, at: object) -> None:
    path = written(tmp_path, "visits.csv", f"user_id,date\nu1,{time}\nu1,{time}\n")

    assert events(path)[0]["at"] == at  # type: ignore[index]


def test_days_that_may_be_months_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, "visits.csv", "user_id,date\nu1,1/2/2026\nu1,3/4/2026\n")

    assert "date does not tell days from months; read as month/day" in propose([path]).notes


def test_what_is_odd_about_columns_is_told(tmp_path: Path) -> None:
    rows = "".join(f"u{number},2026-01-05,{number},\n" for number in range(40))
    path = written(tmp_path, "visits.csv", f"user_id,date,score,empty\n{rows}u1,soon,high,\nu2,torn\n")

    assert list(propose([path]).notes) == [
        "1 rows cannot be taken apart and would be refused",
        "empty in every row, and left out: empty",
        "date is no time in 1 rows (rows 41)",
        "score is no whole in 1 rows (rows 41), where it would be empty",
    ]


def test_entries_in_lists_become_rows(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "sessions.jsonl",
        '{"session": 7, "events": [{"aid": 1, "ts": 1659304800025, "type": "clicks"}, '
        '{"aid": 2, "ts": 1659304900025, "type": "clicks"}]}\n'
        '{"session": 8, "events": [{"aid": 3, "ts": 1659304800025, "type": "orders"}]}\n',
    )

    assert [(event["customer"], event["event"], event["at"]) for event in events(path)] == [  # type: ignore[index]
        ("7", "clicks", 1659304800025),
        ("7", "clicks", 1659304900025),
        ("8", "orders", 1659304800025),
    ]


def test_lines_with_blanks_between_are_a_table(tmp_path: Path) -> None:
    path = written(
        tmp_path, "buys.txt", " customer_id  date  value\n 00001 19970101   11.77\n 00002 19970112 5.00\n"
    )

    assert events(path)[0] == {
        "customer": "00001",
        "event": "buy",
        "at": "1997-01-01T00:00:00+00:00",
        "properties": {"value": 11.77},
    }


def test_without_anybody_in_it_a_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "weather.csv", "day,degrees\n2026-01-05,4\n")

    with pytest.raises(RequestError, match=r"no column of weather\.csv says whom a row is about"):
        propose([path])
