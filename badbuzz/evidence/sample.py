"""Bounded sample of a brand's negative tweets, and decayed counts of their usual terms.

The sample of a bucket holds the 32 negatives with the lowest digests of network and id: a uniform
sample that does not depend on their order. If the samples exceed their limit in bytes, they are
thinned, older buckets more than newer ones. Once an hour, samples older than an hour are removed,
and six of their tweets add their terms to the counts, whose half-life is 168 such hours. Texts are
tokenised only then, or for an alert.

Each sample is one record and the counts are another, so that a checkpoint writes only records that
changed. All numbers are integers, so that results do not depend on a machine's arithmetic.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from zlib import crc32

import orjson

from badbuzz.detection.seen_ids import identify_post, network_of
from badbuzz.errors import StateError, damaged_state
from badbuzz.evidence.masking import mask
from badbuzz.evidence.terms import extract_terms, extract_words
from badbuzz.model import BUCKET_MS, HOUR_MS, MAX_COUNT, SCORE_UNITS, Prediction, Tweet

VERSION: Final = 2
MAX_BYTES: Final = 32_768
"""Limit of the total size of one brand's records, keys included."""
PREFIX: Final = b"\x00evidence\x00"
"""Prefix of the keys of evidence; no brand's name begins with it."""

MAX_SAMPLE: Final = 32
"""Maximum number of negatives in a bucket's sample."""
_SAMPLE_BYTES: Final = 21_000
_THINNED_BYTES: Final = 18_000
_RECORD_BYTES: Final = 160  # a sample's key, version and brackets
_MAX_LEARNT: Final = 6
_MAX_TERMS: Final = 300
_UNIT: Final = 100_000
_DECAY: Final = 243  # counts lose 1/243 an hour: half-life of 168 hours

_MAX_ENTRY: Final = 510
_MAX_TEXT: Final = 280
_MAX_READ: Final = 4_096
_MAX_URL: Final = 120
_MAX_ID: Final = 40
_MAX_NETWORK: Final = 200
_V1_BITS: Final = 32  # version 1 kept a CRC-32 of the id and no network: any network may delete it
_JOINER: Final = "\u200d"

Sample = list[tuple[int, bytes]]
"""Digest of network and id, and packed form, of each sampled tweet, lowest digest first."""


@dataclass(frozen=True, slots=True)
class SampledNegative:
    """A sampled negative tweet; ``author`` is a digest, 0 when unknown."""

    created_ms: int
    score: int
    n_retweets: int
    author: int
    id: str
    url: str
    network: str
    text: str


def key(brand: str, start_ms: int | None = None) -> bytes:
    """Return the key of a brand's counts, or of its sample of one bucket.

    Examples
    --------
    >>> key("Air Paradis"), key("Air Paradis", 300_000)
    (b'\\x00evidence\\x00Air Paradis', b'\\x00evidence\\x00Air Paradis\\x00300000')
    """
    counts_key = PREFIX + brand.encode()
    return counts_key if start_ms is None else b"%b\x00%d" % (counts_key, start_ms)


def brand_of(record_key: bytes) -> str:
    """Return the brand that a record of evidence belongs to, or another record with a prefix.

    Examples
    --------
    >>> brand_of(key("Air Paradis", 300_000))
    'Air Paradis'
    """
    return record_key.split(b"\x00")[2].decode(errors="replace")


