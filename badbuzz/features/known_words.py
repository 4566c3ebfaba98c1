"""Which words a model has seen, kept as bits of their hashes: no word of the data is shipped."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.features import tokens as reading

N_HASHES: Final = 1 << 18
"""Of 50,000 words every sixth stranger shares a hash with one, and passes for known."""


class KnownWords:
    """The words of some texts.

    Parameters
    ----------
    bits
        Boolean [2**18], by hash.

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
        """Those of texts."""
        bits = np.zeros(N_HASHES, np.bool_)
        for text in texts:
            bits[hash_words(text)] = True
        return cls(bits)

    def count(self, texts: Sequence[str]) -> tuple[int, int]:
        """How many tokens texts have, and how many of them are unknown."""
        hashes = list(chain.from_iterable(map(hash_words, texts)))
        return len(hashes), len(hashes) - int(self._bits[np.array(hashes, np.int64)].sum())

    def pack(self) -> str:
        """As a string that JSON can hold, 10 to 40 kB."""
        return b64encode(zlib.compress(np.packbits(self._bits).tobytes(), 9)).decode()

    @classmethod
    def unpack(cls, packed: str) -> KnownWords:
        """What :meth:`pack` gave.

        Raises
        ------
        ValueError
            When it is something else.
        """
        try:
            reader = zlib.decompressobj()
            found = reader.decompress(b64decode(packed, validate=True), N_HASHES // 8 + 1)
        except (zlib.error, ValueError, TypeError) as error:
            raise ValueError(f"the known words cannot be read: {error}") from error
        if len(found) != N_HASHES // 8:
            raise ValueError(f"the known words are {len(found)} bytes, not {N_HASHES // 8}")
        return cls(np.unpackbits(np.frombuffer(found, np.uint8)).astype(np.bool_))


def hash_words(text: str) -> list[int]:
    """The hashes of a text's tokens, negated or not.

    Examples
    --------
    >>> hash_words("not late")[1:] == hash_words("late")
    True
    """
    words = chain.from_iterable(
        reading.tokenise_chunk(chunk) for chunk in reading.split_chunks(text)
    )
    found = list(words)[: reading.MAX_TOKENS]
    return [zlib.crc32(word.encode("utf-8", "surrogatepass")) % N_HASHES for word in found]
