"""One normaliser, one tokeniser and one hash for training and serving.

A text is its whitespace-separated chunks; what a chunk gives depends on that chunk alone, so
chunks are read once and remembered. Users, URLs, numbers, times and sums become masks, and so do
the masks of published data sets (``@user``, ``http``); hashtags fall into their words, emoticons
and emoji into a few moods; letters are lower case, without accents, and repeated at most twice;
the three words after a negation carry a prefix.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

MAX_CHARS: Final = 4096
"""Characters of a text that are read; the rest is ignored."""
MAX_TOKENS: Final = 128
"""Tokens of a text that count; the rest is ignored."""

USER: Final = "<user>"
URL: Final = "<url>"
NUMBER: Final = "<number>"
TIME: Final = "<time>"
MONEY: Final = "<money>"
PERCENT: Final = "<percent>"

NEGATION: Final = "not_"
_SCOPE: Final = 3
_LONGEST_WORD: Final = 40
_LONGEST_KEPT: Final = 48
_MOST_KEPT: Final = 60_000

_ENGLISH_NEGATORS = (
    "not no never none nothing nobody nowhere neither nor cannot without hardly barely "
    "aint arent cant couldnt didnt doesnt dont hadnt hasnt havent isnt mightnt mustnt neednt "
    "shant shouldnt wasnt werent wont wouldnt"
)
_FRENCH_NEGATORS = "ne n' pas jamais rien aucun aucune personne ni sans nul nulle guere non"
NEGATORS: Final = frozenset((_ENGLISH_NEGATORS + " " + _FRENCH_NEGATORS).split())
_BREAKS: Final = frozenset((".", "!", "?", "!!", "??", "!?", "..."))

_PIECE = re.compile(
    r"""
      (?P<url> (?:https?:/|www\.|pic\.twitter\.com/|t\.co/)\S* | https?(?!\w) )
    | (?P<user> @\w+ )
    | (?P<hashtag> [#]\w+ )
    | (?P<emoticon>
        </3 | <3
        | (?<![0-9A-Za-z]) (?: [:;=8] ['’]?-? [)(dDpPoO/\\|\]\[@*3xX] | [xX]-?[dD] | [)(\]\[]-?[:;=] )
          (?![0-9A-Za-z])
        | -_+- | \^_*\^ )
    | (?P<number>
        (?P<money> [$€£]\d[\d.,]{0,12} | \d[\d.,]{0,12}[$€£] )
        | (?P<percent> \d[\d.,]{0,12}% )
        | (?P<time> \d{1,2}(?::\d\d)?(?:am|pm|AM|PM) (?!\w) | \d{1,2}[:hH]\d\d (?!\w) )
        | \d+(?:[.,:]\d+)* )
    | (?P<word> [^\W\d_]+ (?: ['’`´] [^\W\d_]+ )* ['’]? )
    | (?P<end> [.…]{2,} | … | [!?]+ | [.] )
    | (?P<symbol> [^\w\s] )
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(
    r"(?:(?P<word>[A-Za-z]+)[,;]?|(?P<user>@[A-Za-z0-9_]+)[,;]?|(?P<url>https?://.*))", re.DOTALL
)
_REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)
_CAMEL = re.compile(r"[A-ZÀ-ÖØ-Þ]+(?![a-zß-öø-ÿ])|[A-ZÀ-ÖØ-Þ]?[^\W\dA-ZÀ-ÖØ-Þ_]+|\d+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

_MOODS: Final = {
    "<glad>": "😀😃😄😁😆😊🙂😇🥰😍🤩😘😗😚😙😋🤗🤣😂😹😸😺😎🥳☺👍👏🙌💪✌🤘🎉🎊✨⭐🌟💯🙏👌",
    "<love>": "❤🧡💛💚💙💜🖤💕💞💓💗💖💘💝💋♥",
    "<sad>": "😞😔😟😕🙁☹😣😖😫😩🥺😢😭😥😓😿💔😪😿😰😨😱",
    "<angry>": "😤😠😡🤬👿😾💢🖕👎💩🤮🤢😒🙄😑😐😬🤦🤷🤯😷🤒",
}
_MOOD_OF: Final = {ord(emoji): mood for mood, emojis in _MOODS.items() for emoji in emojis}
_IGNORED: Final = frozenset("\ufe0f\ufe0e\u200d\u200b\u200c\u2060\u00ad\u20e3")


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order, negation marked.

    Parameters
    ----------
    text
        Anything; its first 4,096 characters are read and the first 128 tokens kept.

    Examples
    --------
    >>> tokens("@united I'm NOT happyyyy with #WorstService :( https://t.co/x")
    ['<user>', 'i', 'm', 'not', 'not_happyy', 'not_with', 'not_worst', 'service', '<sad>', '<url>']
    >>> tokens("")
    []
    """
    return negated([word for chunk in chunks(text) for word in words(chunk)][:MAX_TOKENS])


def chunks(text: str) -> list[str]:
    """The whitespace-separated chunks of a text, entities unescaped, letters composed."""
    if len(text) > MAX_CHARS:
        text = text[:MAX_CHARS]
    if "&" in text:
        text = html.unescape(text)
    return text.split()


def words(chunk: str) -> list[str]:
    """What one chunk gives: words in lower case, masks, moods, marks.

    Examples
    --------
    >>> words("isn't"), words("l'avion!!!"), words("8:30pm"), words("$200")
    (['isnt'], ['l', 'avion', '!!'], ['<time>'], ['<money>'])
    """
    if chunk.isascii():
        plain = _PLAIN.fullmatch(chunk)
        if plain:
            return _READERS[plain.lastgroup or ""](plain[plain.lastgroup or 0])
    else:
        chunk = unicodedata.normalize("NFKC", chunk)
    found: list[str] = []
    for match in _PIECE.finditer(chunk):
        found += _READERS[match.lastgroup or ""](match[0])
    return found


def negated(found: list[str]) -> list[str]:
    """The same words, the three after a negation prefixed, unless a sentence ends between.

    Examples
    --------
    >>> negated("ce n' est pas bien du tout merci".split())
    ['ce', "n'", 'not_est', 'pas', 'not_bien', 'not_du', 'not_tout', 'merci']
    """
    if NEGATORS.isdisjoint(found):
        return found
    marked: list[str] = []
    left = 0
    for word in found:
        if word in NEGATORS:
            left = _SCOPE
            marked.append(word)
        elif word in _BREAKS:
            left = 0
            marked.append(word)
        elif left:
            left -= 1
            marked.append(NEGATION + word)
        else:
            marked.append(word)
    return marked


def _plain(word: str) -> str:
    """Lower case, no accents, no letter more than twice in a row."""
    word = word.lower()
    if not word.isascii():
        decomposed = unicodedata.normalize("NFD", word)
        word = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _REPEATED.sub(r"\1\1", word)[:_LONGEST_WORD]


def _read_word(piece: str) -> list[str]:
    word = _plain(piece)
    if _NO_SPACES.search(word):
        return list(word)
    for mark in "’`´":
        word = word.replace(mark, "'")
    if "'" not in word:
        return [word]
    if word.endswith("n't"):
        return [word.replace("'", "")]
    parts = word.split("'")
    return ["n'" if part == "n" and i == 0 else part for i, part in enumerate(parts) if part]


def _read_hashtag(piece: str) -> list[str]:
    return [NUMBER if part.isdigit() else _plain(part) for part in _CAMEL.findall(piece)] or []


def _read_emoticon(piece: str) -> list[str]:
    if piece == "<3":
        return ["<love>"]
    if piece == "</3" or "_" in piece and piece[0] == "-":
        return ["<sad>"]
    if piece[0] == "^":
        return ["<glad>"]
    if piece[0] in ")(][":
        piece = piece[::-1].translate(str.maketrans("()[]", ")(]["))
    mouth = piece[-1].lower()
    if mouth in ")]dp*3":
        return ["<glad>"]
    return ["<angry>"] if mouth in "@x" else ["<sad>"]


def _read_number(piece: str) -> list[str]:
    if not piece.isascii() or "$" in piece:
        return [MONEY]
    if piece[-1] == "%":
        return [PERCENT]
    if piece[-1] in "mM" or "h" in piece or "H" in piece:
        return [TIME]
    return [NUMBER]


def _read_end(piece: str) -> list[str]:
    if piece[0] in ".…":
        return ["..." if len(piece) > 1 or piece == "…" else "."]
    if "!" in piece and "?" in piece:
        return ["!?"]
    return [piece[:2]]


def _read_symbol(piece: str) -> list[str]:
    if piece in _IGNORED or piece.isascii():
        return []
    mood = _MOOD_OF.get(ord(piece))
    if mood is not None:
        return [mood]
    return [piece] if unicodedata.category(piece) == "So" else []


_READERS: Final = {
    "url": lambda piece: [URL],
    "user": lambda piece: [USER],
    "hashtag": _read_hashtag,
    "emoticon": _read_emoticon,
    "number": _read_number,
    "money": _read_number,
    "percent": _read_number,
    "time": _read_number,
    "word": _read_word,
    "end": _read_end,
    "symbol": _read_symbol,
}
