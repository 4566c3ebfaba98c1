"""Add the table of mispredictions that were sent to a sink."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "told",
        sa.Column("sink", sa.Text(), nullable=False),
        sa.Column("feedback_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sink", "feedback_id", name=op.f("pk_told")),
    )
