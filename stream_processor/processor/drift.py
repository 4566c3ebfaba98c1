"""The drift metrics: the last day's tweets compared with each bundle's reference texts."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

_MAX_PENDING: Final = 2000
"""Tweets of a partition that are counted together; fewer when the metrics are set before."""
_MAX_TOKENISED: Final = 8
"""Tweets tokenised per count: all of a slow stream, a sample of a fast one."""
_UNDETERMINED: Final = "und"
_OTHER: Final = "other"
_Pending = list[tuple[Tweet, Prediction | None]]
_BINS: Final = tuple(f"{place / N_BINS:g}" for place in range(N_BINS))


@dataclass(frozen=True, slots=True)
class _BundleReference:
    """The reference counts on a bundle's card, and its known words if it has them."""

    expected: DriftReference
    known_words: KnownWords | None


class DriftMetrics:
    """The drift of each bundle and of the languages, over the partitions of this worker.

    Each partition has its own last day, because each has its own event time. The counts are not
    part of the state: the next owner of a partition starts from zero, and sets no metrics before
    it has counted 500 tweets.

    Parameters
    ----------
    scorers
        Scorers in service by language; the mapping changes when a champion is swapped in.
    """

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        self._scorers = scorers
        self._pending: defaultdict[int, _Pending] = defaultdict(list)
        self._references: dict[str, _BundleReference | None] = {}
        self._scores: dict[tuple[int, str], RollingCounts] = {}
        self._languages: dict[int, RollingCounts] = {}
        self._langs = (*sorted(set(scorers) - {_UNDETERMINED}), _UNDETERMINED, _OTHER)

    def note(
        self, partition: int, posts: Sequence[Tweet], predictions: Sequence[Prediction | None]
    ) -> None:
        """Add a batch of a partition; small batches are counted together, which is cheaper."""
        if not posts:
            return
        pending = self._pending[partition]
        pending += zip(posts, predictions, strict=True)
        if len(pending) >= _MAX_PENDING:
            self._count(partition)

    def _count(self, partition: int) -> None:
        """Count the pending tweets, in the hour of their median time."""
        pending = self._pending.pop(partition)
        at_ms = sorted([post.created_ms for post, _ in pending])[len(pending) // 2]
        self._count_languages(partition, [post for post, _ in pending], at_ms)
        scores: dict[str, list[float]] = defaultdict(list)
        for _, prediction in pending:
            if prediction is not None:
                scores[prediction.bundle].append(prediction.score)
        texts = _sample_texts(pending)
        for bundle, own in scores.items():
            reference = self._reference(bundle)
            if reference is not None:
                recent = self._scores.setdefault((partition, bundle), RollingCounts(N_BINS + 2))
                recent.add(at_ms, _counts(own, texts[bundle], reference.known_words), len(own))

    def _count_languages(self, partition: int, posts: Sequence[Tweet], at_ms: int) -> None:
        n_by_lang = Counter([post.lang for post in posts])
        own = [n_by_lang.pop(lang, 0) for lang in self._langs[:-1]]
        recent = self._languages.setdefault(partition, RollingCounts(len(self._langs)))
        recent.add(at_ms, np.array([*own, n_by_lang.total()]), len(posts))

    def _reference(self, bundle: str) -> _BundleReference | None:
        if bundle not in self._references:
            scorers = [one for one in self._scorers.values() if one.version == bundle]
            if not scorers:  # the bundle was replaced in the meantime
                return None
            self._references[bundle] = _read_reference(scorers[0])
        return self._references[bundle]

    def forget(self, partition: int) -> None:
        """Drop the counts of a partition that another worker owns from now on."""
        self._pending.pop(partition, None)
        self._languages.pop(partition, None)
        for key in [key for key in self._scores if key[0] == partition]:
            del self._scores[key]

    def show(self) -> None:
        """Set the metrics; remove those of replaced bundles and those with too few tweets."""
        for partition in list(self._pending):
            self._count(partition)
        serving = {scorer.version for scorer in self._scorers.values()}
        for key in [key for key in self._scores if key[1] not in serving]:
            del self._scores[key]
        self._references = {key: one for key, one in self._references.items() if key in serving}
        metrics.forget_drift()
        for bundle, reference in self._references.items():
            recents = [recent for (_, own), recent in self._scores.items() if own == bundle]
            if reference is not None and recents:
                _show_bundle(bundle, reference, _sum(recents))
        if self._languages:
            counts = _sum(list(self._languages.values()))
            if counts.sum() >= MIN_TWEETS:
                for lang, n in zip(self._langs, counts.tolist(), strict=True):
                    metrics.DRIFT_LANGUAGES.labels(lang).set(n)


def _sample_texts(pending: _Pending) -> defaultdict[str, list[str]]:
    """Pick a few evenly spaced texts, by the bundle that scored them."""
    step = -(-len(pending) // _MAX_TOKENISED)
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for post, prediction in pending[::step]:
        if prediction is not None:
            texts[prediction.bundle].append(post.text)
    return texts


def _counts(
    scores: Sequence[float], texts: Sequence[str], known_words: KnownWords | None
) -> BinCounts:
    """Count scores by bin, then all tokens of the texts and the unknown ones among them."""
    counts = np.zeros(N_BINS + 2, np.int64)
    counts[:N_BINS] = count_scores(scores)
    if known_words is not None:
        counts[N_BINS:] = known_words.count(texts)
    return counts


def _sum(recents: Sequence[RollingCounts]) -> BinCounts:
    total: BinCounts = np.sum([recent.total() for recent in recents], axis=0)
    return total


def _read_reference(scorer: Scorer) -> _BundleReference | None:
    try:
        expected = DriftReference.from_card(scorer.card)
        packed = scorer.known_words
        known_words = None if packed is None else KnownWords.unpack(packed)
    except ValueError as error:
        log.warning("%s: its drift is not measured: %s", scorer.version, error)
        return None
    if expected is None:
        log.info(
            "%s: its drift is not measured: its card has no reference (the bundle was built by an "
            "earlier badbuzz, or evaluated on fewer than 200 texts)", scorer.version,
        )  # fmt: skip
        return None
    return _BundleReference(expected, known_words)


def _show_bundle(bundle: str, reference: _BundleReference, counts: BinCounts) -> None:
    scores, (n_tokens, n_unknown) = counts[:N_BINS], counts[N_BINS:].tolist()
    if scores.sum() < MIN_TWEETS:
        return
    expected = reference.expected.scores
    metrics.DRIFT_PSI.labels(bundle).set(population_stability_index(scores, expected))
    for place, share in zip(_BINS, smooth_shares(expected).tolist(), strict=True):
        metrics.DRIFT_EXPECTED.labels(bundle, place).set(share)
    for place, n in zip(_BINS, scores.tolist(), strict=True):
        metrics.DRIFT_TWEETS.labels(bundle, place).set(n)
    unknown_rate = reference.expected.unknown_rate
    if unknown_rate is not None and reference.known_words is not None:
        metrics.DRIFT_TOKENS.labels(bundle, "yes").set(n_tokens - n_unknown)
        metrics.DRIFT_TOKENS.labels(bundle, "no").set(n_unknown)
        metrics.DRIFT_EXPECTED_UNKNOWN.labels(bundle).set(unknown_rate)
