"""The result of an assessment, for the terminal, the report and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from training.bert.assessment import assess
from training.bert.cost import Cost
from training.bert.display import plain, plain_costs
from training.bert.folder import Encoder
from training.bert.run import RatedView
from training.bert.tuning import Tuning
from training.datasets.corpus import Corpus


@dataclass(frozen=True)
class Assessment:
    """The assessment of an encoder.

    Parameters
    ----------
    views
        Views with their models, the random split first.
    costs
        Costs of the champion and the encoder.
    core_hour
        Price of an hour of one core.
    place
        Tracking URI of the runs.
    """

    corpus: Corpus
    encoder: Encoder
    tuning: Tuning
    views: Sequence[RatedView]
    costs: dict[str, Cost]
    core_hour: float
    place: str

    @cached_property
    def conclusion(self) -> tuple[str, ...]:
        """Conclusion and its reasons."""
        views = [(one.name, one.models) for one in self.views]
        return assess(views, self.costs["champion"], self.costs["encoder"], self.core_hour)

    def plain(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "set": self.corpus.name,
            "n_rows": len(self.corpus.rows),
            "notes": self.corpus.notes,
            "encoder": {
                "name": self.encoder.name,
                "digest": self.encoder.digest,
                "n_layers": self.encoder.n_layers,
            },
            "tuning": asdict(self.tuning),
            "views": [{"view": one.name, "models": plain(one.models)} for one in self.views],
            "costs": plain_costs(self.costs, self.core_hour),
            "core_hour": self.core_hour,
            "answer": self.conclusion[0],
            "reasons": self.conclusion[1:],
            "tracking_uri": self.place,
        }
