"""Which corrections a sink was told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; so far no sink was told of any."""
    op.create_table(
        "told",
        sa.Column("sink", sa.Text(), nullable=False),
        sa.Column("feedback_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sink", "feedback_id", name=op.f("pk_told")),
    )
