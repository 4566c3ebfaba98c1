"""Tokens of an encoder, with users and links masked."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from training.bert.ragged import Ragged

_USER: Final = re.compile(r"@\w+")
_LINK: Final = re.compile(r"https?:/\S*")


def mask_names(text: str) -> str:
    """Mask users and links, which would identify a brand.

    Examples
    --------
    >>> mask_names("@united &amp; late http://a.b")
    '@user & late http'
    """
    return _USER.sub("@user", _LINK.sub("http", html.unescape(text)))


class EncoderTokeniser:
    """Tokenises texts; :func:`training.bert.folder.read_encoder` returns the tokeniser."""

    n_bytes = 0

    def __init__(self, tokeniser: Any) -> None:
        self._tokeniser = tokeniser

    def transform(self, texts: Sequence[str]) -> Ragged:
        """Return ids, including those that mark both ends."""
        encoded = self._tokeniser.encode_batch([mask_names(text) for text in texts])
        return Ragged.of([np.array(one.ids, np.int32) for one in encoded])
