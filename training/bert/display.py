"""Tables and JSON values of an encoder's assessment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.table import Table

from training.bert.assessment import RATES, RatedModel, prices
from training.bert.cost import Cost
from training.compare.display import new_table

QUALITY: Final = (
    "", "accuracy", "gain, 95 %", "McNemar p", "AUC", "found", "missed", "alarmed", "passed",
    "macro-F1", "ECE", "fit CPU-s",
)  # fmt: skip
"""Columns of a view's table; negatives are found or missed, others alarmed about or passed."""
N_NARROW: Final = 9
"""Number of columns on a narrow terminal."""
WIDE: Final = 110
COSTS: Final = (
    "", "one, ms", "of many, µs", "memory MB", "files MB", *(f"{rate:,}/s" for rate in RATES),
)  # fmt: skip
_FIGURES: Final = (
    "accuracy", "macro_f1", "f1_negative", "auc", "average_precision", "ece", "train_cpu_s",
    "score_cpu_us", "n_bytes",
)  # fmt: skip


def quality_rows(models: Sequence[RatedModel]) -> list[tuple[str, ...]]:
    """Return the cells of a view's table."""
    return [_quality(one) for one in models]


def _quality(one: RatedModel) -> tuple[str, ...]:
    figures, gain = one.record.figures, one.gain
    return (
        one.kind,
        f"{figures['accuracy']:.3f}",
        f"{100 * gain.mean:+.1f} ({100 * gain.low:+.1f} … {100 * gain.high:+.1f})" if gain else "",
        f"{gain.p_value:.2g}" if gain else "",
        f"{figures['auc']:.3f}",
        *(f"{count:,}" for count in asdict(one.confusion).values()),
        f"{figures['macro_f1']:.3f}",
        f"{figures['ece']:.3f}",
        f"{figures['train_cpu_s']:.0f}",
    )


def cost_rows(costs: dict[str, Cost], core_hour: float) -> list[tuple[str, ...]]:
    """Return the cells of the table of costs: price per month, cores in brackets."""
    return [tuple(_cost(name, cost, core_hour)) for name, cost in costs.items()]


def _cost(name: str, cost: Cost, core_hour: float) -> Iterator[str]:
    yield name
    yield f"{cost.alone_ms:.2f}"
    yield f"{cost.batch_us:,.0f}"
    yield f"{cost.memory_mb:.0f}"
    yield f"{cost.size_mb:.1f}"
    for price in prices(cost, core_hour):
        yield f"{price.monthly:,.0f} ({price.cores})"


def narrowed_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> Table:
    """Return a table, without its last columns on a terminal narrower than :data:`WIDE`."""
    n = len(columns) if width >= WIDE else N_NARROW
    table = new_table(title, columns[:n])
    for row in rows:
        table.add_row(*row[:n])
    return table


def plain(models: Sequence[RatedModel]) -> list[dict[str, Any]]:
    """Return a view's models as values for JSON."""
    return [
        {
            "kind": one.kind,
            "model": one.record.model,
            "run_id": one.record.run_id,
            "n_test": len(one.record.scores),
            **{name: one.record.figures[name] for name in _FIGURES},
            "confusion": asdict(one.confusion),
            "gain": asdict(one.gain) if one.gain else None,
        }
        for one in models
    ]


def plain_costs(costs: dict[str, Cost], core_hour: float) -> dict[str, Any]:
    """Return costs and prices as values for JSON."""
    return {
        name: {**asdict(cost), "prices": [asdict(one) for one in prices(cost, core_hour)]}
        for name, cost in costs.items()
    }
