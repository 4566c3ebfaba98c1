"""Create the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    _make_positions()
    _make_windows()
    _make_alerts()
    _make_phases()
    _make_sample()
    _make_feedback_and_rulings()
    _make_keys_and_audit()


def _number() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("number", kind, autoincrement=True, nullable=False)


def _make_positions() -> None:
    op.create_table(
        "positions",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_positions")),
    )
    op.create_table(
        "brands",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last_start_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("brand", name=op.f("pk_brands")),
    )


def _make_windows() -> None:
    op.create_table(
        "windows",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("n_negative", sa.BigInteger(), nullable=False),
        sa.Column("n_unvalidated", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("expected_low", sa.Double(), nullable=False),
        sa.Column("expected_high", sa.Double(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("adjusted_rate", sa.Double(), nullable=True),
        sa.Column("baseline_rate", sa.Double(), nullable=False),
        sa.Column("adjusted_baseline_rate", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("scale_min", sa.BigInteger(), nullable=False),
        sa.Column("p_value", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("absent", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("partition", sa.BigInteger(), nullable=False),
        sa.Column("source_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand", "start_ms", name=op.f("pk_windows")),
    )
    op.create_index("ix_windows_origin", "windows", ["partition", "source_offset"])


def _make_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("window_end_ms", sa.BigInteger(), nullable=False),
        sa.Column("peak_score", sa.Double(), nullable=False),
        sa.Column("partition", sa.BigInteger(), nullable=False),
        sa.Column("source_offset", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_brand", "alerts", ["brand", "opened_ms", "id"])
    op.create_index("ix_alerts_opened", "alerts", ["opened_ms", "id"])


def _make_phases() -> None:
    op.create_table(
        "alert_phases",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("window_end_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("partition", sa.BigInteger(), nullable=False),
        sa.Column("source_offset", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_phases_alerts")),
        sa.PrimaryKeyConstraint("alert_id", "phase", "window_end_ms", name=op.f("pk_alert_phases")),
    )
    op.create_index("ix_alert_phases_origin", "alert_phases", ["partition", "source_offset"])
    op.create_table(
        "examples",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("tweet_id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("window_end_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id", "phase", "window_end_ms"],
            ["alert_phases.alert_id", "alert_phases.phase", "alert_phases.window_end_ms"],
            name=op.f("fk_examples_alert_phases"),
        ),
        sa.PrimaryKeyConstraint(
            "brand", "tweet_id", "alert_id", "phase", "window_end_ms", name=op.f("pk_examples")
        ),
    )


def _make_sample() -> None:
    op.create_table(
        "sample",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("tweet_id", sa.Text(), nullable=False),
        sa.Column("window_start_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("n_retweets", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("doubt", sa.Double(), nullable=True),
        sa.Column("negative", sa.Boolean(), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("partition", sa.BigInteger(), nullable=False),
        sa.Column("source_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand", "tweet_id", name=op.f("pk_sample")),
    )
    op.create_index("ix_sample_recorded", "sample", ["recorded_ms"])
    op.create_index("ix_sample_created", "sample", ["brand", "created_ms", "tweet_id"])
    op.create_index("ix_sample_time", "sample", ["created_ms"])
    op.create_index("ix_sample_tweet", "sample", ["tweet_id"])
    op.create_index("ix_sample_window", "sample", ["brand", "window_start_ms"])
    op.create_table(
        "deletions",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("tweet_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("partition", sa.BigInteger(), nullable=False),
        sa.Column("source_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand", "tweet_id", name=op.f("pk_deletions")),
    )


def _make_feedback_and_rulings() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("tweet_id", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("predicted", sa.Boolean(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_at", "feedback", ["at_ms"])
    op.create_index("ix_feedback_tweet", "feedback", ["tweet_id"])
    op.create_table(
        "rulings",
        _number(),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_rulings_alerts")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rulings")),
    )
    op.create_index("ix_rulings_alert", "rulings", ["alert_id"])
    op.create_index("ix_rulings_at", "rulings", ["at_ms"])


def _make_keys_and_audit() -> None:
    op.create_table(
        "keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
        sa.UniqueConstraint("prefix"),
    )
    op.create_table(
        "audit",
        _number(),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