@dataclass(slots=True)
class BrandEvidence:
    """Samples and term counts of one brand's negatives.

    Parameters
    ----------
    brand
        Name of the brand that the evidence belongs to.
    samples
        Sample of each bucket by its start.
    counts
        Decayed number of tweets with each term, in units of 1/100,000.
    hour
        Last hour in which counts were updated; -1 before the first. Hours begin at a minute that
        depends on the brand, so that not all brands update at once.

    Examples
    --------
    >>> evidence = BrandEvidence("Air Paradis")
    >>> tweet = Tweet("1", "Air Paradis", "Lost my bag", created_ms=70_000, produced_ms=70_000)
    >>> prediction = Prediction(0.9, negative=True, adjusted=9_500, bundle="airline-en@1")
    >>> evidence.add(tweet, prediction)
    >>> [entry.text for entry in evidence.entries(0, 300_000)]
    ['Lost my bag']
    """

    brand: str
    samples: dict[int, Sample] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    hour: int = -1
    _n_bytes: int = 0
    _changed: set[int] = field(default_factory=set, compare=False)
    _learnt: bool = field(default=False, compare=False)

    def add(self, tweet: Tweet, prediction: Prediction) -> None:
        """Add a counted negative to its bucket's sample.

        Parameters
        ----------
        tweet
            Tweet of the brand in a bucket that is not closed.
        prediction
            Prediction of the tweet.
        """
        start_ms = tweet.created_ms - tweet.created_ms % BUCKET_MS
        rank = identify_post(tweet.source, tweet.id)
        sample = self.samples.get(start_ms)
        if sample is None:
            sample = self.samples[start_ms] = []
            self._n_bytes += _RECORD_BYTES
        elif len(sample) == MAX_SAMPLE:
            if rank >= sample[-1][0]:
                return
            self._n_bytes -= len(sample.pop()[1])
        packed = _pack_tweet(rank, tweet, prediction)
        insort(sample, (rank, packed))
        self._n_bytes += len(packed)
        self._changed.add(start_ms)
        if self._n_bytes > _SAMPLE_BYTES:
            self._thin()

    def forget(self, source: str, tweet_id: str) -> bool:
        """Remove a tweet that was deleted or edited, so that no alert shows it.

        Parameters
        ----------
        source, tweet_id
            Source of the deletion or edit, and id of the tweet in the network of the source.

        Returns
        -------
        bool
            Whether a sample contained the tweet.
        """
        ranks = identify_post(source, tweet_id), _digest(tweet_id) << _V1_BITS
        was_sampled = False
        for start_ms, sample in list(self.samples.items()):
            kept = [entry for entry in sample if entry[0] not in ranks]
            if len(kept) < len(sample):
                was_sampled = True
                self._replace(start_ms, kept)
        return was_sampled

    def restart(self) -> None:
        """Remove all samples, as the brand's stream starts anew; the term counts stay."""
        for start_ms in list(self.samples):
            self._replace(start_ms, [])
        self.hour = -1
        self._learnt = True

    def _replace(self, start_ms: int, sample: Sample) -> None:
        """Replace the sample of a bucket; an empty one is removed."""
        self._n_bytes -= _size(self.samples[start_ms])
        self._changed.add(start_ms)
        if sample:
            self._n_bytes += _size(sample)
            self.samples[start_ms] = sample
        else:
            del self.samples[start_ms]

    def _thin(self) -> None:
        """Thin the samples to a lower limit: the k-th newest bucket has the weight 1/k."""
        sizes = []
        for age, start_ms in enumerate(sorted(self.samples, reverse=True)):
            size = _size(self.samples[start_ms])
            weight = 5_040 // (1 + age) or 1
            sizes.append((size * 1_000 // weight, start_ms, size, weight))
        left, weights = _THINNED_BYTES, sum(weight for *_, weight in sizes)
        for _, start_ms, size, weight in sorted(sizes):  # unused bytes go to the remaining samples
            share = left * weight // weights
            weights -= weight
            left -= size if size <= share else self._shorten(start_ms, size, share)

    def _shorten(self, start_ms: int, size: int, share: int) -> int:
        sample = self.samples[start_ms].copy()
        while sample and size > share:
            size -= len(sample.pop()[1])
        self._replace(start_ms, sample)
        return size if sample else 0

    def decay(self, end_ms: int) -> bool:
        """Move samples older than an hour into the term counts, at most once an hour.

        Parameters
        ----------
        end_ms
            End of the newest closed bucket, Unix milliseconds.

        Returns
        -------
        bool
            Whether samples were moved.
        """
        hour = (end_ms + crc32(self.brand.encode()) % HOUR_MS) // HOUR_MS
        if hour <= self.hour:
            return False
        old = sorted(start for start in self.samples if start + BUCKET_MS <= end_ms - HOUR_MS)
        if not old:
            return False
        self.hour = hour
        self._learnt = True
        expired: Sample = []
        for start_ms in old:
            expired += self.samples[start_ms]
            self._replace(start_ms, [])
        expired.sort()
        n_tweets: Counter[str] = Counter()
        for _, packed in expired[:_MAX_LEARNT]:
            n_tweets.update(extract_terms(extract_words(mask(orjson.loads(packed[:-1])[-1]))))
        self._learn(n_tweets)
        return True

    def _learn(self, n_tweets: Counter[str]) -> None:
        """Update the counts by Space-Saving (Metwally, Agrawal and El Abbadi 2005)."""
        unseen = self._unseen()
        usual = {term: n - -(-n // _DECAY) for term, n in self.counts.items()}
        for term, n in n_tweets.items():
            usual[term] = usual.get(term, unseen) + n * _UNIT
        n_spare = len(usual) - _MAX_TERMS
        if n_spare > 0:
            least = sorted(usual.values())[n_spare - 1]
            lowest = sorted(term for term, n in usual.items() if n == least)
            n_below = sum(n < least for n in usual.values())
            dropped = set(lowest[: n_spare - n_below])
            usual = {term: n for term, n in usual.items() if n >= least and term not in dropped}
        self.counts = {term: n for term, n in usual.items() if n > 0}

    def _unseen(self) -> int:
        """Return the upper limit of the count of a term that is not among the counts."""
        return min(self.counts.values()) if len(self.counts) == _MAX_TERMS else 0

    def usual(self) -> tuple[dict[str, float], float]:
        """Return the decayed number of tweets with each term, and the limit for other terms."""
        return {term: n / _UNIT for term, n in self.counts.items()}, self._unseen() / _UNIT

    def entries(self, start_ms: int, end_ms: int) -> list[SampledNegative]:
        """Return the sampled negatives of a half-open window, in time order."""
        tweets = [
            _unpack_tweet(packed)
            for start in self.samples
            if start_ms <= start < end_ms
            for _, packed in self.samples[start]
        ]
        return sorted(tweets, key=lambda tweet: (tweet.created_ms, tweet.id, tweet.text))

    def keys(self) -> list[bytes]:
        """Return the keys of all records."""
        return [key(self.brand), *(key(self.brand, start_ms) for start_ms in self.samples)]

    def changed(self) -> list[tuple[bytes, bytes | None]]:
        """Return keys and values changed since :meth:`saved`; None deletes a key."""
        records: list[tuple[bytes, bytes | None]] = [
            (key(self.brand, start_ms), self._pack_sample(start_ms))
            for start_ms in sorted(self._changed)
        ]
        if self._learnt:
            packed = orjson.dumps({"v": VERSION, "hour": self.hour, "counts": self.counts})
            records.append((key(self.brand), packed))
        return records

    def saved(self) -> None:
        """Mark all records as saved."""
        self._changed.clear()
        self._learnt = False

    def _pack_sample(self, start_ms: int) -> bytes | None:
        sample = self.samples.get(start_ms)
        if sample is None:
            return None
        entries = b"".join([packed for _, packed in sample])[:-1]
        return b'{"v":%d,"sample":[%b]}' % (VERSION, entries)

    @damaged_state("a record of evidence")
    def restore(self, record_key: bytes, value: bytes) -> None:
        """Restore a record that :meth:`changed` returned.

        Raises
        ------
        StateError
            If it has another version, or is damaged.
        """
        plain: dict[str, Any] = orjson.loads(value)
        if plain["v"] not in (1, VERSION):
            raise StateError(
                f"evidence of brand {self.brand!r} has version {plain['v']}, this is {VERSION}: "
                "run the badbuzz that wrote it, or start anew"
            )
        if "counts" in plain:
            self.hour, self.counts = plain["hour"], plain["counts"]
            return
        start_ms = int(record_key.rpartition(b"\x00")[2])
        if plain["v"] == 1:
            plain["sample"] = [[e[0] << _V1_BITS, *e[1:-1], "", e[-1]] for e in plain["sample"]]
        sample = [(fields[0], orjson.dumps(fields) + b",") for fields in plain["sample"]]
        self.samples[start_ms] = sample
        self._n_bytes += _size(sample)


def _digest(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


def _pack_tweet(rank: int, tweet: Tweet, prediction: Prediction) -> bytes:
    """Pack a tweet, shortened if it is too long.

    The comma separates it from the next one. Appending it also copies the bytes, as the buffer of
    orjson's result takes a kilobyte.
    """
    head = rank, tweet.created_ms, round(prediction.score * SCORE_UNITS)
    author = _digest(tweet.author) if tweet.author else 0
    network = _keep_if_fits(network_of(tweet.source), _MAX_NETWORK)
    with suppress(orjson.JSONEncodeError):  # a lone surrogate, or an integer over 64 bits
        packed = orjson.dumps(
            (*head, tweet.n_retweets, author, tweet.id, tweet.url, network, tweet.text)
        )
        if len(packed) <= _MAX_ENTRY:
            return packed + b","
    n_retweets, text = min(tweet.n_retweets, MAX_COUNT), _shorten_text(tweet.text)
    id_, url = _keep_if_fits(tweet.id, _MAX_ID), _keep_if_fits(tweet.url, _MAX_URL)
    return orjson.dumps((*head, n_retweets, author, id_, url, network, text)) + b","


def _size(sample: Sample) -> int:
    return sum([len(packed) for _, packed in sample]) + _RECORD_BYTES


def _unpack_tweet(packed: bytes) -> SampledNegative:
    _, created_ms, score, n_retweets, author, id_, url, network, text = orjson.loads(packed[:-1])
    id_, url = _keep_if_fits(id_, _MAX_ENTRY), _keep_if_fits(url, _MAX_ENTRY)
    n_retweets, text = min(n_retweets, MAX_COUNT), _one_line(text)  # some have more than MAX_COUNT
    return SampledNegative(created_ms, score, n_retweets, author, id_, url, network, text)


def _keep_if_fits(name: str, most: int) -> str:
    """Return a name or a URL if it fits, else an empty string."""
    return name if name.isprintable() and _n_bytes(name) <= most else ""


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == _JOINER else " " for char in text)


def _shorten_text(text: str) -> str:
    """Shorten a text to one line of at most 280 bytes, masked before it is cut."""
    if len(text) > _MAX_READ:
        text = text[:_MAX_READ].rpartition(" ")[0]
    text = _one_line(text)
    if _n_bytes(text) <= _MAX_TEXT:
        return text
    text = mask(text)
    cut = _MAX_TEXT
    while _n_bytes(text) > _MAX_TEXT:
        text = text.encode()[: cut - 3].decode(errors="ignore").rstrip() + "…"
        cut -= 8
    return text


def _n_bytes(text: str) -> int:
    """Return the number of bytes of a text in JSON, without its quotes."""
    if text.isascii():
        return len(text) + text.count('"') + text.count("\\")
    return len(orjson.dumps(text)) - 2
