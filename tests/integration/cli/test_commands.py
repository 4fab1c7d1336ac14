"""Every command on a small workspace, as a person and as a program sees it."""

import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.store.sqlite import open_sqlite
from tests.command_line import Holdfast

IMPORTED = {"accepted": 3, "duplicates": 1, "conflicts": 1, "quarantined": 1, "customers": 3}


def test_check_of_a_clean_workspace(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("check", "--json")

    assert (said.code, said.err) == (0, "")
    assert said.answer == {"errors": [], "files": 7}
    assert holdfast("check").out == "no errors, no warnings in 7 files\n"


def test_check_gives_every_error_at_its_place(workspace: Path, holdfast: Holdfast) -> None:
    # given two slips of the pen, in two files
    rule = workspace / "rules/big-order.yaml"
    rule.write_text(rule.read_text().replace("event.total >= 100", "customer.ordres >= 100"))
    flow = workspace / "workflows/tell-desk.yaml"
    flow.write_text(flow.read_text().replace("steps:", "stepps:"))

    # when the workspace is checked, from elsewhere
    said = holdfast("check", str(workspace), "--json")

    # then both are told of, with all that an editor needs
    assert said.code == 1
    first, *rest = said.answer["errors"]
    assert set(first) == {"file", "line", "column", "code", "message", "hint"}
    assert (first["file"], first["line"], first["column"]) == ("rules/big-order.yaml", 6, 14)
    assert "orders" in first["hint"]
    assert "workflows/tell-desk.yaml" in {each["file"] for each in rest}

    # and people get them as lines
    lines = holdfast("check").out.splitlines()
    assert lines[0].startswith("rules/big-order.yaml:6:14: ")
    assert lines[-1].endswith("in 7 files")


def test_check_of_no_workspace(tmp_path: Path, holdfast: Holdfast) -> None:
    said = holdfast("check", str(tmp_path), "--json")

    assert said.code == 1
    assert [error["code"] for error in said.answer["errors"]] == ["no-workspace"]


def test_test_runs_the_cases(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("test", "--json", "--junit", "report.xml")

    answer = said.answer
    assert (said.code, answer.pop("seconds") >= 0) == (0, True)
    assert answer == {"passed": 2, "failed": 0, "errors": 0, "failures": []}
    assert ElementTree.parse("report.xml").getroot().get("tests") == "2"


def test_test_tells_what_is_not_as_expected(workspace: Path, holdfast: Holdfast) -> None:
    rule = workspace / "rules/big-order.yaml"
    rule.write_text(rule.read_text().replace(">= 100", ">= 10"))

    said = holdfast("test", "-k", "small", "--json")

    assert said.code == 1
    (failure,) = said.answer["failures"]
    assert set(failure) == {"file", "line", "test", "expected", "got"}
    assert (failure["file"], failure["line"]) == ("rules/big-order.yaml", 15)
    assert "rules/big-order.yaml:15: rule big-order: leaves small ones alone" in holdfast("test").out


def test_test_tells_what_nobody_would_notice(workspace: Path, holdfast: Holdfast) -> None:
    # given tests that say nothing of orders between 20 and 120
    said = holdfast("test", "-k", "rule big-order", "--mutants", "--json")

    # then a threshold moved inside that survives, and one turned round does not
    answer = said.answer
    assert said.code == 1
    assert set(answer) == {"mutants", "caught", "refused", "survived", "excused", "seconds"}
    assert answer["mutants"] == answer["caught"] + answer["refused"] + len(answer["survived"])
    moved = [one for one in answer["survived"] if one["to"] == "event.total >= 101"]
    assert moved == [
        {
            "file": "rules/big-order.yaml",
            "line": 6,
            "column": 20,
            "thing": "rule big-order",
            "from": "event.total >= 100",
            "to": "event.total >= 101",
            "hint": "a test that comes out otherwise with 101 in the place of 100 in `event.total >= 100`",
        }
    ]
    # and people read the same
    lines = holdfast("test", "-k", "rule big-order", "--mutants").out.splitlines()
    assert "rules/big-order.yaml:6:20: no test of rule big-order notices" in lines
    assert lines[-1].startswith(f"{answer['mutants']} mutants: {answer['caught']} caught, ")


def test_tests_at_the_threshold_and_an_excuse_leave_no_survivor(workspace: Path, holdfast: Holdfast) -> None:
    # given a test at each side of the threshold
    rule = workspace / "rules/big-order.yaml"
    rule.write_text(rule.read_text().replace("total: 120", "total: 100").replace("total: 20", "total: 99"))
    assert holdfast("test", "-k", "rule big-order", "--mutants").code == 0

    # when an order of 99 is no longer looked at, but somebody says why
    rule.write_text(rule.read_text().replace("total: 99", "total: 20"))
    assert holdfast("test", "-k", "rule big-order", "--mutants").code == 1
    (workspace / "mutants.yaml").write_text("""
means_nothing:
  - {thing: rule big-order, from: event.total >= 100, to: [event.total >= 99, event.total >= 90], reason: no}
""")
    said = holdfast("test", "-k", "rule big-order", "--mutants", "--json")

    # then that is told apart
    assert (said.code, said.answer["survived"]) == (0, [])
    assert [(one["to"], one["reason"]) for one in said.answer["excused"]] == [
        ("event.total >= 99", "no"),
        ("event.total >= 90", "no"),
    ]

    # and an excuse that is of no use any more is complained of
    rule.write_text(rule.read_text().replace("total: 20", "total: 99"))
    said = holdfast("test", "-k", "rule big-order", "--mutants")
    assert (said.code, "this excuses nothing that survives; take it out" in said.err) == (1, True)


def test_mutants_need_tests_that_pass(workspace: Path, holdfast: Holdfast) -> None:
    rule = workspace / "rules/big-order.yaml"
    rule.write_text(rule.read_text().replace(">= 100", ">= 10"))

    said = holdfast("test", "--mutants")

    assert said.code == 1
    assert "the tests fail before anything is changed" in said.err


def test_init_lays_out_a_workspace_that_passes(
    tmp_path: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = holdfast("init", str(tmp_path / "mine"))

    assert said.code == 0
    monkeypatch.chdir(tmp_path / "mine")
    assert holdfast("check").code == 0
    assert not (tmp_path / "mine" / "engine").exists()
    # and an editor finds the schema of every file
    authored = [path for path in Path().rglob("*.yaml") if not path.is_relative_to(".schemas")]
    authored.remove(Path("mutants.yaml"))  # it is no part of the language
    named = [(path, path.read_text().split("\n")[0].partition("$schema=")[2]) for path in authored]
    assert [path for path, schema in named if not schema or not (path.parent / schema).is_file()] == []


def test_init_overwrites_nothing(workspace: Path, holdfast: Holdfast) -> None:
    before = (workspace / "holdfast.yaml").read_text()

    said = holdfast("init", str(workspace))

    assert said.code == 1
    assert "is there already; name a new or empty folder" in said.err
    assert (workspace / "holdfast.yaml").read_text() == before


def test_schemas_are_written(tmp_path: Path, holdfast: Holdfast) -> None:
    assert holdfast("schema", str(tmp_path / "schemas")).code == 0

    written = {path.name for path in (tmp_path / "schemas").iterdir()}
    assert {"rule.schema.json", "workflow.schema.json", "settings.schema.json"} <= written
    assert "rule" in holdfast("schema").answer


def test_import_of_the_past_counts_and_fires_nothing(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("import", "orders.csv", "--history", "--json")

    answer = said.answer
    assert answer.pop("seconds") >= 0
    assert (said.code, answer) == (0, IMPORTED)
    assert holdfast("runs", "--json").answer == {"items": []}

    # and once more it changes nothing
    again = holdfast("import", "orders.csv", "--history", "--json").answer
    assert (again["accepted"], again["duplicates"]) == (0, 4)


def test_import_of_now_decides(workspace: Path, holdfast: Holdfast) -> None:
    # given an order that has no time: it is of now
    Path("now.jsonl").write_text('{"customer": "c9", "event": "order_completed", "total": 150}\n')

    # when it is imported
    assert holdfast("import", "now.jsonl", "--json").answer["accepted"] == 1

    # then its rule has fired, and the run can be looked at
    (run,) = holdfast("runs", "--workflow", "tell-desk", "--json").answer["items"]
    assert (run["customer"], run["rule"]) == ("c9", "big-order")
    shown = holdfast("run", run["id"], "--json").answer
    assert set(shown) == {"run", "steps", "effects"}
    assert shown["run"]["id"] == run["id"]
    assert [effect["action"] for effect in shown["effects"]] == ["email.send"]
    assert "because of the rule big-order" in holdfast("run", run["id"]).out
    assert run["id"] in holdfast("runs", "--customer", "c9").out
    assert "no run of other" in holdfast("runs", "--workflow", "other").out


def test_import_tells_people_which_rows_were_refused(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("import", "orders.csv", "--history").out.splitlines()

    assert said[0] == "row 5: another event was accepted under the same source and id"
    assert said[1].startswith("row 6: the event's time is no time")
    assert said[2].startswith("3 accepted, 1 duplicates, 1 conflicts, 1 quarantined; 3 customers in ")


def test_import_through_a_map(workspace: Path, holdfast: Holdfast) -> None:
    Path("map.yaml").write_text(
        "import: shop-orders\nzone: Europe/Berlin\nquery: |\n"
        "  select customer, event, id, \"at\" as at, total from source where id <> 'o4'\n"
    )

    assert (
        holdfast("import", "orders.csv", "--map", "map.yaml", "--history", "--json").answer["accepted"] == 3
    )

    with sqlite3.connect("holdfast.db") as database:
        sources = {row[0] for row in database.execute("select source from event")}
    assert sources == {"shop-orders"}


def test_an_import_that_cannot_be_is_one_line(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("import", "none.csv", "--json")

    assert (said.code, said.out, said.err) == (
        1,
        "",
        "holdfast: there is no file none.csv; name one that there is\n",
    )


def test_backtest_counts_what_the_rules_would_have_decided(imported: Path, holdfast: Holdfast) -> None:
    answer = holdfast(
        "backtest", "--customers", "--facts", "spend", "--events", "order_completed.total", "--json"
    ).answer  # fmt: skip

    assert answer["from"] == "2026-01-05T12:00:00Z"
    assert answer["to"] == "2026-01-06T13:00:00Z"
    assert (answer["at"], answer["events"], answer["customers"]) == (None, 3, 2)
    assert set(answer["rules"]) == {"big-order", "spent-much"}
    fired = answer["rules"]["big-order"]
    assert fired == {
        **dict.fromkeys(
            ("held_out", "unknown", "at_most", "too_late", "shadow", "error", "refused", "followed"), 0
        ),
        "fired": 1,
        "not_met": 2,
        "undetermined": 0,
        "customers": 1,
        "ids": ["c1"],
    }
    assert answer["facts"] == {"spend": {"count": 2, "sum": 230, "mean": 115}}
    assert answer["properties"]["order_completed.total"]["count"] == 3


def test_backtest_at_an_instant_evaluates_schedules_once(imported: Path, holdfast: Holdfast) -> None:
    answer = holdfast("backtest", "spent-much", "--at", "2026-01-06", "--json").answer

    assert answer["at"] == "2026-01-06T00:00:00Z"
    assert set(answer["rules"]) == {"spent-much"}
    assert answer["rules"]["spent-much"]["fired"] == 1
    assert "spent-much" in holdfast("backtest", "--at", "2026-01-06", "--customers").out


def test_backtest_of_a_rule_that_there_is_not(imported: Path, holdfast: Holdfast) -> None:
    said = holdfast("backtest", "big-oder")

    assert (said.code, said.err) == (1, "holdfast: there is no live rule big-oder; did you mean big-order?\n")


def test_keys_are_made_listed_and_revoked(workspace: Path, holdfast: Holdfast) -> None:
    made = holdfast(
        "keys", "create", "--role", "ingest", "--owner", "ann@example.com", "--expires", "30d", "--json"
    ).answer  # fmt: skip
    assert set(made) == {"id", "key", "role", "owner", "expires"}
    assert made["key"].startswith(f"hf_ingest_{made['id']}_")
    assert (made["role"], made["owner"]) == ("ingest", "ann@example.com")

    assert holdfast("keys", "revoke", made["id"]).code == 0
    (listed,) = holdfast("keys", "list", "--json").answer["items"]
    assert listed["revoked_at"] is not None
    assert made["key"] not in str(listed)
    assert "revoked" in holdfast("keys", "list").out
    assert (
        holdfast("keys", "revoke", "nonsense").err
        == "holdfast: there is no key nonsense; `holdfast keys list` shows them\n"
    )


def test_a_key_for_people_is_alone_on_standard_output(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("keys", "create", "--role", "author", "--owner", "ann@example.com")

    assert said.out.startswith("hf_author_") and said.out.count("\n") == 1
    assert "shown once" in said.err


def test_a_key_that_has_expired_already_is_refused(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("keys", "create", "--role", "author", "--owner", "a@b.c", "--expires", "2020-01-01")

    assert said.code == 1
    assert "--expires 2020-01-01 has passed already" in said.err


def test_doctor_balances(imported: Path, holdfast: Holdfast) -> None:
    said = holdfast("doctor", "--json")

    assert said.code == 0
    assert said.answer == {
        "received": 6,
        "accepted": 3,
        "duplicates": 1,
        "conflicts": 1,
        "quarantined": 1,
        "decided": 3,
        "pending": 0,
        "balanced": True,
        "overdue_runs": 0,
        "open_cases": 0,
        "breached_cases": 0,
        "exhausted_cases": 0,
        "dead_letters": 0,
        "unsealed": 0,
        "erased": 0,
        "quarantine_erased": 0,
        "processes": [],
    }
    assert "nothing is lost" in holdfast("doctor").out


def test_doctor_finds_a_lost_event(imported: Path, holdfast: Holdfast) -> None:
    with sqlite3.connect("holdfast.db") as database:
        database.execute("delete from event where message_id = 'o1'")

    said = holdfast("doctor", "--json")

    assert (said.code, said.answer["balanced"]) == (1, False)
    assert "something was lost" in holdfast("doctor").out


def test_reading_a_database_that_is_not_there(workspace: Path, holdfast: Holdfast) -> None:
    said = holdfast("runs")

    assert said.code == 1
    assert said.err.startswith("holdfast: there is no database at ")


def test_a_database_may_be_named(imported: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    database = f"sqlite:///{imported / 'holdfast.db'}"

    said = holdfast("doctor", "--workspace", str(imported), "--database", database, "--json")

    assert said.answer["accepted"] == 3


def test_commands_that_read_work_beside_one_that_writes(imported: Path, holdfast: Holdfast) -> None:
    # given somebody who holds the database and has no API
    store = open_sqlite(imported / "holdfast.db", exclusive=True)
    try:
        # when one reads, it works
        assert holdfast("doctor").code == 0
        assert holdfast("backtest").code == 0

        # when one writes, it says why it cannot be
        said = holdfast("import", "orders.csv")
        assert said.code == 1
        assert "is in use by the process" in said.err
    finally:
        store.close()


def test_calibrate_counts_what_became_of_customers(workspace: Path, holdfast: Holdfast) -> None:
    # given a score of how much somebody has bought, and an event that tells of leaving
    (workspace / "rules/worth.yaml").write_text(
        "score: worth\nparts:\n  orders: {weight: 1, is: customer.orders / 2}\n"
        "bands: {high: {from: 60}, low: {from: 0}}\n"
    )
    lines = ["customer,event,at,total"]
    lines += [f"c{n},order_completed,2026-01-1{n}T10:00:00Z,5" for n in range(4)]
    lines += [f"c{n},order_completed,2026-01-2{n}T10:00:00Z,5" for n in range(2)]
    lines += ["c2,order_refunded,2026-02-10T10:00:00Z,5", "c9,order_completed,2026-04-02T10:00:00Z,5"]
    (workspace / "past.csv").write_text("\n".join(lines) + "\n")
    assert holdfast("import", "past.csv", "--history").code == 0
    # when it is held against it
    said = holdfast("calibrate", "worth", "--outcome", "order_refunded", "--within", "30d", "--json")
    # then one of the two low ones on 1 February did, and nobody on 1 March
    assert said.code == 0, said.err
    rows = {row["name"]: (row["had"], row["n"]) for row in said.answer["bands"]}
    assert rows == {"high": (0, 4), "low": (1, 4)}
    assert (said.answer["incomplete"], said.answer["within_days"]) == (1, 30)
    # and people read it as a table
    told = holdfast("calibrate", "worth", "--outcome", "order_refunded", "--within", "30d")
    assert "95% low" in told.out
    assert holdfast("calibrate", "wealth").err == "holdfast: there is no score wealth; write worth\n"
    assert holdfast("calibrate", "worth", "--within", "soon").code == 1


def test_risk_ranks_a_fact_and_says_where_there_is_too_little_history(
    workspace: Path, holdfast: Holdfast
) -> None:
    # given three buyers of one, two and three orders, of whom the best comes back
    lines = ["customer,event,at,total"]
    lines += [
        f"c{n},order_completed,2026-01-0{day}T10:00:00Z,5" for n in (1, 2, 3) for day in range(1, n + 1)
    ]
    lines += ["c3,order_completed,2026-01-20T10:00:00Z,5", "c9,order_completed,2026-03-20T10:00:00Z,5"]
    (workspace / "past.csv").write_text("\n".join(lines) + "\n")
    assert holdfast("import", "past.csv", "--history").code == 0
    # when the number of orders is held against who orders again
    asked = (
        "risk",
        "rank",
        "orders",
        "--outcome",
        "order_completed",
        "--at",
        "2026-01-10",
        "--within",
        "30d",
    )
    told = holdfast(*asked, "--json").answer
    # then it ranks them rightly
    assert (told["n"], told["had"], told["auc"], told["within_days"]) == (3, 1, 1.0, 30)
    assert "AUC 1.000" in holdfast(*asked).out
    # and a model is not made of so little, nor of a span that is not over
    said = holdfast("risk", "fit", "--outcome", "order_completed", "--within", "30d")
    assert (said.code, "no fact tells how long a customer is quiet" in said.err) == (1, True)
    said = holdfast("risk", "fit", "--outcome", "order_completed", "--within", "30d", "--quiet", "orders")
    assert (said.code, "too little history" in said.err) == (1, True)
    late = (*asked[:-4], "--at", "2026-03-10", *asked[-2:])
    said = holdfast(*late)
    assert (said.code, "not over yet" in said.err) == (1, True)
