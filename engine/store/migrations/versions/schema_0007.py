"""Experiments: arm, salt and design of exposures, those of splits, and when goals were reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT_ONCE = 1000

# Documents name fields by their place; those of the first releases by their name.
GOAL_AT = (28, "goal_at")
SALT, ARM = (3, "salt"), (5, "arm")

RUN = sa.table(
    "run",
    sa.column("id", sa.Text),
    sa.column("goal_at", sa.BigInteger),
    sa.column("document", sa.LargeBinary),
)


def upgrade() -> None:
    """Add the columns, and fill them from the documents."""
    with op.batch_alter_table("run") as change:
        change.add_column(sa.Column("goal_at", sa.BigInteger(), autoincrement=False, nullable=True))
    for rows in _pages(RUN, "id"):
        reached = [(id, _read(document, GOAL_AT)) for id, _, document in rows]
        _set_run([{"b_id": id, "goal_at": at} for id, at in reached if at is not None], "goal_at")
    old = _renamed()
    new = _create("run", "split")
    for rows in _pages(old, "run"):
        op.bulk_insert(
            new,
            [
                {
                    "run": run,
                    "split": "",
                    "workflow": workflow,
                    "customer": customer,
                    "at": at,
                    "arm": _read(document, ARM),
                    "salt": _read(document, SALT),
                    "design": "",
                    "document": document,
                }
                for run, workflow, customer, at, document in rows
            ],
        )
    op.drop_table("exposure_before")


def downgrade() -> None:
    """Put what the documents held back into them. Exposures to splits were not kept."""
    for rows in _pages(RUN, "id"):
        reached = [(id, at, document) for id, at, document in rows if at is not None]
        _set_run(
            [{"b_id": id, "document": _put(document, {GOAL_AT: at})} for id, at, document in reached],
            "document",
        )
    with op.batch_alter_table("run") as change:
        change.drop_column("goal_at")
    old = _renamed("arm", "salt", "split")
    new = _create("run")
    for rows in _pages(old, "run", "split"):
        op.bulk_insert(
            new,
            [
                {
                    "run": run,
                    "workflow": workflow,
                    "customer": customer,
                    "at": at,
                    "document": _put(document, {ARM: arm, SALT: salt}),
                }
                for run, workflow, customer, at, document, arm, salt, split in rows
                if not split
            ],
        )
    op.drop_table("exposure_before")


def _renamed(*more: str) -> sa.TableClause:
    op.drop_index("exposure_customer", "exposure")
    op.drop_index("exposure_workflow", "exposure")
    op.rename_table("exposure", "exposure_before")
    if op.get_bind().dialect.name == "postgresql":
        # The index of the key keeps its name, which the new table's is to have.
        op.execute("ALTER INDEX exposure_pkey RENAME TO exposure_before_pkey")
    columns = ("run", "workflow", "customer", "at", "document", *more)
    return sa.table("exposure_before", *(sa.column(name) for name in columns))


def _create(*key: str) -> sa.Table:
    """Make the table of exposures, with the columns that a key of this kind has had."""
    drawn = ("arm", "salt", "design") if "split" in key else ()
    table = op.create_table(
        "exposure",
        *(sa.Column(name, TEXT, nullable=False) for name in key),
        sa.Column("workflow", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in drawn),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
    )
    op.create_index("exposure_customer", "exposure", ["customer"])
    op.create_index("exposure_workflow", "exposure", ["workflow", "at", "run"])
    return table


def _pages(table: sa.TableClause, *key: str) -> Iterator[list[Any]]:
    """Give a table's rows, so many at a time, in the order of its key."""
    place = sa.tuple_(*(table.c[name] for name in key))
    after: tuple[str, ...] = ("",) * len(key)
    while True:
        page = sa.select(table).where(place > sa.tuple_(*after)).order_by(*(table.c[name] for name in key))
        rows = list(op.get_bind().execute(page.limit(AT_ONCE)).all())
        if not rows:
            return
        yield rows
        after = tuple(getattr(rows[-1], name) for name in key)


def _set_run(rows: list[dict[str, Any]], column: str) -> None:
    if rows:
        statement = sa.update(RUN).where(RUN.c.id == sa.bindparam("b_id"))
        op.get_bind().execute(statement.values({column: sa.bindparam(column)}), rows)


def _read(document: bytes, field: tuple[int, str]) -> Any:
    found = msgspec.msgpack.decode(bytes(document))
    place, name = field
    return found.get(place, found.get(name))


def _put(document: bytes, fields: dict[tuple[int, str], Any]) -> bytes:
    found = msgspec.msgpack.decode(bytes(document))
    return msgspec.msgpack.encode({**found, **{place: value for (place, _), value in fields.items()}})
