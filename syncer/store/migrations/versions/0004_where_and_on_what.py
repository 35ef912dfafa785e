"""The network of an event, and the settings that what it is rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("event") as table:
        table.add_column(sa.Column("network", sa.Text(), nullable=True))
        table.add_column(sa.Column("rests_on", sa.Text(), nullable=False, server_default="[]"))
    with op.batch_alter_table("event") as table:
        table.alter_column("rests_on", server_default=None)
    # what was derived before is derived anew by the first command
    op.execute(sa.delete(sa.table("derivation")))
