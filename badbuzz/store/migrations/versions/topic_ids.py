"""Add the id of the topic that a position belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the id is not known before the next row is recorded."""
    op.add_column("positions", sa.Column("topic_id", sa.Text(), nullable=False, server_default=""))
