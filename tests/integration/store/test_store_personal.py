"""Who read what of whom, who was erased, and what erasing somebody leaves."""

from engine.contact.suppressions import Suppression
from engine.decisions.decision import Start
from engine.model.reasons import RunStatus
from engine.runs.changes import Changes, MembershipChange
from engine.store.interface import Store
from engine.store.personal import AccessFilter, AccessRow, ErasureRow
from engine.store.records import Answer, MemberSave, Request
from engine.store.remains import Erasure
from tests.integration.store import rows

WORDS = "ann-words"
"""Stands in everything that is ann's own."""


def access(at: int, **fields: object) -> AccessRow:
    given = {"owner": "eve@example.com", "key_id": "k1", "role": "auditor", "route": "GET /v1/customers/{id}"}
    return AccessRow(at=at, **given | fields)  # type: ignore[arg-type]


def test_readings_are_listed_in_their_order_and_counted(store: Store) -> None:
    # given
    with store.begin() as writer:
        writer.add_accesses(
            [access(30, subject="s1", reason="ticket 7"), access(10), access(20, owner="bob")]
        )

    # then
    with store.reader() as reader:
        everything = AccessFilter()
        assert [row.at for row in reader.accesses(everything)] == [10, 20, 30]
        assert reader.count_accesses(everything) == 3
        first = reader.accesses(everything, limit=1)
        rest = reader.accesses(everything, after=(first[0].at, first[0].id))
        assert [row.at for row in rest] == [20, 30]
        assert rest[1].reason == "ticket 7"


def test_readings_are_found_by_time_by_reader_and_by_customer(store: Store) -> None:
    with store.begin() as writer:
        writer.add_accesses([access(10, subject="s1"), access(20, owner="bob", key_id="k2"), access(30)])

    with store.reader() as reader:

        def at(found: AccessFilter) -> list[int]:
            assert reader.count_accesses(found) == len(reader.accesses(found))
            return [row.at for row in reader.accesses(found)]

        assert at(AccessFilter(start=20, end=30)) == [20]
        assert at(AccessFilter(who="bob")) == at(AccessFilter(who="k2")) == [20]
        assert at(AccessFilter(subjects=("s1", "s2"))) == [10]
        assert at(AccessFilter(subjects=())) == []


def test_an_erasure_is_remembered_and_holds_until_somebody_registers_again(store: Store) -> None:
    with store.begin() as writer:
        writer.keep_erasures({"m1": 10, "m2": 10, "m3": 10})
        writer.lift_erasures(["m1", "m2"], 20)
        writer.keep_erasures({"m2": 30})

    with store.reader() as reader:
        assert reader.erasures() == [
            ErasureRow(mark="m1", at=10, lifted_at=20), ErasureRow(mark="m2", at=30),
            ErasureRow(mark="m3", at=10),
        ]  # fmt: skip


