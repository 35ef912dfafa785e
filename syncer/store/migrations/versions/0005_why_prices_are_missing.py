"""Prices that were asked for and not found, and why."""

import sqlalchemy as sa
from alembic import op

from syncer.store.types import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REASONS = "reason IN ('no_price', 'rate_limited', 'unreachable', 'asset_unknown')"


def upgrade() -> None:
    op.create_table(
        "price_gap",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("tried_at", UtcTime(), nullable=False),
        sa.CheckConstraint(REASONS, name=op.f("ck_price_gap_reason")),
        sa.PrimaryKeyConstraint("asset", "at", name=op.f("pk_price_gap")),
    )
