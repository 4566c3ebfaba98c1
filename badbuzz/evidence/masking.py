"""Mask user names, e-mail addresses and phone numbers in a tweet's text."""

from __future__ import annotations

import re
from typing import Final

from badbuzz.features.tokens import MAX_CHARS

USER: Final = "@user"
EMAIL: Final = "✉"
PHONE: Final = "☎"

_PRIVATE: Final = re.compile(
    r"""
      (?P<url> https?://\S+ )
    | (?P<page> (?<! [\w.@/-] ) (?: [\w-]++ \. )++ [a-z]{2,}+ / \S+ )
    | (?P<email> (?<! [\w.+-] ) [\w.+-]++ @ \w+ (?: [.-]\w+ )* \.\w+ )
    | (?P<user> [@＠] \w+ (?: [.-]\w+ )* (?: @ \w+ (?: [.-]\w+ )* )* )
    | (?P<phone> (?<! [\w.,$€£] ) \+? \(? \d (?: [\s().·-]{0,2} \d ){6,14} (?! \w ) )
    """,
    re.VERBOSE,
)
_URL_ENDS: Final = re.compile(r"[?#@＠]")


def mask(text: str) -> str:
    """Replace user names, e-mail addresses and phone numbers by marks.

    A URL is cut before its query, which may contain names and addresses. A URL without a scheme is
    cut after its host. A long number written like a phone number is treated as one. A text is cut
    at the last word within 4,096 characters, as many as are scored. Masking twice is masking once.

    Examples
    --------
    >>> mask("@jane_doe write to jane@example.org or call +33 6 12 34 56 78!")
    '@user write to ✉ or call ☎!'
    >>> mask("see https://example.org/a?user=jane, example.org/jane_doe, flight 8412, $1,051")
    'see https://example.org/a example.org flight 8412, $1,051'
    """
    if len(text) > MAX_CHARS:
        text = _cut(text)
    if not _PRIVATE.search(text):
        return text
    return _PRIVATE.sub(_mark, text)


def _cut(text: str) -> str:
    """Cut a long text at a space, so that no address or number is left in part."""
    head, space, _ = text[: MAX_CHARS - 1].rpartition(" ")
    return (head if space else text[: MAX_CHARS - 1]) + "…"


def _mark(match: re.Match[str]) -> str:
    if match.lastgroup == "url":
        return _URL_ENDS.split(match[0], maxsplit=1)[0]
    if match.lastgroup == "page":
        return match[0].partition("/")[0]
    return {"email": EMAIL, "user": USER, "phone": PHONE}[match.lastgroup or ""]
