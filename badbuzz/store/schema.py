"""Table definitions. After a change, add a revision to ``migrations/``."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from badbuzz.store.column_types import AnyInt, AnyText

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
    }
)

_Counter: Final = BigInteger().with_variant(Integer, "sqlite")
"""Type of generated numbers; SQLite generates numbers for INTEGER columns only."""


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, AnyText, nullable=False, **more)


def _int(name: str, **more: Any) -> Column[int]:
    return Column(name, AnyInt, nullable=False, **more)


def _float(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _origin() -> tuple[Column[int], Column[int]]:
    """Return columns for the source of a row: partition of the recorded topic, and offset."""
    return _int("partition"), _int("source_offset")


positions: Final = Table(
    "positions",
    metadata,
    _text("topic", primary_key=True),
    _int("partition", primary_key=True, autoincrement=False),
    _int("next_offset"),
    _text("topic_id", server_default=""),
)

brands: Final = Table(
    "brands",
    metadata,
    _text("brand", primary_key=True),
    Column("last_start_ms", AnyInt),
)

windows: Final = Table(
    "windows",
    metadata,
    _text("brand", primary_key=True),
    _int("start_ms", primary_key=True, autoincrement=False),
    _int("end_ms"),
    _int("n"),
    _int("n_negative"),
    _int("n_unvalidated"),
    _float("expected"),
    _float("expected_low"),
    _float("expected_high"),
    Column("rate", Double),
    Column("adjusted_rate", Double),
    _float("baseline_rate"),
    _float("adjusted_baseline_rate"),
    _float("score"),
    _int("scale_min"),
    _float("p_value"),
    _text("state"),
    _text("alert_id"),
    _text("absent"),
    _text("bundle"),
    *_origin(),
    Index("ix_windows_origin", "partition", "source_offset"),
)

alerts: Final = Table(
    "alerts",
    metadata,
    _text("id", primary_key=True),
    _text("brand"),
    _text("phase"),
    _text("severity"),
    _int("opened_ms"),
    _int("window_end_ms"),
    _float("peak_score"),
    *_origin(),
    Column("acknowledged_by", AnyText),
    Column("acknowledged_ms", AnyInt),
    Index("ix_alerts_opened", "opened_ms", "id"),
    Index("ix_alerts_brand", "brand", "opened_ms", "id"),
)

alert_phases: Final = Table(
    "alert_phases",
    metadata,
    Column("alert_id", AnyText, ForeignKey("alerts.id"), primary_key=True),
    _text("phase", primary_key=True),
    _int("window_end_ms", primary_key=True, autoincrement=False),
    _text("record"),
    *_origin(),
    Index("ix_alert_phases_origin", "partition", "source_offset"),
)

examples: Final = Table(
    "examples",
    metadata,
    _text("brand", primary_key=True),
    _text("tweet_id", primary_key=True),
    _text("network", primary_key=True, server_default=""),
    _text("alert_id", primary_key=True),
    _text("phase", primary_key=True),
    _int("window_end_ms", primary_key=True, autoincrement=False),
    ForeignKeyConstraint(
        ["alert_id", "phase", "window_end_ms"],
        ["alert_phases.alert_id", "alert_phases.phase", "alert_phases.window_end_ms"],
    ),
)

sample: Final = Table(
    "sample",
    metadata,
    _text("brand", primary_key=True),
    _text("tweet_id", primary_key=True),
    _text("network", primary_key=True, server_default=""),
    _int("window_start_ms"),
    _int("created_ms"),
    _text("text"),
    _text("lang"),
    _text("url"),
    _text("author"),
    _int("n_retweets"),
    Column("score", Double),
    Column("doubt", Double),
    Column("negative", Boolean),
    _text("bundle"),
    Column("removed", Boolean, nullable=False),
    _int("recorded_ms"),
    *_origin(),
    Index("ix_sample_recorded", "recorded_ms"),
    Index("ix_sample_window", "brand", "window_start_ms"),
    Index("ix_sample_created", "brand", "created_ms", "tweet_id"),
    Index("ix_sample_time", "created_ms"),
    Index("ix_sample_tweet", "tweet_id"),
)

deletions: Final = Table(
    "deletions",
    metadata,
    _text("brand", primary_key=True),
    _text("tweet_id", primary_key=True),
    _text("network", primary_key=True, server_default=""),
    _text("kind"),
    _int("at_ms"),
    *_origin(),
)

feedback: Final = Table(
    "feedback",
    metadata,
    _text("id", primary_key=True),
    _int("at_ms"),
    _text("by"),
    Column("tweet_id", AnyText),
    _text("brand"),
    _text("lang"),
    _text("text"),
    _text("author"),
    Column("predicted", Boolean),
    Column("score", Double),
    Column("right", Boolean, key="ground_truth", nullable=False),
    _text("bundle"),
    _text("source"),
    Index("ix_feedback_at", "at_ms"),
    Index("ix_feedback_tweet", "tweet_id"),
)

sent_feedback: Final = Table(
    "told",
    metadata,
    _text("sink", primary_key=True),
    _text("feedback_id", primary_key=True),
)

rulings: Final = Table(
    "rulings",
    metadata,
    Column("number", _Counter, primary_key=True, autoincrement=True),
    Column("alert_id", AnyText, ForeignKey("alerts.id"), nullable=False),
    _text("verdict"),
    _text("by"),
    _int("at_ms"),
    _text("note"),
    Index("ix_rulings_alert", "alert_id"),
    Index("ix_rulings_at", "at_ms"),
)

keys: Final = Table(
    "keys",
    metadata,
    _text("name", primary_key=True),
    _text("scopes"),
    Column("digest", LargeBinary, nullable=False),
    _text("prefix", unique=True),
    _int("made_ms"),
    Column("revoked_ms", AnyInt),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("number", _Counter, primary_key=True, autoincrement=True),
    _int("at_ms"),
    _text("who"),
    _text("what"),
    _text("subject"),
    _text("detail"),
)
