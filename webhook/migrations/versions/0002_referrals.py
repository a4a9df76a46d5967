"""Referrals, their events (append-only), alerts to contacts, messages that wait for the person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "referrals",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, nullable=False, unique=True),
        sa.Column("conversation_id", sa.Text, index=True),
        sa.Column("other_id", sa.Text, index=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("urgency", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary),
        sa.Column("code_hash", sa.Text),
        sa.Column("holder", sa.Text, nullable=False, server_default=""),
        sa.Column("news", sa.Text, nullable=False, server_default=""),
        sa.Column("asked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("relay", sa.Text, nullable=False, server_default=""),
        sa.Column("unlocked_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("waiting_since_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("danger_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("closed_ms", sa.BigInteger, index=True),
    )
    op.create_index("referrals_state", "referrals", ["state"])
    op.create_table(
        "referral_events",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("referral_id", sa.Text, nullable=False, index=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "referral_alerts",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("referral_id", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("way", sa.Integer, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("outbox_seq", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("referral_id", "step", name="referral_alerts_step"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "referral_messages",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("referral_id", sa.Text, nullable=False, index=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER referral_events_append_only BEFORE UPDATE ON referral_events"
            " BEGIN SELECT RAISE(ABORT, 'referral_events is append-only'); END"
        )
    else:
        op.execute(
            "CREATE FUNCTION referral_events_append_only() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'referral_events is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER referral_events_append_only BEFORE UPDATE ON referral_events"
            " FOR EACH ROW EXECUTE FUNCTION referral_events_append_only()"
        )


def downgrade() -> None:
    for table in ("referral_messages", "referral_alerts", "referral_events", "referrals"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION referral_events_append_only()")
