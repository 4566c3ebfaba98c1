"""Drift as the worker shows it: the last day's tweets beside what each bundle was measured on."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from badbuzz.features.drift import (
    MIN_TWEETS,
    N_BINS,
    BinCounts,
    DriftReference,
    RollingCounts,
    count_scores,
    population_stability_index,
    smooth_shares,
)
from badbuzz.features.known_words import KnownWords
from badbuzz.model import Prediction, Tweet
from badbuzz.models.scorer import Scorer
from stream_processor.engine import metrics

log = logging.getLogger(__name__)

_COUNTED_AT: Final = 2000
"""Tweets of a partition that are counted at once, or what there is when the metrics are set."""
_MOST_READ: Final = 8
"""Of them, texts whose words are looked up: all of a slow stream, few of a fast one."""
_UNDETERMINED: Final = "und"
_OTHER: Final = "other"
_BINS: Final = tuple(f"{place / N_BINS:g}" for place in range(N_BINS))


@dataclass(frozen=True, slots=True)
class _Measure:
    """What a bundle is held to; its words are None where it keeps none."""

    reference: DriftReference
    known: KnownWords | None


@dataclass(slots=True)
class _Waiting:
    """Tweets that are not counted yet."""

    posts: list[Tweet] = field(default_factory=list)
    verdicts: list[Prediction | None] = field(default_factory=list)


class DriftMetrics:
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
        self._waiting: defaultdict[int, _Waiting] = defaultdict(_Waiting)
        self._measures: dict[str, _Measure | None] = {}
        self._scores: dict[tuple[int, str], RollingCounts] = {}
        self._languages: dict[int, RollingCounts] = {}
        self._langs = (*sorted(set(scorers) - {_UNDETERMINED}), _UNDETERMINED, _OTHER)

    def note(
        self, partition: int, posts: Sequence[Tweet], verdicts: Sequence[Prediction | None]
    ) -> None:
        """Take a batch of a partition in; it is counted with others, as small ones cost most."""
        if not posts:
            return
        waiting = self._waiting[partition]
        waiting.posts += posts
        waiting.verdicts += verdicts
        if len(waiting.posts) >= _COUNTED_AT:
            self._count(partition)

    def _count(self, partition: int) -> None:
        """Count what waits, in the hour of its newest tweet."""
        waiting = self._waiting.pop(partition)
        posts, verdicts = waiting.posts, waiting.verdicts
        at_ms = max([post.created_ms for post in posts])
        self._count_languages(partition, posts, at_ms)
        scores: dict[str, list[float]] = defaultdict(list)
        for verdict in verdicts:
            if verdict is not None:
                scores[verdict.bundle].append(verdict.score)
        texts = _some_texts(posts, verdicts)
        for bundle, own in scores.items():
            measure = self._measure(bundle)
            if measure is not None:
                recent = self._scores.setdefault((partition, bundle), RollingCounts(N_BINS + 2))
                recent.add(at_ms, _counted(own, texts[bundle], measure.known), len(own))

    def _count_languages(self, partition: int, posts: Sequence[Tweet], at_ms: int) -> None:
        found = Counter([post.lang for post in posts])
        own = [found.pop(lang, 0) for lang in self._langs[:-1]]
        recent = self._languages.setdefault(partition, RollingCounts(len(self._langs)))
        recent.add(at_ms, np.array([*own, found.total()]), len(posts))

    def _measure(self, bundle: str) -> _Measure | None:
        if bundle not in self._measures:
            of_it = [one for one in self._scorers.values() if one.version == bundle]
            if not of_it:  # another has taken over since
                return None
            self._measures[bundle] = _read_measure(of_it[0])
        return self._measures[bundle]

    def forget(self, partition: int) -> None:
        """Leave a partition to its next owner."""
        self._waiting.pop(partition, None)
        self._languages.pop(partition, None)
        for key in [key for key in self._scores if key[0] == partition]:
            del self._scores[key]

    def show(self) -> None:
        """Set the metrics; those of a bundle that serves no more, and of too few tweets, go."""
        for partition in list(self._waiting):
            self._count(partition)
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
            if counts.sum() >= MIN_TWEETS:
                for lang, n in zip(self._langs, counts.tolist(), strict=True):
                    metrics.DRIFT_LANGUAGES.labels(lang).set(n)


def _some_texts(
    posts: Sequence[Tweet], verdicts: Sequence[Prediction | None]
) -> defaultdict[str, list[str]]:
    """A few texts of a batch, spread over it, by the bundle that judged them."""
    step = -(-len(posts) // _MOST_READ)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for post, verdict in zip(posts[::step], verdicts[::step], strict=True):
        if verdict is not None:
            found[verdict.bundle].append(post.text)
    return found


def _counted(scores: Sequence[float], texts: Sequence[str], known: KnownWords | None) -> BinCounts:
    """Scores by bin, then tokens of texts, and the unknown ones among them."""
    counts = np.zeros(N_BINS + 2, np.int64)
    counts[:N_BINS] = count_scores(scores)
    if known is not None:
        counts[N_BINS:] = known.count(texts)
    return counts


def _sum(recents: Sequence[RollingCounts]) -> BinCounts:
    total: BinCounts = np.sum([recent.total() for recent in recents], axis=0)
    return total


def _read_measure(scorer: Scorer) -> _Measure | None:
    try:
        reference = DriftReference.from_card(scorer.card)
        known = None if scorer.known_words is None else KnownWords.unpack(scorer.known_words)
    except ValueError as error:
        log.warning("%s: its drift is not measured: %s", scorer.version, error)
        return None
    if reference is None:
        log.info(
            "%s: its drift is not measured: its card has no reference, as those of bundles that an "
            "earlier badbuzz built, or that were measured on under 200 texts", scorer.version,
        )  # fmt: skip
        return None
    return _Measure(reference, known)


def _show_bundle(bundle: str, measure: _Measure, counts: BinCounts) -> None:
    scores, (n_tokens, n_unknown) = counts[:N_BINS], counts[N_BINS:].tolist()
    if scores.sum() < MIN_TWEETS:
        return
    expected = measure.reference.scores
    metrics.DRIFT_PSI.labels(bundle).set(population_stability_index(scores, expected))
    for place, share in zip(_BINS, smooth_shares(expected).tolist(), strict=True):
        metrics.DRIFT_EXPECTED.labels(bundle, place).set(share)
    for place, n in zip(_BINS, scores.tolist(), strict=True):
        metrics.DRIFT_TWEETS.labels(bundle, place).set(n)
    if measure.reference.unknown_rate is not None and measure.known is not None:
        metrics.DRIFT_TOKENS.labels(bundle, "yes").set(n_tokens - n_unknown)
        metrics.DRIFT_TOKENS.labels(bundle, "no").set(n_unknown)
        metrics.DRIFT_EXPECTED_UNKNOWN.labels(bundle).set(measure.reference.unknown_rate)
