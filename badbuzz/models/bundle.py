"""Files of a bundle: their limits and schemas, and texts that every bundle must tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from badbuzz.errors import BundleError

SCHEMA: Final = 1
"""Version of the card's schema."""
FILES: Final = ("card.json", "featuriser.json", "golden.json", "model.tflite")
MAX_BYTES: Final = {
    "card.json": 1 << 20,
    "featuriser.json": 32 << 20,
    "golden.json": 4 << 20,
    "model.tflite": 128 << 20,
}
"""Maximum size of each file."""
MIN_CLASS_GAP: Final = 0.01
"""Least difference of the class means; the adjusted negative rate divides by it."""

COMPLAINTS: Final = {
    "en": (
        "You lost my bag again and nobody answers the phone. Worst airline ever!",
        "Three hours on the tarmac, no water, rude crew. Never again.",
        "My flight was cancelled and I have been on hold for two hours. Terrible service.",
        "Still no refund after six weeks, this is a disgrace.",
        "delayed AGAIN, missed my connection, thanks for nothing :(",
    ),
    "fr": (
        "Valise perdue, personne ne répond au téléphone, c'est honteux !",
        "Trois heures de retard sans aucune explication, service lamentable.",
        "Vol annulé, aucun remboursement, plus jamais cette compagnie.",
        "J'attends depuis deux heures, c'est inadmissible et scandaleux.",
        "Encore en retard, j'ai raté ma correspondance, vous êtes nuls :(",
    ),
}
"""Texts by language that are negative beyond doubt."""

PRAISE: Final = {
    "en": (
        "Thank you so much to the lovely crew, great flight :)",
        "Best airline, smooth flight and friendly staff. Love it!",
        "Thanks for the quick help, you guys are awesome!",
        "Landed early and my bag was first out. Amazing service, thank you.",
        "Happy to fly with you again, what a beautiful sunset from the window!",
    ),
    "fr": (
        "Merci à tout l'équipage, un accueil parfait et un très beau vol !",
        "Super voyage, personnel adorable, j'adore cette compagnie !",
        "Bravo et merci pour votre aide rapide, vous êtes géniaux :)",
        "Arrivé en avance, excellent service, merci beaucoup.",
        "Très heureux de repartir avec vous, quelle belle vue ce matin !",
    ),
}
"""Texts by language that are not negative beyond doubt."""

UNUSUAL: Final = (
    "", " \n\t ", "😡😡😡", "👨‍👩‍👧‍👦 🇫🇷 ✈️", "飛行機が遅れています！！！", "مرحبا، أين حقيبتي؟",
    "@user http", "&lt;3 &amp; :'(", "\x00", "\ud800", "\ufdfa" * 300, "#" + "Aa" * 900,
    "a" * 5000, "1 " * 3000, "-" * 5000,
)  # fmt: skip
"""Texts for which any score in [0, 1] is right."""

_Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
_Language = Annotated[str, Meta(pattern="^[a-z]{2,3}$")]
_Word = Annotated[str, Meta(max_length=200)]
_Width = Annotated[int, Meta(ge=1, le=1 << 14)]


class Card(Struct, frozen=True):
    """Fields of ``card.json`` that scoring uses; other fields are for people."""

    schema: Literal[1]
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    languages: Annotated[tuple[_Language, ...], Meta(min_length=1, max_length=20)]
    threshold: _Probability
    class_means: tuple[_Probability, _Probability]

    def __post_init__(self) -> None:
        """Check that the class means differ."""
        m0, m1 = self.class_means
        if m1 - m0 < MIN_CLASS_GAP:
            raise ValueError(f"class_means: {m1} is not at least {MIN_CLASS_GAP} above {m0}")


class _Features(Struct, frozen=True):
    """Parameters of any featuriser; which ones it needs is up to its kind."""

    width: _Width
    n_bits: Annotated[int, Meta(ge=1, le=22)] | UnsetType = UNSET
    n_buckets: Annotated[int, Meta(ge=1, le=1 << 22)] | UnsetType = UNSET
    shortest: Annotated[int, Meta(ge=1, le=20)] | UnsetType = UNSET
    longest: Annotated[int, Meta(ge=0, le=20)] | UnsetType = UNSET
    words: list[_Word] | UnsetType = UNSET
    letters: list[_Word] | UnsetType = UNSET


class FeaturiserConfig(Struct, frozen=True):
    """Content of ``featuriser.json``."""

    features: _Features
    n_rows: Annotated[int, Meta(ge=1, le=1024)]
    kind: str = "hashed"
    known_words: Annotated[str, Meta(max_length=1 << 18)] | None = None


class GoldenCase(Struct, frozen=True):
    """A text and the score that the bundle must give it."""

    text: Annotated[str, Meta(max_length=1 << 16)]
    score: _Probability


_Golden = Annotated[list[GoldenCase], Meta(min_length=1, max_length=1000)]


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of a bundle's files.

    Raises
    ------
    BundleError
        If a file is missing, unreadable or too large.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(
            f"bundle {folder} lacks {', '.join(missing)}: reinstall badbuzz, or build it with: "
            "badbuzz train default"
        )
    return {name: _read_file(folder, name) for name in FILES}


def digest_of(contents: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of the content of the four files, in hexadecimal."""
    return sha256(b"".join(contents[name] for name in FILES)).hexdigest()


def _read_file(folder: Path, name: str) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(MAX_BYTES[name] + 1)
    except OSError as error:
        raise BundleError(f"bundle {folder}: {name} cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES[name]:
        raise BundleError(f"bundle {folder}: {name} has over {MAX_BYTES[name]:,} bytes")
    return content


def parse_card(content: bytes) -> tuple[Card, dict[str, Any]]:
    """Return the checked fields of ``card.json``, and all of it.

    Raises
    ------
    ValueError
        If it is not JSON, or a field is missing or out of range.

    Examples
    --------
    >>> card = b'{"schema": 1, "name": "a", "languages": ["en"], "threshold": 7, "class_means": []}'
    >>> parse_card(card)
    Traceback (most recent call last):
    ValueError: card.json: Expected `float` <= 1.0 - at `$.threshold`
    """
    plain = _decode("card.json", content)
    if isinstance(plain, dict) and plain.get("schema") != SCHEMA:
        found = plain.get("schema")
        raise ValueError(f"card.json has schema {found!r:.40}, this version reads {SCHEMA}")
    return _convert("card.json", plain, Card), plain


def parse_config(content: bytes) -> dict[str, Any]:
    """Return ``featuriser.json``, the ranges of its numbers checked.

    Raises
    ------
    ValueError
        If it is not JSON, or a value has another type or is out of range.
    """
    plain: dict[str, Any] = _decode("featuriser.json", content)
    _convert("featuriser.json", plain, FeaturiserConfig)
    return plain


def parse_golden(content: bytes) -> list[GoldenCase]:
    """Return the cases of ``golden.json``.

    Raises
    ------
    ValueError
        If it is not JSON, has no case, or a case is invalid.
    """
    cases: list[GoldenCase] = _convert("golden.json", _decode("golden.json", content), _Golden)
    return cases


def _decode(name: str, content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from error


def _convert(name: str, plain: Any, schema: Any) -> Any:
    try:
        return msgspec.convert(plain, schema)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
