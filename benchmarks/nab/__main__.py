"""NAB's Twitter series: scores by series and in total, the published ones beside them.

Run: python -m benchmarks.nab
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich import print as show
from rich.table import Table

from badbuzz.errors import RecordingError
from benchmarks.nab.detectors import DETECTORS
from benchmarks.nab.references import PUBLISHED
from benchmarks.nab.scoring import evaluate, normalised
from benchmarks.nab.series import Series, read_corpus

DATA = Path(__file__).parents[3] / "shared" / "data" / "nab"


def main() -> None:
    """Score the detectors and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of NAB's series")
    try:
        corpus = read_corpus(parser.parse_args().data)
    except RecordingError as error:
        parser.error(str(error))
    show(_table(corpus))
    show('"of ten": published figures on all ten of NAB\'s Twitter series, five of them not here.')


def _table(corpus: Sequence[Series]) -> Table:
    table = Table("detector", "threshold", title="NAB, standard profile, volume only")
    for series in corpus:
        table.add_column(series.name.removeprefix("Twitter_volume_"), justify="right")
    table.add_column("total", justify="right", style="bold")
    table.add_column("of ten", justify="right")
    for name, detector in DETECTORS.items():
        result = evaluate(corpus, [detector(series) for series in corpus])
        table.add_row(name, f"{result.threshold:.2f}", *_cells([*result.by_series, result.total]))
    table.add_section()
    for name, published in PUBLISHED.items():
        scores = _normalise(corpus, published.raw)
        table.add_row(name, "", *_cells([*scores, published.ten_series]))
    return table


def _normalise(corpus: Sequence[Series], raw: dict[str, float]) -> list[float]:
    by_series = [normalised(raw[series.name], len(series.windows)) for series in corpus]
    n_windows = sum(len(series.windows) for series in corpus)
    return [*by_series, normalised(sum(raw[series.name] for series in corpus), n_windows)]


def _cells(scores: Sequence[float]) -> list[str]:
    return [f"{score:.1f}" for score in scores]


if __name__ == "__main__":
    main()
