"""Messages that callers leave for contacts, and attempts at a PIN by caller."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "voice_messages",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("referral_id", sa.Text, index=True),
        sa.Column("conversation_id", sa.Text, index=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("opening", sa.LargeBinary),
        sa.Column("audio", sa.LargeBinary),
        sa.Column("at_provider", sa.Integer, nullable=False, server_default="1"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pin_attempts",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", sa.Text, nullable=False, index=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for table in ("pin_attempts", "voice_messages"):
        op.drop_table(table)