def fill(store: Store) -> None:
    """Put something of ann, of her other name guest-1, and of bob into every table."""
    said = {"note": WORDS}
    with store.begin() as writer:
        writer.add_events(
            [
                rows.event(f"{WORDS}-1", properties=said),
                rows.event("m-2", customer="guest-1", properties=said),
                rows.event("m-3", customer="bob"),
            ],
            [WORDS, "2", "3"],
        )
        writer.count(received=5, accepted=3, quarantined=2)
        writer.quarantine(
            [rows.quarantined("q-1", body=WORDS.encode()), rows.quarantined("q-2", customer="bob")]
        )
        writer.save(
            [rows.first_save("ann", chunks={1: WORDS.encode()}), rows.first_save("bob", chunks={1: b"c"})]
        )
        writer.bind_alias("guest-1", "ann", 50, "identify")
        writer.write(
            Changes(
                decisions=[
                    rows.decision(
                        "d-1",
                        event=said,
                        trigger_key=f"usage-drop/ann/{WORDS}",
                        starts=(Start("points.grant", "d-1", "failed", f"{WORDS} was granted before"),),
                    ),
                    rows.decision("d-2", customer="bob"),
                ],
                runs={
                    "r-1": rows.run("r-1", event=said, key=WORDS, detail=WORDS, arm="held_out"),
                    "r-2": rows.run("r-2", customer="bob", key="cart-2"),
                },
                attempts=[rows.attempt("r-1", 1, answers=said), rows.attempt("r-2", 1)],
                effects=[
                    rows.effect("r-1:0:0", run="r-1", arguments=said),
                    rows.effect(f"{WORDS}:gift", run="", arguments=said),
                    rows.effect("r-2:0:0", run="r-2", customer="bob"),
                ],
                exposures=[rows.exposure("r-1"), rows.exposure("r-2", customer="bob")],
                coupons=[rows.coupon(WORDS, note=WORDS), rows.coupon("C2", customer="bob")],
                asks=[rows.ask("q-1", question=WORDS), rows.ask("q-2", customer="bob")],
                cases={
                    "c-1": rows.case("c-1", title=WORDS, context=said),
                    "c-2": rows.case("c-2", customer="bob"),
                },
                postings=[rows.posting(f"shop/{WORDS}/0", reason=WORDS), rows.posting("o-2", customer="bob")],
                memberships=[
                    MembershipChange("ann", "regular", 100, True, "event"),
                    MembershipChange("bob", "regular", 100, True, "event"),
                ],
                suppressions=[
                    suppression("address", f"{WORDS}@example.com"),
                    suppression("customer", "ann"),
                    suppression("address", "bob@example.com"),
                ],
            )
        )
        writer.add_accesses([access(10, reason="ann asked"), access(20, reason="bob asked")])
        for path, body in (("/v1/customers/ann/points/redeem", b"{}"), ("/v1/other", b'{"of": "bob"}')):
            asked = Request("k1", "POST", path, f"key-{path}")
            writer.save_answer(asked, Answer(body_hash="h", status=200, body=body, at=100))


def suppression(scope: str, target: str) -> Suppression:
    return Suppression(
        scope=scope,  # type: ignore[arg-type]
        target=target,
        channel="email",
        reason="complaint",
        at=100,
        source="shop",
        note=WORDS if "ann" in target else None,
    )


ERASURE = Erasure(
    names=("ann", "guest-1"),
    pseudonym="erased:s1",
    at=500,
    quarantined=(1,),
    addresses={f"{WORDS}@example.com": "erased:address-1"},
    answers=lambda text: b"ann" in text,
)


def test_what_stays_of_an_erased_customer_says_nothing_of_them(store: Store) -> None:
    # given
    fill(store)
    with store.reader() as reader:
        before = reader.points_of("rewards")

    # when
    with store.begin() as writer:
        found = writer.erase(ERASURE)

    # then nothing under her names is left
    with store.reader() as reader:
        assert found == {
            "access": 1,
            "alias": 1, "ask": 1, "bucket_chunk": 1, "case": 1, "coupon": 1, "customer": 1, "decision": 1,
            "customer_word": 0, "event": 2, "exposure": 1, "idempotency": 1, "outbox": 2, "posting": 1,
            "quarantine": 1, "run": 1, "segment_membership": 1, "step_attempt": 1, "suppression": 2,
        }  # fmt: skip
        assert set(reader.every_name()) == {"bob"}
        assert reader.customer("ann") is None and reader.resolve(["guest-1"]) == {"guest-1": "guest-1"}
        assert reader.event("shop", f"{WORDS}-1") is None

        # and skeletons stay under the pseudonym
        decision = reader.decision("d-1")
        assert decision is not None
        assert (decision.rule, decision.customer, decision.at) == ("usage-drop", "erased:s1", 100)
        assert (decision.event, decision.lines, len(decision.starts)) == ({}, (), 1)
        run = reader.run("r-1")
        assert run is not None
        assert (run.status, run.reason, run.arm, run.customer) == (
            RunStatus.CANCELLED, "erased", "held_out", "erased:s1",
        )  # fmt: skip
        assert reader.load_runs(["ann", "erased:s1"]) == []
        sent = reader.effect("r-1:0:0")
        assert sent is not None
        assert (sent.state, sent.outcome, sent.reason) == ("settled", "cancelled", "erased")
        assert reader.earliest_effect_due() is not None  # bob's
        assert [key for key, _ in reader.claimable_effects(1000, 10)] == ["r-2:0:0"]
        assert [case.status for case in reader.cases(customers=["erased:s1"])] == ["cancelled"]
        assert reader.suppressed("email", "erased:address-1") == "complaint"
        assert [row.reason for row in reader.accesses(AccessFilter())] == [None, "bob asked"]
        assert reader.suppressed("email", f"{WORDS}@example.com") is None

        # and sums are what they were
        assert reader.points_of("rewards") == before
        assert len(reader.postings(["erased:s1"])) == 1
        assert reader.counters().erased == 2 and reader.counters().quarantine_erased == 1
        assert reader.counters().decided == 2  # they were pending, and nobody will decide them
        assert reader.census(1000).accepted == 1 and reader.census(1000).quarantined == 1

    # and not a word of hers is in any of it
    assert WORDS not in everything(store)


