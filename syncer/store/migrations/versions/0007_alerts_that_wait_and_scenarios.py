"""Alerts that are confirmed by time, snoozed, urgent or put off to a digest; saved scenarios."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("alert") as table:
        table.add_column(sa.Column("over_since", sa.Text(), nullable=True))
        table.add_column(sa.Column("told_usd", sa.Text(), nullable=False, server_default="0"))
        table.add_column(sa.Column("snoozed_until", sa.Text(), nullable=True))
    with op.batch_alter_table("outbox") as table:
        table.alter_column("channel", existing_type=sa.Integer(), type_=sa.Text(), nullable=False)
        table.add_column(sa.Column("urgent", sa.Boolean(), nullable=False, server_default="0"))
        table.add_column(sa.Column("in_digest", sa.Boolean(), nullable=False, server_default="0"))
    op.create_table(
        "scenario",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_scenario"),
    )
    with op.batch_alter_table("alert") as table:
        table.alter_column("told_usd", server_default=None)
    with op.batch_alter_table("outbox") as table:
        table.alter_column("urgent", server_default=None)
        table.alter_column("in_digest", server_default=None)
