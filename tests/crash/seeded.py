"""Seeded bugs: what would lose something or do it twice, each with the test that has to turn red.

A bug is sown into a copy of the tree, never into the tree itself. `python -m tests.crash.seeded`
sows all of them and prints the table.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PATIENCE = 300
"""Seconds in which a test has to turn red; one that takes longer counts as one that hangs."""

HANGS = re.compile("Timeout|come to rest|never|neither|does not end")
"""How a test words it that it has waited in vain."""

DYING = "tests/crash/test_crashpoints.py::test_dying_at_any_point_comes_to_the_same"
STORE = "tests/integration/store"
RUNTIME = "tests/integration/runtime"
SCALE = "tests/integration/scale"
SHUFFLED = "tests/crash/test_shuffled.py"


class Edit(msgspec.Struct, frozen=True):
    """A piece of a file that is replaced; it is there exactly once."""

    file: str
    old: str
    new: str


class Bug(msgspec.Struct, frozen=True):
    """A bug: what it breaks, how it is sown, and the test that finds it."""

    breaks: str
    edits: tuple[Edit, ...]
    test: str


def edit(file: str, old: str, new: str = "") -> tuple[Edit, ...]:
    """Give a bug of one edit; without `new` the piece is left out."""
    return (Edit(file, old, new),)


BUGS: dict[str, Bug] = {
    "any fence settles": Bug(
        "a worker whose lease has run out overwrites what another is doing",
        edit(
            "engine/store/statements/outbox.py",
            'OUTBOX.c.key == bindparam("key"), OUTBOX.c.fence == bindparam("fence"), OUTBOX.c.state',
            'OUTBOX.c.key == bindparam("key"), OUTBOX.c.state',
        ),
        f"{STORE}/test_store_outbox.py::test_a_claimed_effect_is_nobody_elses_until_its_lease_runs_out[sqlite]",
    ),
    "late results count": Bug(
        "an effect is settled by whoever has sent it, lease or no lease",
        edit(
            "engine/runtime/delivery/outbox.py",
            "if not turn.writer.holds_effect(effect.key, ready.fence):",
            "if False:",
        ),
        f"{RUNTIME}/test_delivery.py::test_a_late_result_of_a_lost_claim_is_dropped",
    ),
    "a claim is for ever": Bug(
        "what was on its way when a process died is never sent",
        edit(
            "engine/store/statements/outbox.py",
            'lease_until=bindparam("lease_until"),\n            claimable_at=bindparam("lease_until"),',
            'lease_until=bindparam("lease_until"),\n            claimable_at=None,',
        ),
        f"{DYING}[sqlite-an effect that is sent]",
    ),
    "at most once, twice": Bug(
        "what goes out at most once is sent again after a crash",
        edit(
            "engine/store/rows.py", 'EFFECT.value(row), row["state"] == "leased"', "EFFECT.value(row), False"
        ),
        f"{DYING}[sqlite-an effect that is sent at most once]",
    ),
    "the attempt in the key": Bug(
        "each attempt has another Idempotency-Key, so that the other side cannot tell a repeat",
        edit(
            "engine/runtime/delivery/outbox.py",
            "                key=effect.key,\n                action=effect.action,",
            '                key=f"{effect.key}:{effect.attempt}",\n                action=effect.action,',
        ),
        f"{RUNTIME}/test_delivery.py::test_a_refused_message_is_tried_again_under_the_same_key",
    ),
    "no look back": Bug(
        "an event that came before its wait began is waited for in vain",
        edit(
            "engine/runs/waiting.py",
            "for signal in run.signals:\n        if _ref(signal) not in run.used and fits",
            "for signal in ():\n        if _ref(signal) not in run.used and fits",
        ),
        f"{SHUFFLED}::test_every_event_three_times_is_every_event_once[sqlite]",
    ),
    "effects beside the transaction": Bug(
        "an effect is put after the commit of the step that asks for it",
        (
            Edit(
                "engine/runtime/shell.py",
                "        self.writer.write(changes)\n",
                "        self.later = changes.effects\n        changes.effects = []\n"
                "        self.writer.write(changes)\n",
            ),
            Edit(
                "engine/runtime/shell.py",
                '            crashpoint("after_commit")\n',
                '            crashpoint("after_commit")\n'
                "            with self.store.begin() as writer:\n"
                "                writer.write(Changes(effects=turn.later))\n",
            ),
        ),
        f"{DYING}[sqlite-an event that starts a run]",
    ),
    "counters beside the transaction": Bug(
        "what was received is counted after the commit",
        (
            Edit("engine/runtime/intake.py", "    _count(turn, tallies)\n    return", "    return"),
            Edit(
                "engine/runtime/intake.py",
                '            crashpoint("before_answer")\n',
                "            with shell.store.begin() as writer:\n"
                "                turn.writer = writer\n"
                "                _count(turn, tallies)\n"
                '            crashpoint("before_answer")\n',
            ),
        ),
        f"{DYING}[sqlite-an event that starts a run]",
    ),
    "answers beside the transaction": Bug(
        "the answer to a request is not kept with its effect",
        edit(
            "engine/runtime/shell.py",
            "                if turn.result is not None:\n"
            "                    self.answer(writer, turn.result)\n",
            "\n",
        ),
        f"{DYING}[sqlite-an answer]",
    ),
    "answered before the commit": Bug(
        "events are acknowledged that never reached the disk",
        edit(
            "engine/runtime/writer.py",
            "            if len(batch) == 1:\n                batch[0].future.set_exception(error)\n",
            "            if len(batch) == 1:\n                batch[0].future.set_result("
            "IngestAnswer(accepted=batch[0].size, duplicates=0))\n",
        ),
        f"{DYING}[sqlite-an event that starts a run]",
    ),
    "runs without compare-and-set": Bug(
        "two who have read the same run both move it on",
        edit(
            "engine/store/statements/runs.py",
            '.where(RUN.c.id == bindparam("b_id"), RUN.c.seq == bindparam("b_expected"))',
            '.where(RUN.c.id == bindparam("b_id"))',
        ),
        f"{STORE}/test_store_runs.py::test_a_run_that_moved_meanwhile_is_not_overwritten",
    ),
    "customers without versions": Bug(
        "two who have read the same customer overwrite each other",
        edit(
            "engine/store/statements/customers.py",
            'CUSTOMER.c.id == bindparam("b_id"), CUSTOMER.c.version == bindparam("b_expected")',
            'CUSTOMER.c.id == bindparam("b_id")',
        ),
        f"{STORE}/test_store_customers.py::test_a_customer_who_changed_meanwhile_is_not_overwritten",
    ),
    "duplicates count": Bug(
        "an event that comes again is decided again",
        edit(
            "engine/runtime/intake.py",
            "if isinstance(receipt, Accepted):",
            "if isinstance(receipt, Accepted | Duplicate):",
        ),
        f"{DYING}[sqlite-an event again]",
    ),
    "timers in memory only": Bug(
        "when a customer is due is not stored, and nobody looks after a restart",
        edit(
            "engine/runtime/shell.py",
            "saved(member, table, self._due(member), self.now)",
            "saved(member, table, None, self.now)",
        ),
        f"{RUNTIME}/test_delivery.py::test_a_timer_of_before_a_restart_still_fires",
    ),
    "no check before sending": Bug(
        "what was paused, or called off, while it waited is sent all the same",
        edit(
            "engine/timeline/deliver.py",
            '    if verdict.kind != "go":\n'
            "        doing.give_back(moment.stage, effect.key)\n        changes.settled",
            "    if False:\n        doing.give_back(moment.stage, effect.key)\n        changes.settled",
        ),
        f"{RUNTIME}/test_delivery.py::test_what_is_paused_on_its_way_is_held_and_goes_once_later",
    ),
    "cancelled runs keep their effects": Bug(
        "what a run had put stays in the outbox when the run ends",
        edit("engine/runtime/shell.py", 'self.writer.cancel_effects(ended, self.now, "run_ended")', "[]"),
        f"{RUNTIME}/test_delivery.py::test_what_is_held_when_its_run_ends_is_called_off",
    ),
    "instants go back": Bug(
        "what comes later is recorded as earlier when the clock is set back",
        edit(
            "engine/runtime/instants.py",
            "max(self.reached, self._clock.now() if wanted is None else wanted)",
            "self._clock.now() if wanted is None else wanted",
        ),
        f"{RUNTIME}/test_intake.py::test_what_is_received_never_goes_back_over_a_restart",
    ),
    "an import is not finished": Bug(
        "an import that was cut short leaves facts that do not count its events",
        (
            Edit("engine/runtime/releasing.py", "    finish_import(shell, progress)\n", ""),
            Edit("engine/runtime/shell.py", "if marks.importing and not self.finishing:", "if False:"),
        ),
        f"{RUNTIME}/test_past.py::test_an_interrupted_import_is_finished_at_the_next_start",
    ),
    "a release is not finished": Bug(
        "a release that was cut short is live at once, with facts of the one before",
        (
            Edit(
                "engine/runtime/releasing.py",
                '    writer.mark("releasing", msgspec.json.encode(made).decode())\n',
                "    writer.save_release(made)\n",
            ),
            Edit(
                "engine/runtime/releasing.py",
                "        writer.save_release(made)\n        writer.add_change",
                "        writer.add_change",
            ),
        ),
        f"{DYING}[sqlite-other files]",
    ),
    "a pause is forgotten": Bug(
        "a pause lasts as long as the process",
        edit(
            "engine/runtime/operating.py",
            'writer.mark("paused", msgspec.json.encode(sorted(paused)).decode() if paused else None)',
            "pass",
        ),
        f"{RUNTIME}/test_delivery.py::test_a_paused_workflow_holds_back_until_it_is_resumed",
    ),
    "lost commits are tried again": Bug(
        "a commit whose answer is lost is taken for one that failed",
        edit("engine/store/postgres.py", "if not self._went_through(number, turn):", "if number:"),
        "tests/crash/test_postgres.py::test_a_commit_whose_answer_is_lost_counts_as_done",
    ),
    "a number is taken for a transaction": Bug(
        "a commit whose answer is lost is asked after by a number that the server may give out again",
        edit(
            "engine/store/postgres.py",
            "return bool(marked == turn)",
            'return bool(connection.scalar(_STATUS, {"number": number}) == "committed")',
        ),
        "tests/crash/test_postgres.py::test_a_lost_commit_is_not_taken_for_anothers_of_the_same_number",
    ),
    "no sweep": Bug(
        "what nobody is poked for waits until a worker happens to have nothing else to do",
        edit(
            "engine/runtime/worker.py",
            "everywhere = not poked or now - self._swept >= SWEEP or now < self._swept",
            "everywhere = not poked or not self._swept",
        ),
        f"{SCALE}/test_pokes.py::test_a_worker_that_is_poked_all_the_time_still_sweeps_each_second",
    ),
    "leases are not extended": Bug(
        "what takes longer than a lease to be sent is sent by another at the same time",
        edit("engine/runtime/delivery/outbox.py", "self._call(lambda: extend(self._shell, held))", "pass"),
        f"{RUNTIME}/test_senders.py::test_a_lease_lasts_as_long_as_the_answer_takes",
    ),
    "a release is not followed": Bug(
        "a process goes on deciding by the rules that it was started with",
        (
            Edit(
                "engine/runtime/releasing.py",
                "if releases and releases[-1].number != shell.release:",
                "if releases and shell.release is None:",
            ),
        ),
        f"{SCALE}/test_releases.py::test_the_next_event_is_decided_by_the_rules_of_another_process",
    ),
    "members outlive a roll-back": Bug(
        "what a failed transaction has changed in memory is taken for what is stored",
        edit(
            "engine/runtime/shell.py",
            "self.members.forget(turn.cast.members)\n                self.members.forget(turn.gone)\n",
            "self.members.keep(turn.cast.members)\n",
        ),
        f"{RUNTIME}/test_isolation.py::test_a_customer_whose_due_work_fails_is_set_aside_and_tried_again",
    ),
}


class Red(msgspec.Struct, frozen=True):
    """What became of a test on the tree with a bug: `test` is what failed, `by` the line that says why."""

    test: str
    by: str
    seconds: float


@contextmanager
def copied() -> Generator[Path]:
    """Copy the tree, for bugs to be sown into one after another; the copy goes in the end."""
    with tempfile.TemporaryDirectory(prefix="holdfast-seeded-") as name:
        for each in ("engine", "api", "tests", "rules", "workflows"):
            left_out = shutil.ignore_patterns("node_modules")
            shutil.copytree(REPOSITORY / each, Path(name) / each, symlinks=True, ignore=left_out)
        for each in ("pyproject.toml", "holdfast.yaml"):
            shutil.copyfile(REPOSITORY / each, Path(name) / each)
        yield Path(name)


@contextmanager
def sown(bug: Bug, tree: Path) -> Generator[None]:
    """Let a bug be in a copy of the tree, and nothing of it be left there afterwards."""
    try:
        for each in bug.edits:
            path = tree / each.file
            text = path.read_text()
            assert text.count(each.old) == 1, f"{each.file} has {text.count(each.old)} times: {each.old}"
            path.write_text(text.replace(each.old, each.new))
        yield
    finally:
        for each in bug.edits:
            # With its time: by that Python knows what it has compiled of which text.
            shutil.copy2(REPOSITORY / each.file, tree / each.file)


def find(bug: Bug, tree: Path) -> Red:
    """Run a bug's test on a copy of the tree with it; an `AssertionError` unless an assertion of it fails."""
    began = time.monotonic()
    with sown(bug, tree):
        words = ["-x", "-q", "--tb=short", "-p", "no:cacheprovider", bug.test]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            cwd=tree,
            # None of these tests uses a plugin, and importing all that are installed takes a second.
            env=os.environ | {"PYTHONPATH": str(tree), "CI": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    failed = re.search(r"^FAILED (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    why = re.findall(r"^E +(.*(?:[Aa]ssert|Error|Failed|DID NOT RAISE).*)$", done.stdout, re.MULTILINE)
    assert done.returncode == 1 and failed and why, done.stdout + done.stderr
    assert not HANGS.search(why[0]), f"it hangs: {why[0]}"
    return Red(re.split(r"/", failed[1])[-1], why[0][:100], time.monotonic() - began)


def main() -> int:
    """Sow every bug and print what has found it."""
    missed = 0
    with copied() as tree:
        for name, bug in BUGS.items():
            try:
                red = find(bug, tree)
                print(f"{name:36} {red.seconds:5.1f} s  {red.test}\n{'':45}{red.by}", flush=True)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                missed += 1
                print(f"{name:36} NOT FOUND: {str(error)[-1500:]}", flush=True)
    print(f"{len(BUGS) - missed} of {len(BUGS)} found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
