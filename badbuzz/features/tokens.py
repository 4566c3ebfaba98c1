"""Tokeniser for training and serving.

A text is split at white space into chunks. The tokens of a chunk depend on that chunk alone, so
they can be cached. User names, URLs, numbers, times, amounts of money and percentages are replaced
by masks; so are the masks of published data sets (``@user``, ``http``). Hashtags are split into
words. Emoticons and emoji are mapped to five moods. Letters are lower-cased, stripped of accents,
and repeated at most twice in a row. The three words after a negation get a prefix.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Final

MAX_CHARS: Final = 4096
"""Maximum characters read of a text; the rest is ignored."""
MAX_CHUNKS: Final = 256
"""Maximum chunks read of a text; the rest is ignored."""
MAX_TOKENS: Final = 128
"""Maximum tokens kept of a text; the rest is ignored."""
MAX_WORD: Final = 40
"""Maximum letters kept of a word; the rest is ignored."""
_MAX_ENTITIES: Final = 256
_NORMALISED_AT_ONCE: Final = 256

USER: Final = "<user>"
URL: Final = "<url>"
NUMBER: Final = "<number>"
TIME: Final = "<time>"
MONEY: Final = "<money>"
PERCENT: Final = "<percent>"
GLAD: Final = "<glad>"
LOVE: Final = "<love>"
SAD: Final = "<sad>"
ANGRY: Final = "<angry>"
SHOCK: Final = "<shock>"

NEGATION: Final = "not_"
NEGATION_SCOPE: Final = 3
"""Number of words after a negation that get the prefix."""
_ENGLISH_NEGATORS: Final = (
    "not no never none nothing nobody nowhere neither nor cannot without hardly barely aint arent "
    "cant couldnt didnt doesnt dont hadnt hasnt havent isnt mustnt neednt shouldnt wasnt werent "
    "wont wouldnt"
)
_FRENCH_NEGATORS: Final = "ne n' pas jamais rien aucun aucune personne ni sans nul nulle guere non"
NEGATORS: Final = frozenset([*_ENGLISH_NEGATORS.split(), *_FRENCH_NEGATORS.split()])
_ENDS: Final = frozenset((".", "...", "!", "!!", "?", "??", "!?"))

_PIECE: Final = re.compile(
    r"""
      (?P<url> (?i: https?:/ | www\.\S | pic\.twitter\.com/ | t\.co/ ) \S* )
    | (?P<user> @\w+ )
    | (?P<hashtag> [#]\w+ )
    | (?P<emoticon>
        </3 | <3 | -_+- | \^_*\^
        | (?<! [0-9A-Za-z] )
          (?: [:;=8] ['’]? -? [)(dDpPoO/\\|\]\[@*3xX] | [)(\]\[] -? [:;=] )
          (?! [0-9A-Za-z] ) )
    | (?P<money> [$€£]\d[\d.,]{0,12} | \d[\d.,]{0,12}[$€£] )
    | (?P<percent> \d[\d.,]{0,12}% )
    | (?P<time> \d{1,2} (?: :\d\d )? (?: am|pm|AM|PM ) (?!\w) | \d{1,2} [:hH] \d\d (?!\w) )
    | (?P<number> \d+ (?: [.,:]\d+ )* )
    | (?P<word> [^\W\d_]+ (?: ['’`] [^\W\d_]+ )* ['’]? )
    | (?P<end> [.]+ | [!?]+ )
    | (?P<symbols> [^\x00-\x7f\w\s€£]+ | [€£] )
    """,
    re.VERBOSE,
)
_CHUNK: Final = re.compile(r"\S+")
_BARE_URLS: Final = ("http", "https")
_REPEATED: Final = re.compile(r"(.)\1{2,}")
_HASHTAG_PART: Final = re.compile(r"[A-ZÀ-ÖØ-Þ]+(?![a-zß-öø-ÿ])|[A-ZÀ-ÖØ-Þ]?[^\W\dA-ZÀ-ÖØ-Þ_]+|\d+")
_UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_MIRROR: Final = str.maketrans("()[]", ")(][")

_MOODS: Final = {
    GLAD: "😀😃😄😁😆😊🙂😇🤩😋🤗🤣😂😹😸😺😎🥳☺👍👏🙌💪✌🤘🎉🎊✨🌟💯🙏👌",
    LOVE: "🥰😍😘😗😚😙😻❤🧡💛💚💙💜🖤💕💞💓💗💖💘💝💋♥",
    SAD: "😞😔😟😕🙁☹😣😖😫😩🥺😢😭😥😓😿💔😪😰😨👎",
    ANGRY: "😤😠😡🤬👿😾💢🖕💩🤮🤢😒🙄😑😬🤦🤷🤯",
    SHOCK: "😱😳😮😲🙀",
}
_MOOD_OF: Final = {emoji: mood for mood, emojis in _MOODS.items() for emoji in emojis}


def tokenise(text: str) -> list[str]:
    """Return the tokens of a text, in order, with negation marked.

    Parameters
    ----------
    text
        Any string. The first 4,096 characters and 256 chunks are read, the first 128 tokens kept.

    Examples
    --------
    >>> tokenise("@united I'm NOT happyyyy with #WorstService :( https://t.co/x")
    ['<user>', 'i', 'm', 'not', 'not_happyy', 'not_with', 'not_worst', 'service', '<sad>', '<url>']
    >>> tokenise("")
    []
    """
    tokens = chain.from_iterable(map(tokenise_chunk, split_chunks(text)))
    return mark_negation(list(islice(tokens, MAX_TOKENS)))


def split_chunks(text: str) -> list[str]:
    """Unescape the HTML entities of a text and split it at white space.

    Examples
    --------
    >>> split_chunks("fish &amp;  chips")
    ['fish', '&', 'chips']
    """
    if len(text) > MAX_CHARS:
        text = text[:MAX_CHARS]
    if "&" in text:
        text = _unescape(text)
    return text.split(None, MAX_CHUNKS)[:MAX_CHUNKS]


def _unescape(text: str) -> str:
    """Unescape at most 256 HTML entities, the first of a text."""
    parts = text.split("&", _MAX_ENTITIES + 1)
    unescaped = html.unescape("&".join(parts[: _MAX_ENTITIES + 1]))
    return "&".join([unescaped, *parts[_MAX_ENTITIES + 1 :]])


def tokenise_chunk(chunk: str) -> tuple[str, ...]:
    """Return the words, masks, moods and sentence ends of one chunk.

    Examples
    --------
    >>> [tokenise_chunk(chunk) for chunk in ("isn't", "l'avion!!!", "8:30pm", "$200")]
    [('isnt',), ('l', 'avion', '!!'), ('<time>',), ('<money>',)]
    """
    if chunk.isascii():
        # Fast path: half of all chunks are a word, and most others a word and a punctuation mark.
        if chunk.isalpha():
            return (_normalise_word(chunk),)
        if chunk[:-1].isalpha():
            if chunk[-1] in ".!?":
                return (_normalise_word(chunk[:-1]), chunk[-1])
            if chunk[-1] in ",;:)":
                return (_normalise_word(chunk[:-1]),)
    return tokenise_pieces(chunk)


def tokenise_pieces(chunk: str) -> tuple[str, ...]:
    """Return the tokens of one chunk, at most 128, found by regular expression."""
    if not chunk.isascii():
        chunk = _normalise(chunk)
    tokens = chain.from_iterable(map(_read_piece, _PIECE.finditer(chunk)))
    return tuple(islice(tokens, MAX_TOKENS))


def _normalise(chunk: str) -> str:
    """Return the first 4,096 characters of a chunk's compatibility form (NFKC).

    A long chunk is normalised in parts, because sorting accents takes time quadratic in their
    number, and only until it is long enough, because one character may become eighteen.
    """
    if len(chunk) <= _NORMALISED_AT_ONCE:
        return unicodedata.normalize("NFKC", chunk)[:MAX_CHARS]
    normalised = ""
    for start in range(0, len(chunk), _NORMALISED_AT_ONCE):
        part = chunk[start : start + _NORMALISED_AT_ONCE]
        normalised += unicodedata.normalize("NFKC", part)
        if len(normalised) >= MAX_CHARS:
            break
    return normalised[:MAX_CHARS]


def _read_piece(piece: re.Match[str]) -> list[str]:
    kind = piece.lastgroup or ""
    mask = _MASKS.get(kind)
    return _READERS[kind](piece[0]) if mask is None else [mask]


def locate_tokens(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Return the position of each piece of a text, and its tokens before negation is marked.

    Positions are half-open character ranges ``start, end`` in the text as written. A chunk that
    normalisation changes (HTML entities, compatibility characters) is one range.

    Examples
    --------
    >>> locate_tokens("Isn't #TooLate, :(")
    [(0, 5, ('isnt',)), (6, 14, ('too', 'late')), (16, 18, ('<sad>',))]
    """
    located: list[tuple[int, int, tuple[str, ...]]] = []
    n_left, n_chunks = MAX_TOKENS, 0
    for chunk in _CHUNK.finditer(text[:MAX_CHARS]):
        unescaped = split_chunks(chunk[0])[: MAX_CHUNKS - n_chunks]
        n_chunks += len(unescaped)
        for start, end, tokens in _locate_in_chunk(chunk[0], unescaped):
            if tokens:
                located.append((chunk.start() + start, chunk.start() + end, tokens[:n_left]))
                n_left -= len(tokens)
            if n_left <= 0:
                return located
    return located


def _locate_in_chunk(
    chunk: str, unescaped: list[str]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    if unescaped == [_normalise(chunk)]:
        for match in _PIECE.finditer(chunk):
            if match.lastgroup == "symbols":
                for place, symbol in enumerate(match[0], match.start()):
                    yield place, place + 1, tuple(_read_symbols(symbol))
            else:
                yield match.start(), match.end(), tuple(_read_piece(match))
    else:
        tokens = chain.from_iterable(map(tokenise_chunk, unescaped))
        yield 0, len(chunk), tuple(islice(tokens, MAX_TOKENS))


def mark_negation(tokens: list[str]) -> list[str]:
    """Prefix the three words after a negation, up to the end of the sentence.

    Masks and moods are not prefixed and do not count as words.

    Examples
    --------
    >>> mark_negation("ce n' est pas bien du tout merci".split())
    ['ce', "n'", 'not_est', 'pas', 'not_bien', 'not_du', 'not_tout', 'merci']
    """
    if NEGATORS.isdisjoint(tokens):
        return tokens
    marked: list[str] = []
    n_left = 0
    for token in tokens:
        if token in NEGATORS:
            n_left = NEGATION_SCOPE
        elif token in _ENDS:
            n_left = 0
        elif n_left and token[0].isalpha():
            n_left -= 1
            marked.append(NEGATION + token)
            continue
        marked.append(token)
    return marked


def _normalise_word(word: str) -> str:
    """Lower-case a word, strip accents, limit repeats of a letter to two and letters to 40."""
    word = word.lower()
    if word in _BARE_URLS:
        return URL
    if not word.isascii():
        decomposed = unicodedata.normalize("NFD", word)
        word = "".join(char for char in decomposed if not unicodedata.combining(char))
    if len(word) - len(set(word)) > 1:
        word = _REPEATED.sub(r"\1\1", word)
    return word[:MAX_WORD]


def _read_word(piece: str) -> list[str]:
    word = _normalise_word(piece.replace("’", "'").replace("`", "'"))
    if _UNSPACED.search(word):
        return list(word)
    if "'" not in word:
        return [word]
    if word.endswith("n't"):
        return [word.replace("'", "")]
    if word.startswith("n'"):
        return ["n'", *filter(None, word[2:].split("'"))]
    return [part for part in word.split("'") if part]


def _read_hashtag(piece: str) -> list[str]:
    parts = (match[0] for match in islice(_HASHTAG_PART.finditer(piece), MAX_TOKENS))
    return [NUMBER if part.isdigit() else _normalise_word(part) for part in parts]


def _read_emoticon(piece: str) -> list[str]:
    if piece[0] in "<-^":
        return [{"<3": LOVE, "^": GLAD}.get(piece if piece == "<3" else piece[0], SAD)]
    if piece[0] in ")(][":
        piece = piece[::-1].translate(_MIRROR)
    mouth = piece[-1].lower()
    if mouth in ")]dp*3":
        return [GLAD]
    if mouth in "@x":
        return [ANGRY]
    return [SHOCK if mouth == "o" else SAD]


def _read_end(piece: str) -> list[str]:
    if piece[0] == ".":
        return ["." if len(piece) == 1 else "..."]
    if "!" in piece and "?" in piece:
        return ["!?"]
    return [piece[:2]]


def _read_symbols(piece: str) -> list[str]:
    return [
        _MOOD_OF.get(symbol, symbol)
        for symbol in piece
        if symbol in _MOOD_OF or unicodedata.category(symbol) == "So"
    ]


_MASKS: Final = {mask[1:-1]: mask for mask in (URL, USER, NUMBER, TIME, MONEY, PERCENT)}
_READERS: Final[dict[str, Callable[[str], list[str]]]] = {
    "word": _read_word,
    "hashtag": _read_hashtag,
    "emoticon": _read_emoticon,
    "end": _read_end,
    "symbols": _read_symbols,
}
