"""Drift as the worker shows it: the last day's tweets beside what each bundle was measured on."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from badbuzz.drift import LEAST, N_BINS, Counts, Recent, Reference, score_counts, shares, stability
from badbuzz.known import KnownWords
from badbuzz.model import Tweet, Verdict
from badbuzz.scorer import Scorer
from stream_processor import metrics

log = logging.getLogger(__name__)

_MOST_READ: Final = 8
"""Texts of a bundle in a batch whose words are looked up: all of a slow stream, few of a fast."""
_UNDETERMINED: Final = "und"
_OTHER: Final = "other"
_BINS: Final = tuple(f"{place / N_BINS:g}" for place in range(N_BINS))


@dataclass(frozen=True, slots=True)
class _Measure:
    """What a bundle is held to; its words are None where it keeps none."""

    reference: Reference
    known: KnownWords | None


class Drift:
    """The drift of every bundle and of the languages, over the partitions of this worker.

    Each partition has its own day, as its event time is its own. Nothing of it is state: a new
    owner of a partition begins with nothing, and says nothing before 500 tweets.

    Parameters
    ----------
    scorers
        By language; champions come and go there.
    """

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        self._scorers = scorers
        self._measures: dict[str, _Measure | None] = {}
        self._scores: dict[tuple[int, str], Recent] = {}
        self._languages: dict[int, Recent] = {}
        self._langs = (*sorted(set(scorers) - {_UNDETERMINED}), _UNDETERMINED, _OTHER)

    def note(
        self, partition: int, posts: Sequence[Tweet], verdicts: Sequence[Verdict | None]
    ) -> None:
        """Count a batch of a partition; it counts in the hour of its newest tweet."""
        if not posts:
            return
        at_ms = max([post.created_ms for post in posts])
        self._note_languages(partition, posts, at_ms)
        by_bundle: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for post, verdict in zip(posts, verdicts, strict=True):
            if verdict is not None:
                by_bundle[verdict.bundle].append((verdict.score, post.text))
        for bundle, judged in by_bundle.items():
            measure = self._measure(bundle)
            if measure is not None:
                recent = self._scores.setdefault((partition, bundle), Recent(N_BINS + 2))
                recent.add(at_ms, _counted(judged, measure.known), len(judged))

    def _note_languages(self, partition: int, posts: Sequence[Tweet], at_ms: int) -> None:
        found = Counter([post.lang for post in posts])
        own = [found.pop(lang, 0) for lang in self._langs[:-1]]
        recent = self._languages.setdefault(partition, Recent(len(self._langs)))
        recent.add(at_ms, np.array([*own, found.total()]), len(posts))

    def _measure(self, bundle: str) -> _Measure | None:
        if bundle not in self._measures:
            scorer = next(one for one in self._scorers.values() if one.version == bundle)
            self._measures[bundle] = _read_measure(scorer)
        return self._measures[bundle]

    def forget(self, partition: int) -> None:
        """Leave a partition to its next owner."""
        self._languages.pop(partition, None)
        for key in [key for key in self._scores if key[0] == partition]:
            del self._scores[key]

    def show(self) -> None:
        """Set the metrics; those of a bundle that serves no more, and of too few tweets, go."""
        serving = {scorer.version for scorer in self._scorers.values()}
        for key in [key for key in self._scores if key[1] not in serving]:
            del self._scores[key]
        self._measures = {key: one for key, one in self._measures.items() if key in serving}
        metrics.forget_drift()
        for bundle, measure in self._measures.items():
            of_it = [recent for (_, own), recent in self._scores.items() if own == bundle]
            if measure is not None and of_it:
                _show_bundle(bundle, measure, _sum(of_it))
        if self._languages:
            counts = _sum(list(self._languages.values()))
            if counts.sum() >= LEAST:
                for lang, n in zip(self._langs, counts.tolist(), strict=True):
                    metrics.DRIFT_LANGUAGES.labels(lang).set(n)


def _counted(judged: Sequence[tuple[float, str]], known: KnownWords | None) -> Counts:
    """Scores by bin, then tokens and unknown ones among those of a few texts."""
    counts = np.zeros(N_BINS + 2, np.int64)
    counts[:N_BINS] = score_counts([score for score, _ in judged])
    if known is not None:
        step = -(-len(judged) // _MOST_READ)
        counts[N_BINS:] = known.count([text for _, text in judged[::step]])
    return counts


def _sum(recents: Sequence[Recent]) -> Counts:
    total: Counts = np.sum([recent.total() for recent in recents], axis=0)
    return total


def _read_measure(scorer: Scorer) -> _Measure | None:
    try:
        reference = Reference.of(scorer.card)
        known = None if scorer.known_words is None else KnownWords.unpack(scorer.known_words)
    except ValueError as error:
        log.warning("%s: its drift is not measured: %s", scorer.version, error)
        return None
    if reference is None:
        log.info(
            "%s: its drift is not measured: its card has no reference, as those of bundles that an "
            "earlier badbuzz built", scorer.version,
        )  # fmt: skip
        return None
    return _Measure(reference, known)


def _show_bundle(bundle: str, measure: _Measure, counts: Counts) -> None:
    scores, (n_tokens, n_unknown) = counts[:N_BINS], counts[N_BINS:].tolist()
    if scores.sum() < LEAST:
        return
    expected = measure.reference.scores
    metrics.DRIFT_PSI.labels(bundle).set(stability(scores, expected))
    for place, share in zip(_BINS, shares(expected).tolist(), strict=True):
        metrics.DRIFT_EXPECTED.labels(bundle, place).set(share)
    for place, n in zip(_BINS, scores.tolist(), strict=True):
        metrics.DRIFT_TWEETS.labels(bundle, place).set(n)
    if measure.reference.unknown_rate is not None and measure.known is not None:
        metrics.DRIFT_TOKENS.labels(bundle, "yes").set(n_tokens - n_unknown)
        metrics.DRIFT_TOKENS.labels(bundle, "no").set(n_unknown)
        metrics.DRIFT_EXPECTED_UNKNOWN.labels(bundle).set(measure.reference.unknown_rate)
