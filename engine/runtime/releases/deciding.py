"""Deciding: people propose plans, and approve, reject, hurry or take back what goes live.

Each function records what it did. What goes live is marked in the transaction that says so; then
`engine.runtime.releasing.catch_up` brings it about, in this process or in another one if it dies.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import msgspec

from engine.authoring.loader import load, require
from engine.authoring.planning import Plan, changes_between
from engine.errors import ConflictError, ForbiddenError, NotFoundError, RequestError
from engine.model.reasons import ChangeKind, ReleaseCause
from engine.model.values import DAY, Micros
from engine.model.workspace import Workspace
from engine.runtime.releases.standing import LOCAL, NOBODY, Human, before, is_unapproved, same
from engine.runtime.releasing import mark, marked, next_number, release_of
from engine.runtime.secret import SecretError
from engine.runtime.shell import Shell
from engine.runtime.tick import prepare
from engine.store.interface import Reader, Writer
from engine.store.proposing import ChangeRow, PlanRow, ProposalRow, State
from engine.store.records import ReleaseRow
from engine.timeline.ruleset import Ruleset, compile_ruleset

PLANS_KEPT: Micros = 7 * DAY
"""How long a plan may wait to be proposed."""


Decided = TypeVar("Decided", ProposalRow, ReleaseRow)


class _Desk(NamedTuple):
    """A transaction in which somebody decides about releases: the only one of all processes."""

    shell: Shell
    writer: Writer
    now: Micros
    releases: Sequence[ReleaseRow]

    @property
    def live(self) -> ReleaseRow:
        return self.releases[-1]

    def note(self, kind: ChangeKind, number: int, by: Human, hash: str, said: str | None = None) -> None:
        line = ChangeRow(
            at=self.now, kind=kind.value, release=number, by=by.owner, key=by.key, hash=hash, note=said
        )
        self.writer.add_change(line)

    def answer(self, result: Decided) -> Decided:
        """Give what was decided, and keep it for whoever asks again."""
        self.shell.answer(self.writer, result)
        return result


@contextmanager
def _deciding(shell: Shell) -> Generator[_Desk]:
    now = shell.instants.take()
    prepare(shell, now)
    with shell.store.alone(), shell.store.begin() as writer:
        if writer.marks().releasing is not None:
            raise ConflictError("another release is going live just now; try again", code="going_live")
        yield _Desk(shell, writer, now, writer.releases())


def keep_plan(shell: Shell, plan: PlanRow) -> PlanRow:
    """Keep a plan until it is proposed, and let old ones go."""
    now = shell.instants.take()
    kept = msgspec.structs.replace(plan, at=now)
    with shell.store.begin() as writer:
        writer.drop_plans(now - PLANS_KEPT)
        writer.save_plan(kept)
    return kept


def propose(shell: Shell, token: str, by: Human, note: str | None, replaces: int | None) -> ProposalRow:
    """Put a plan before the others; it takes the place of an earlier proposal where that is named.

    `NotFoundError` for a token that no plan has, `ConflictError` where other files are live by now,
    `RequestError` for a plan of which the workspace's own tests fail or that changes nothing.
    """
    _check_human(shell, by)
    with _deciding(shell) as desk:
        plan = desk.writer.plan(token)
        if plan is None:
            raise NotFoundError(f"there is no plan {token}; make one of the files, and propose that")
        _check_base(shell, desk, plan.base, "this plan")
        report = msgspec.json.decode(plan.report, type=Plan)
        if not report.changes:
            raise RequestError("this plan changes nothing; change a file first", code="nothing_to_do")
        if report.tests is not None and report.tests.failed:
            raise RequestError(
                f"{report.tests.failed} of the workspace's own tests fail; mend them, and plan again",
                code="tests_failed",
            )
        if replaces is not None:
            _replace(desk, replaces, by)
        for each in desk.writer.proposals():
            if (each.token, each.state) == (token, "open"):
                raise ConflictError(
                    f"the same content is proposed already; look at {each.number}", code="proposed"
                )
        for path, text in plan.texts.items():
            desk.writer.save_definition(plan.files[path], text)
        made = ProposalRow(
            number=next_number(desk.writer),
            state="open",
            at=desk.now,
            token=token,
            base=plan.base,
            author=by.owner,
            key=by.key,
            note=note,
            files=plan.files,
            report=plan.report,
        )
        desk.writer.save_proposal(made)
        desk.note(ChangeKind.PROPOSED, made.number, by, token, note)
        return desk.answer(made)


def _replace(desk: _Desk, number: int, by: Human) -> None:
    old = _open(desk, number)
    if not same(old.author, by.owner):
        detail = f"proposal {number} is {old.author}'s; ask them to replace it"
        raise ForbiddenError(detail, code="not_yours")
    _set(desk, old, "replaced")
    desk.note(ChangeKind.REPLACED, number, by, old.token)


def approve(shell: Shell, number: int, hash: str, by: Human, note: str | None) -> ProposalRow:
    """Say yes to a proposal, on its very content: from then on it goes live.

    An emergency that is live is approved in the same way, and stays. `ForbiddenError` for its author,
    and for whoever made an emergency live; `ConflictError` for another hash, for a proposal that is no
    longer open, and where other files are live by now.
    """
    _check_human(shell, by)
    with _deciding(shell) as desk:
        proposal = _known(desk, number)
        if proposal.token != hash:
            raise ConflictError(
                f"the content of proposal {number} has another hash; look at it again: {proposal.token}",
                code="other_content",
            )
        if proposal.state == "accepted":
            return desk.answer(_approve_emergency(desk, proposal, by, note))
        _open(desk, number)
        alone = _may_alone(shell, by, proposal)
        if same(proposal.author, by.owner) and not alone:
            raise ForbiddenError(
                f"{proposal.author} wrote proposal {number}; ask another human to approve it",
                code="own_approval",
            )
        _check_base(shell, desk, proposal.base, f"proposal {number}")
        ruleset = _ready(shell, desk.writer, proposal.files)
        cause = ReleaseCause.START if alone else ReleaseCause.APPROVED
        made = release_of(
            ruleset,
            number,
            desk.now,
            cause.value,
            author=proposal.author,
            actor=by.owner,
            approver=None if alone else by.owner,
            token=proposal.token,
            note=note,
        )
        accepted = desk.answer(_set(desk, proposal, "accepted"))
        mark(desk.writer, made, ChangeKind.STARTED if alone else ChangeKind.APPROVED, by.key)
    marked()
    return accepted


def _check_human(shell: Shell, by: Human) -> None:
    """Refuse who may be anybody, where it matters that two humans are two."""
    required = shell.ruleset.workspace.settings.releases.approval == "required"
    if required and any(same(by.owner, name) for name in NOBODY):
        raise ForbiddenError(
            f"{by.owner} names no human, and these files ask for two; use a key of your own",
            code="no_human",
        )


def _may_alone(shell: Shell, by: Human, proposal: ProposalRow) -> bool:
    """Tell whether whoever has this machine may go on alone, as they could by a start on the folder."""
    approval = shell.ruleset.workspace.settings.releases.approval
    return approval == "local" and (by.owner, by.key, proposal.author) == (LOCAL, LOCAL, LOCAL)


def _approve_emergency(desk: _Desk, proposal: ProposalRow, by: Human, note: str | None) -> ProposalRow:
    live = desk.live
    if live.number != proposal.number or not is_unapproved(live):
        raise ConflictError(
            f"proposal {proposal.number} is accepted already, and there is nothing left to do",
            code="accepted",
        )
    for involved in (live.author, live.actor):
        if same(involved, by.owner):
            raise ForbiddenError(
                f"{involved} had a part in the emergency {live.number}; ask another human to approve it",
                code="own_approval",
            )
    desk.writer.approve_emergency(live.number, by.owner)
    desk.note(ChangeKind.APPROVED, live.number, by, proposal.token, note)
    return proposal


def reject(shell: Shell, number: int, by: Human, note: str, *, own_only: bool) -> ProposalRow:
    """Say no to a proposal; with `own_only` nobody but its author may."""
    with _deciding(shell) as desk:
        proposal = _open(desk, number)
        if own_only and not same(proposal.author, by.owner):
            raise ForbiddenError(
                f"proposal {number} is not yours to take back; ask its author", code="not_yours"
            )
        desk.note(ChangeKind.REJECTED, number, by, proposal.token, note)
        return desk.answer(_set(desk, proposal, "rejected"))


def hurry(shell: Shell, number: int, reason: str, by: Human) -> ProposalRow:
    """Make a proposal live at once, for a while: another human may approve it yet, else it goes back."""
    _check_human(shell, by)
    with _deciding(shell) as desk:
        proposal = _open(desk, number)
        _check_base(shell, desk, proposal.base, f"proposal {number}")
        ruleset = _ready(shell, desk.writer, proposal.files)
        _check_approval_kept(shell, ruleset.workspace)
        made = release_of(
            ruleset,
            number,
            desk.now,
            ReleaseCause.EMERGENCY.value,
            author=proposal.author,
            actor=by.owner,
            token=proposal.token,
            note=reason,
        )
        accepted = desk.answer(_set(desk, proposal, "accepted"))
        mark(desk.writer, made, ChangeKind.EMERGENCY, by.key)
    marked()
    return accepted


def roll_back(shell: Shell, number: int, to: int | None, reason: str | None, by: Human) -> ReleaseRow:
    """Go back from the release that is live to what was live before it, or to the one that is named.

    They were approved when they went live, so that one person is enough. `ConflictError` where there is
    nothing before, or what is named was never approved.
    """
    with _deciding(shell) as desk:
        if number != desk.live.number:
            raise ConflictError(
                f"release {number} is not live; name {desk.live.number}, which is", code="stale"
            )
        target = before(desk.releases) if to is None else desk.writer.release(to)
        if target is None:
            if to is not None:
                raise NotFoundError(f"there is no release {to}; look it up in GET /v1/releases")
            raise ConflictError(
                "nothing was live before, and there is nothing to go back to", code="nothing_before"
            )
        if is_unapproved(target):
            detail = f"release {target.number} was never approved; make a proposal of its files"
            raise ConflictError(detail, code="not_approved")
        if target.hash == desk.live.hash:
            raise ConflictError(
                f"the files of release {target.number} are live, and there is nothing to go back to",
                code="nothing_to_do",
            )
        ruleset = _ready(shell, desk.writer, target.files)
        _check_approval_kept(shell, ruleset.workspace)
        made = release_of(
            ruleset,
            next_number(desk.writer),
            desk.now,
            ReleaseCause.ROLLBACK.value,
            author=by.owner,
            actor=by.owner,
            of=target.number,
            note=reason,
        )
        mark(desk.writer, desk.answer(made), ChangeKind.ROLLED_BACK, by.key)
    marked()
    return made


def _known(desk: _Desk, number: int) -> ProposalRow:
    proposal = desk.writer.proposal(number)
    if proposal is None:
        raise NotFoundError(f"there is no proposal {number}; look it up in GET /v1/releases")
    return proposal


def _open(desk: _Desk, number: int) -> ProposalRow:
    proposal = _known(desk, number)
    if proposal.state != "open":
        raise ConflictError(
            f"proposal {number} is {proposal.state}; name one that is open", code=proposal.state
        )
    return proposal


def _set(desk: _Desk, proposal: ProposalRow, state: State) -> ProposalRow:
    changed = msgspec.structs.replace(proposal, state=state)
    desk.writer.save_proposal(changed)
    return changed


def _check_base(shell: Shell, desk: _Desk, base: int, what: str) -> None:
    """Refuse what was planned against files that are no longer live, and say what has changed since."""
    live = desk.live
    if base == live.number:
        return
    planned = desk.writer.release(base)
    since = changes_between(*(_read(shell, desk.writer, row.files) for row in (planned or live, live)))
    raise ConflictError(
        f"{what} stands on release {base}, and {live.number} is live; plan again",
        code="stale",
        errors=[(f"/{change.file}", change.change, f"{change.kind} {change.id}".strip()) for change in since],
    )


def _read(shell: Shell, reader: Reader, files: dict[str, str]) -> Workspace:
    texts = {path: (reader.definition(sha256) or "").encode() for path, sha256 in files.items()}
    return require(load(texts, shell.equip.known))


def _ready(shell: Shell, reader: Reader, files: dict[str, str]) -> Ruleset:
    """Compile what is to go live, and see that this machine has what it asks for."""
    workspace = _read(shell, reader, files)
    try:
        shell.equip.actions(workspace.settings)
    except SecretError as error:
        raise ConflictError(str(error), code="secret_missing") from error
    return compile_ruleset(workspace, shell.equip.known)


def _check_approval_kept(shell: Shell, workspace: Workspace) -> None:
    """Refuse that one person alone does away with the second one."""
    live = shell.ruleset.workspace.settings.releases.approval
    if live == "required" and workspace.settings.releases.approval != "required":
        raise ConflictError(
            "these files say `approval: local`; one person alone cannot make that so, propose it",
            code="approval_loosened",
        )
