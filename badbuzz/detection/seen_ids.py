"""Ids of a brand's newest records, so that a record that is read again does not count again.

A tweet is identified by its network and its id there, whichever source reads it. An id is kept as a
64-bit digest for at least a day of event time, unless more than 5,000 newer ones follow. Ids are
kept in chunks of 256, in the order of arrival; a checkpoint writes only the chunks that changed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Final

import numpy as np

from badbuzz.errors import StateError, damaged_state
from badbuzz.model import DAY_MS, Tweet

VERSION: Final = 1
CAPACITY: Final = 5_000
"""Number of a brand's newest ids that are kept, if they are not older than ``PERIOD_MS``."""
PERIOD_MS: Final = DAY_MS
"""Event time for which an id is kept; less if more than ``CAPACITY`` newer ones follow."""
CHUNK: Final = 256
"""Number of ids in one record of the state."""
MAX_BYTES: Final = 48_000
"""Limit of the total size of one brand's records, keys included."""
PREFIX: Final = b"\x00ids\x00"
"""Prefix of the keys of ids; no brand's name begins with it."""

_HEAD: Final = Struct("<BQ")  # version, newest time


def network_of(source: str) -> str:
    """Return the network that a source reads: its name up to the last colon.

    Sources of one network, such as two servers of Mastodon, share ids.

    Examples
    --------
    >>> network_of("mastodon:piaille.fr"), network_of("replay:week-1f3a"), network_of("bluesky")
    ('mastodon', 'replay', 'bluesky')
    """
    return source.rpartition(":")[0] or source


def identify(tweet: Tweet) -> int:
    """Return the digest that identifies a post, an edit or a deletion.

    A record without an id is identified by its source and number, and without a number by its time
    and text.

    Examples
    --------
    >>> one = Tweet("7", "Air Paradis", "Hi", 0, 0, source="mastodon:piaille.fr", seq=1)
    >>> other = Tweet("7", "Air Paradis", "Hi", 0, 60_000, source="mastodon:mamot.fr", seq=9)
    >>> identify(one) == identify(other)
    True
    """
    name = tweet.id
    if not name:
        name = f"\x00{tweet.source}\x00{tweet.seq}"
        if tweet.seq < 0:
            name = f"\x00{tweet.created_ms}\x00{tweet.text}"
    return _digest(tweet.source, tweet.kind, name)


def identify_post(source: str, tweet_id: str) -> int:
    """Return the digest that identifies a post of a source's network by its id."""
    return _digest(source, "post", tweet_id)


def is_new_version(tweet: Tweet, seen: SeenIds) -> bool:
    """Check whether a post is an edit: it replaces a tweet that was counted."""
    return identify_post(tweet.source, tweet.replaces) in seen


def is_of_its_network(tweet: Tweet, seen: SeenIds, sources: Iterable[str]) -> bool:
    """Check that an edit or a deletion is not of a tweet that only another network has.

    Parameters
    ----------
    tweet
        Edit or deletion.
    seen
        Ids of the brand's newest records.
    sources
        Names of the brand's sources.
    """
    name, own = tweet.removed_id, network_of(tweet.source)
    if identify_post(tweet.source, name) in seen:
        return True
    others = (source for source in sources if network_of(source) != own)
    return not any(identify_post(source, name) in seen for source in others)


def _digest(source: str, kind: str, name: str) -> int:
    named = _prefix(source, kind) + name.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "little")


@lru_cache(maxsize=1024)
def _prefix(source: str, kind: str) -> bytes:
    return f"{network_of(source)}\x00{kind}\x00".encode("utf-8", "surrogatepass")


@dataclass(slots=True)
class _Chunk:
    """Ids in the order of arrival, and the newest event time among their records."""

    newest_ms: int = 0
    ids: array[int] = field(default_factory=lambda: array("Q"))


