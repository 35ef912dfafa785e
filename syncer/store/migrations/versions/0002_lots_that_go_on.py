"""Identifications of one sale, lots that a replay goes on from, totals, wash sales."""

import sqlalchemy as sa
from alembic import op

from syncer.store.types import ExactDecimal, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RULES = "rule IN ('fifo', 'lifo', 'hifo', 'lofo', 'tax_min', 'named')"


def upgrade() -> None:
    # derived rows are derived anew by the first command; the rows of before lack what is added here
    for name in ("lot", "disposal"):
        op.execute(sa.delete(sa.table(name)))
    with op.batch_alter_table("identification") as table:
        table.drop_constraint(op.f("ck_identification_rule"), type_="check")
        table.create_check_constraint(op.f("ck_identification_rule"), RULES)
        table.add_column(sa.Column("lots", sa.Text(), nullable=True))
        table.add_column(sa.Column("before_at", UtcTime(), nullable=True))
        table.add_column(sa.Column("given_to_broker_at", UtcTime(), nullable=True))
    with op.batch_alter_table("lot") as table:
        table.add_column(sa.Column("held_from", UtcTime(), nullable=True))
        table.add_column(sa.Column("unallocated", sa.Boolean(), nullable=False))
        table.add_column(sa.Column("road", sa.Text(), nullable=False))
        for name in ("whole", "replacing"):
            table.add_column(sa.Column(name, ExactDecimal(), nullable=False))
        table.add_column(sa.Column("whole_basis_usd", ExactDecimal(), nullable=True))
        table.add_column(sa.Column("whole_gift_value", ExactDecimal(), nullable=True))
        table.add_column(sa.Column("bought", sa.Boolean(), nullable=False))
        name = table.f("ix_lot_pool_asset_acquired_at")
        table.create_index(name, ["pool", "asset", "acquired_at"])
    where = sa.text("gaps <> '[]'")
    for name in ("event", "disposal"):
        op.create_index(
            op.f(f"ix_{name}_gaps"), name, ["gaps"], sqlite_where=where, postgresql_where=where
        )
    with op.batch_alter_table("entry") as table:
        table.create_index(table.f("ix_entry_source_group_key"), ["source", "group_key"])
    with op.batch_alter_table("disposal") as table:
        table.add_column(sa.Column("washed_usd", ExactDecimal(), nullable=False))
        for name in ("leg", "part"):
            table.add_column(sa.Column(name, sa.Integer(), nullable=False))
    op.create_table(
        "year_total",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("short_usd", ExactDecimal(), nullable=False),
        sa.Column("long_usd", ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_year_total")),
    )
    op.create_table(
        "queue",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "asset", name=op.f("pk_queue")),
    )
    op.create_table(
        "derivation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("raw_records", sa.Integer(), nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("identifications", sa.Integer(), nullable=False),
        sa.Column("prices", sa.Integer(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("goes_on", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_derivation")),
    )
