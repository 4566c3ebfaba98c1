"""Add the network of sampled tweets, and of the records that deleted or edited some."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the network of rows that exist is not known."""
    for table in ("sample", "deletions"):
        op.add_column(table, sa.Column("network", sa.Text(), nullable=False, server_default=""))
