"""Crawling: notices, what changed, what was asked, what the index has to read again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_url", sa.String(), nullable=True),
        sa.Column("retrieved_at", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("field_sources", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key", "notice"),
    )
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("table", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_change_at", "change", ["at"], unique=False)
    op.create_index("ix_change_key", "change", ["key"], unique=False)
    op.create_table(
        "asked",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("fresh_until", sa.String(), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("modified", sa.String(), nullable=True),
        sa.Column("follow", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("request"),
    )
    op.create_table(
        "touched",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_touched_generation"), "touched", ["generation"], unique=False)
    for table in ("result", "link", "repository"):
        op.add_column(table, sa.Column("added_at", sa.String(), nullable=True))
    op.add_column("harvest", sa.Column("next_allowed", sa.String(), nullable=True))
    op.add_column(
        "harvest", sa.Column("requests", sa.Integer(), nullable=False, server_default="0")
    )