def test_erasing_somebody_leaves_others_as_they_were(store: Store) -> None:
    # given
    fill(store)
    before = of_bob(store)

    # when
    with store.begin() as writer:
        writer.erase(ERASURE)

    # then
    assert of_bob(store) == before


def of_bob(store: Store) -> list[object]:
    with store.reader() as reader:
        return [
            reader.customer("bob"), reader.events_of(["bob"]), reader.decision("d-2"), reader.run("r-2"),
            reader.attempts("r-2"), reader.effects("r-2"), reader.exposures(customers=["bob"]),
            reader.coupons(["bob"]), reader.ask("q-2"), reader.case("c-2"), reader.postings(["bob"]),
            reader.memberships_of("bob"), reader.suppressed("email", "bob@example.com"),
            [entry.message_id for entry in reader.quarantine_list() if entry.customer == "bob"],
            reader.find_answer(Request("k1", "POST", "/v1/other", "key-/v1/other")),
        ]  # fmt: skip


def everything(store: Store) -> str:
    """Everything that can be read of a store."""
    with store.reader() as reader:
        return repr(
            [
                reader.members(None, 100), reader.events(), reader.quarantine_list(), reader.decisions(),
                [(run, reader.attempts(run.id), reader.effects(run.id)) for run in reader.runs()],
                reader.effects(""), reader.exposures(), reader.coupons(["erased:s1"]), reader.asks(),
                reader.cases(), reader.postings(["erased:s1"]), reader.suppressions(),
            ]
        )  # fmt: skip


def test_erasing_an_account_member_hushes_what_the_account_keeps_of_them(store: Store) -> None:
    # given an account with a decision, a run and a case because of ann, and one of its own
    said = {"note": WORDS}
    with store.begin() as writer:
        writer.save([rows.first_save("acme", kind="account")])
        writer.write(
            Changes(
                decisions=[
                    rows.decision("d-1", customer="acme", event=said),
                    rows.decision("d-2", customer="acme", trigger_key="other"),
                ],
                runs={
                    "r-1": rows.run("r-1", customer="acme", event=said),
                    "r-2": rows.run("r-2", customer="acme", key="other"),
                },
                attempts=[rows.attempt("r-1", 1, answers=said)],
                effects=[rows.effect("r-1:0:0", run="r-1", customer="acme", context=said)],
                asks=[rows.ask("q-1", run="r-1", customer="acme", question=WORDS)],
                cases={"c-1": rows.case("c-1", customer="acme", title=WORDS)},
            )
        )
    erasure = Erasure(
        names=("ann",), pseudonym="erased:s1", at=500, related=("acme",),
        speaks_of=lambda value: WORDS in repr(value),
    )  # fmt: skip

    # when
    with store.begin() as writer:
        writer.erase(erasure)

    # then they stay the account's, and say nothing of ann
    with store.reader() as reader:
        assert [run.customer for run in reader.runs()] == ["acme", "acme"]
        assert {run.id: run.status for run in reader.runs()} == {
            "r-1": RunStatus.CANCELLED, "r-2": RunStatus.WAITING,
        }  # fmt: skip
        kept = reader.decision("d-2")
        assert kept is not None and kept.event
        assert reader.ask("q-1") is None
        effect = reader.effect("r-1:0:0")
        assert effect is not None and effect.effect.customer == "acme"
    assert WORDS not in everything(store)


def test_names_are_those_that_anything_is_stored_under(store: Store) -> None:
    with store.begin() as writer:
        writer.add_events([rows.event("m-1", anonymous_id="guest-9")], ["1"])
        writer.quarantine([rows.quarantined("q-1", customer="carl"), rows.quarantined("q-2", customer=None)])
        writer.save([MemberSave(rows.member("dora"), expected=0)])
        writer.bind_alias("guest-2", "dora", 50, "identify")

    with store.reader() as reader:
        assert set(reader.every_name()) == {"ann", "guest-9", "carl", "dora", "guest-2"}
