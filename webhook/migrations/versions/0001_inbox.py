"""Conversations, inbox, outbox, messages shown on Telegram, counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite counts only INTEGER keys by itself.
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("stopped", sa.SmallInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("conversations_updated", "conversations", ["updated_ms"])
    op.create_table(
        "inbox",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("repeat_key", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("worker", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("missed", sa.SmallInteger, nullable=False),
        sa.Column("accepted_ms", sa.BigInteger, nullable=False),
        sa.Column("answered_ms", sa.BigInteger),
        sa.UniqueConstraint("channel", "repeat_key", name="inbox_repeat_key"),
        sqlite_autoincrement=True,
    )
    unanswered = sa.text("answered_ms IS NULL")
    op.create_index(
        "inbox_unanswered",
        "inbox",
        ["conversation_id", "id"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )
    op.create_index("inbox_conversation", "inbox", ["conversation_id"])
    op.create_index("inbox_accepted", "inbox", ["accepted_ms"])
    op.create_table(
        "outbox",
        sa.Column("seq", _KEY, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("unsolicited", sa.SmallInteger, nullable=False),
        sa.Column("forget", sa.SmallInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Text),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("attempted_ms", sa.BigInteger),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    queued = sa.text("status = 'queued'")
    op.create_index("outbox_queued", "outbox", ["lane", "seq"], sqlite_where=queued, postgresql_where=queued)
    op.create_index("outbox_lane", "outbox", ["lane"])
    op.create_index("outbox_created", "outbox", ["created_ms"])
    op.create_index("outbox_provider_id", "outbox", ["provider_id"])
    op.create_table(
        "shown",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", sa.Text, nullable=False, index=True),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False, index=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "counts",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("detail", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("language", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    for table in ("counts", "shown", "outbox", "inbox", "conversations"):
        op.drop_table(table)