@dataclass(slots=True)
class SeenIds:
    """Digests of one brand's newest records.

    Parameters
    ----------
    brand
        Name of the brand that the ids belong to.
    chunks
        Chunks by number, oldest first. Ids are added to the last one.

    Examples
    --------
    >>> seen = SeenIds("Air Paradis")
    >>> seen.add(7, time_ms=0), seen.add(7, time_ms=60_000), 7 in seen
    (True, False, True)
    """

    brand: str
    chunks: dict[int, _Chunk] = field(default_factory=lambda: {0: _Chunk()})
    _last: int = 0
    _open: set[int] = field(default_factory=set)
    _sealed: array[int] = field(default_factory=lambda: array("Q"))
    _starts: array[int] = field(default_factory=lambda: array("H", bytes(2 * 257)))
    _changed: set[int] = field(default_factory=set, compare=False)

    def __contains__(self, digest: int) -> bool:
        if digest in self._open:
            return True
        sealed, starts, head = self._sealed, self._starts, digest >> 56
        end = starts[head + 1]
        place = bisect_left(sealed, digest, starts[head], end)
        return place < end and sealed[place] == digest

    def add(self, digest: int, time_ms: int) -> bool:
        """Add an id and return True, or return False if it is known.

        Parameters
        ----------
        digest
            Digest of the id, from :func:`identify`.
        time_ms
            Event time of the record, Unix milliseconds.
        """
        if digest in self:
            return False
        if len(self._open) == CHUNK:
            self._seal(time_ms)
        chunk = self.chunks[self._last]
        chunk.ids.append(digest)
        chunk.newest_ms = max(chunk.newest_ms, time_ms)
        self._open.add(digest)
        self._changed.add(self._last)
        return True

    def _seal(self, now_ms: int) -> None:
        """Begin a new chunk; drop those that are too old, or followed by enough newer ids."""
        n_newer = len(self.chunks) * CHUNK
        for number, chunk in list(self.chunks.items()):
            n_newer -= CHUNK
            if n_newer >= CAPACITY or chunk.newest_ms < now_ms - PERIOD_MS:
                del self.chunks[number]
                self._changed.add(number)
        self._last += 1
        self.chunks[self._last] = _Chunk()
        self._index()

    def _index(self) -> None:
        *sealed, last = self.chunks.values()
        self._open = set(last.ids)  # the others are sorted; starts are places by the first byte
        ids = np.concatenate([np.zeros(0, "u8"), *(np.frombuffer(one.ids, "u8") for one in sealed)])
        ids.sort()
        self._sealed = array("Q", ids.tobytes())
        heads = np.searchsorted(ids >> np.uint64(56), np.arange(257))
        self._starts = array("H", heads.astype("u2").tobytes())

    def changed(self) -> list[tuple[bytes, bytes | None]]:
        """Return keys and values changed since :meth:`saved`; None deletes a key."""
        return [(self._key(number), self._pack(number)) for number in sorted(self._changed)]

    def saved(self) -> None:
        """Mark all records as saved."""
        self._changed.clear()

    def keys(self) -> list[bytes]:
        """Return the keys of all records."""
        return [self._key(number) for number in self.chunks]

    def _key(self, number: int) -> bytes:
        return PREFIX + b"%b\x00%d" % (self.brand.encode(), number)

    def _pack(self, number: int) -> bytes | None:
        chunk = self.chunks.get(number)
        if chunk is None:
            return None
        ids = np.frombuffer(chunk.ids, "u8").astype("<u8")
        return _HEAD.pack(VERSION, chunk.newest_ms) + ids.tobytes()

    @damaged_state("a record of ids")
    def restore(self, record_key: bytes, value: bytes) -> None:
        """Restore a record that :meth:`changed` returned.

        Raises
        ------
        StateError
            If it has another version, or is damaged.
        """
        if len(value) < _HEAD.size:
            raise ValueError(f"{len(value)} bytes are no record")
        version, newest_ms = _HEAD.unpack_from(value)
        if version != VERSION:
            raise StateError(
                f"ids of brand {self.brand!r} have version {version}, this is {VERSION}: run the "
                "badbuzz that wrote them, or start anew"
            )
        number = int(record_key.rpartition(b"\x00")[2])
        ids = array("Q", np.frombuffer(value[_HEAD.size :], "<u8").astype("u8").tobytes())
        kept = {one: chunk for one, chunk in self.chunks.items() if chunk.ids}
        self.chunks = dict(sorted({**kept, number: _Chunk(newest_ms, ids)}.items()))
        self._last = next(reversed(self.chunks))
        self._index()
