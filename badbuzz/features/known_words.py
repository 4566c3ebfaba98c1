"""Words a model was trained on, stored as bits of their hashes so that no training text ships."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.features.tokens import MAX_TOKENS, split_chunks, tokenise_chunk

N_HASHES: Final = 1 << 18
"""Number of hashes. With 50,000 known words, one unknown word in six collides with a known one."""


class KnownWords:
    """Set of known words, with false positives (a Bloom filter of one hash).

    Parameters
    ----------
    bits
        Boolean [2**18]: whether a word with that hash is known.

    Examples
    --------
    >>> known = KnownWords.from_texts(["My bag is not late"])
    >>> known.count(["Is my bag late", "is my luggage late"])
    (8, 1)
    >>> KnownWords.unpack(known.pack()).count(["my bag is delayed"])
    (4, 1)
    """

    def __init__(self, bits: NDArray[np.bool_]) -> None:
        self._bits = bits

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> KnownWords:
        """Collect the words of texts."""
        bits = np.zeros(N_HASHES, np.bool_)
        for text in texts:
            bits[hash_words(text)] = True
        return cls(bits)

    def count(self, texts: Sequence[str]) -> tuple[int, int]:
        """Count the tokens of texts, and the unknown ones among them."""
        hashes = list(chain.from_iterable(map(hash_words, texts)))
        return len(hashes), len(hashes) - int(self._bits[np.array(hashes, np.int64)].sum())

    def pack(self) -> str:
        """Encode the set as a JSON-safe string of 10 to 40 kB."""
        return b64encode(zlib.compress(np.packbits(self._bits).tobytes(), 9)).decode()

    @classmethod
    def unpack(cls, packed: str) -> KnownWords:
        """Decode a string encoded by :meth:`pack`.

        Raises
        ------
        ValueError
            If the string is malformed.
        """
        try:
            decompressor = zlib.decompressobj()
            bits = decompressor.decompress(b64decode(packed, validate=True), N_HASHES // 8 + 1)
        except (zlib.error, ValueError, TypeError) as error:
            raise ValueError(f"the known words cannot be read: {error}") from error
        if len(bits) != N_HASHES // 8:
            raise ValueError(f"the known words are {len(bits)} bytes, not {N_HASHES // 8}")
        return cls(np.unpackbits(np.frombuffer(bits, np.uint8)).astype(np.bool_))


def hash_words(text: str) -> list[int]:
    """Return the hash of each token of a text, without negation prefix.

    Examples
    --------
    >>> hash_words("not late")[1:] == hash_words("late")
    True
    """
    tokens = chain.from_iterable(map(tokenise_chunk, split_chunks(text)))
    words = islice(tokens, MAX_TOKENS)
    return [zlib.crc32(word.encode("utf-8", "surrogatepass")) % N_HASHES for word in words]
