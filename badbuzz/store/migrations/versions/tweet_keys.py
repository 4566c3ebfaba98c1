"""Add the network to the keys of sampled, deleted and shown tweets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TWEET = ("brand", "tweet_id", "network")
_KEYS = {
    "sample": _TWEET,
    "deletions": _TWEET,
    "examples": (*_TWEET, "alert_id", "phase", "window_end_ms"),
}


def upgrade() -> None:
    """Replace the primary keys; the network of examples that exist is not known."""
    op.add_column("examples", sa.Column("network", sa.Text(), nullable=False, server_default=""))
    for table, columns in _KEYS.items():
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"pk_{table}"), type_="primary")
            batch.create_primary_key(op.f(f"pk_{table}"), list(columns))
