"""Identifications of one sale, the road of a lot, wash sales."""

import sqlalchemy as sa
from alembic import op

from syncer.store.types import ExactDecimal, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RULES = "rule IN ('fifo', 'lifo', 'hifo', 'lofo', 'tax_min', 'named')"


def upgrade() -> None:
    with op.batch_alter_table("identification") as table:
        table.drop_constraint(op.f("ck_identification_rule"), type_="check")
        table.create_check_constraint(op.f("ck_identification_rule"), RULES)
        table.add_column(sa.Column("lots", sa.Text(), nullable=True))
        table.add_column(sa.Column("before_at", UtcTime(), nullable=True))
        table.add_column(sa.Column("given_to_broker_at", UtcTime(), nullable=True))
    with op.batch_alter_table("lot") as table:
        table.add_column(sa.Column("held_from", UtcTime(), nullable=True))
        table.add_column(sa.Column("unallocated", sa.Boolean(), nullable=False, server_default="0"))
        table.add_column(sa.Column("road", sa.Text(), nullable=False, server_default="[]"))
        table.alter_column("unallocated", server_default=None)
        table.alter_column("road", server_default=None)
    with op.batch_alter_table("disposal") as table:
        table.add_column(sa.Column("washed_usd", ExactDecimal(), nullable=False, server_default="0"))
        table.alter_column("washed_usd", server_default=None)
