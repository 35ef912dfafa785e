"""The transfers that brought the lot of a disposal to where it was disposed of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("disposal") as table:
        table.add_column(sa.Column("road", sa.Text(), nullable=False, server_default="[]"))
    with op.batch_alter_table("disposal") as table:
        table.alter_column("road", server_default=None)
    # what was derived before is derived anew by the first command
    op.execute(sa.delete(sa.table("derivation")))
