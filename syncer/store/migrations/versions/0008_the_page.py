"""Who may use the page, what looks at holdings saw, and what pages of a long ledger are found by."""

import sqlalchemy as sa
from alembic import op

from syncer.store.types import ROW_ID, ExactDecimal, PlainText, UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_tables()
    with op.batch_alter_table("leg") as table:
        table.drop_index("ix_leg_account")
        table.add_column(sa.Column("at", UtcTime(), nullable=False, server_default=""))
    leg, event = (
        sa.table(name, sa.column("event_id"), sa.column("at")) for name in ("leg", "event")
    )
    at = sa.select(event.c.at).where(event.c.event_id == leg.c.event_id).scalar_subquery()
    op.execute(sa.update(leg).values(at=at))
    with op.batch_alter_table("leg") as table:
        table.alter_column("at", existing_type=UtcTime(), server_default=None)
    op.create_index("ix_leg_account_at_event_id", "leg", ["account", "at", "event_id"])
    op.create_index("ix_leg_asset_at_event_id", "leg", ["asset", "at", "event_id"])
    op.drop_index("ix_event_at", "event")
    op.drop_index("ix_event_kind", "event")
    op.create_index("ix_event_at_event_id", "event", ["at", "event_id"])
    op.create_index("ix_event_kind_at_event_id", "event", ["kind", "at", "event_id"])
    told = sa.text("txid IS NOT NULL")
    op.create_index("ix_event_txid", "event", ["txid"], sqlite_where=told, postgresql_where=told)
    op.drop_index("ix_disposal_disposed_at", "disposal")
    op.create_index(
        "ix_disposal_disposed_at_disposal_id", "disposal", ["disposed_at", "disposal_id"]
    )
    op.create_index("ix_disposal_lot_id", "disposal", ["lot_id"])
    op.create_index("ix_lot_acquired_at_ordinal", "lot", ["acquired_at", "ordinal"])


def _make_tables() -> None:
    op.create_table(
        "owner",
        sa.Column("role", PlainText(), nullable=False),
        sa.Column("password_hash", PlainText(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.Column("last_code", PlainText(), nullable=True),
        sa.Column("set_at", UtcTime(), nullable=False),
        sa.CheckConstraint("role IN ('owner')", name=op.f("ck_owner_role")),
        sa.PrimaryKeyConstraint("role", name="pk_owner"),
    )
    op.create_table(
        "web_session",
        sa.Column("token_hash", PlainText(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_web_session"),
    )
    op.create_table(
        "api_token",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("token_hash", PlainText(), nullable=False),
        sa.Column("scopes", PlainText(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("name", name="uq_api_token_name"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_table(
        "setup_link",
        sa.Column("token_hash", PlainText(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_setup_link"),
    )
    op.create_table(
        "setting",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", PlainText(), nullable=False),
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("value", PlainText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_setting"),
    )
    op.create_table(
        "opening",
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("account", PlainText(), nullable=False),
        sa.Column("asset", PlainText(), nullable=False),
        sa.Column("price", ExactDecimal(), nullable=False),
        sa.Column("loss_short_usd", ExactDecimal(), nullable=False),
        sa.Column("loss_long_usd", ExactDecimal(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("at", "account", "asset", name="pk_opening"),
    )
