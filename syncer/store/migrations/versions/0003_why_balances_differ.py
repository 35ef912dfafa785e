"""The likely reason beside each reported balance that differs; pulls whose key was refused."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("reported_balance") as table:
        table.add_column(sa.Column("detail", sa.Text(), nullable=True))
    with op.batch_alter_table("pull") as table:
        table.drop_constraint(op.f("ck_pull_outcome"), type_="check")
        table.create_check_constraint(
            op.f("ck_pull_outcome"), "outcome IN ('running', 'done', 'failed', 'refused')"
        )

