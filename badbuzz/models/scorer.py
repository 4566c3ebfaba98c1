"""A bundle scores texts: P(negative), the same alone as in company.

A bundle is a folder: ``model.tflite``, ``featuriser.json``, ``card.json`` and ``golden.json``.
It is believed only when its golden texts score what they scored where it was built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from badbuzz.errors import BundleError
from badbuzz.features.attribution import Explanation, explain_score, occlude
from badbuzz.features.featurisers import build_featuriser
from badbuzz.model import SCORE_UNITS, Prediction, Tweet

SCHEMA: Final = 1
GOLDEN_TOLERANCE: Final = 1e-5
FILES: Final = ("card.json", "featuriser.json", "golden.json", "model.tflite")
_INTERPRETERS: Final = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
_REMEDY: Final = "build it again with: badbuzz train default, or train convert"


class Graph:
    """Texts through a featuriser and a network: P(negative), not rounded.

    Parameters
    ----------
    config
        What ``featuriser.json`` says: a featuriser, and ``n_rows``, how many texts the network
        takes at once.
    model
        The TFLite file: int32 ids [width, n_rows], and float32 weights alike where the featuriser
        gives them, to scores [n_rows].
    """

    def __init__(self, config: Mapping[str, Any], model: bytes) -> None:
        self._featuriser = build_featuriser(config)
        self._n_rows = int(config["n_rows"])
        self._run = _load_network(model)

    def raw(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The score of each text: the network always runs on as many, those that lack padded."""
        inputs = self._featuriser.inputs(texts)
        size = self._n_rows
        scores = np.empty(len(inputs[0]), np.float32)
        blocks = [np.empty((rows.shape[1], size), rows.dtype) for rows in inputs]
        for start in range(0, len(scores), size):
            for block, rows, padding in zip(blocks, inputs, self._featuriser.padding, strict=True):
                part = rows[start : start + size]
                block[:, : len(part)] = part.T
                block[:, len(part) :] = padding
            scores[start : start + size] = self._run(blocks)[: len(scores) - start]
        return scores.astype(np.float64)


class Scorer:
    """Scores texts with one bundle.

    Parameters
    ----------
    folder
        The bundle's; :meth:`load` finds it by name and checks it.

    Attributes
    ----------
    name
        As the card says.
    version
        ``name@`` and eight hexadecimal digits of the content.
    languages
        Those the bundle was validated on.
    threshold
        A score at or above it is labelled negative.
    card
        Everything the card says.
    known_words
        What :meth:`badbuzz.features.known_words.KnownWords.unpack` reads; None where the bundle
        keeps none.

    Examples
    --------
    >>> scorer = Scorer.load("airline-en")
    >>> scores = scorer.score(["Thank you, lovely crew!", "You lost my bag again. Worst airline."])
    >>> scores[0] < 0.3, scores[1] > 0.9
    (np.True_, np.True_)
    """

    def __init__(self, folder: Path) -> None:
        contents = _read_files(folder)
        card, config, golden = (_parse_json(folder, name, contents) for name in FILES[:3])
        digest = hashlib.sha256(b"".join(contents[name] for name in FILES)).hexdigest()
        with _bundle_errors(folder):
            _check_schema(card)
            self.card: dict[str, Any] = card
            self.name = str(card["name"])
            self.version = f"{self.name}@{digest[:8]}"
            self.known_words: str | None = config.get("known_words")
            self.languages = tuple(str(language) for language in card["languages"])
            self.threshold = float(card["threshold"])
            self._m0, self._m1 = (float(mean) for mean in card["class_means"])
            self._graph = Graph(config, contents["model.tflite"])
            self._check_golden(
                [str(case["text"]) for case in golden],
                np.array([float(case["score"]) for case in golden]),
            )

    @classmethod
    def load(cls, name_or_path: str) -> Scorer:
        """The scorer of a shipped bundle, by name, or of a folder, by path.

        Raises
        ------
        BundleError
            When there is no such bundle, it lacks a file, its card cannot be used, or its golden
            texts do not score what they should.
        """
        shipped = Path(str(files("badbuzz"))) / "bundles"
        known = sorted(path.parent.name for path in shipped.glob("*/card.json"))
        if name_or_path in known:
            return cls(shipped / name_or_path)
        path = Path(name_or_path)
        if not path.is_dir():
            raise BundleError(
                f"no bundle {name_or_path!r}: give a folder, or one of {', '.join(known)}"
            )
        return cls(path)

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """P(negative) of each text, in [0, 1], rounded to ten-thousandths.

        A text's score depends on that text alone, not on its company.
        """
        return np.round(self.raw(texts), 4)

    def raw(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """P(negative) of each text as the network gives it, not rounded."""
        return self._graph.raw(texts)

    def explain(self, texts: Sequence[str]) -> list[Explanation]:
        """What each word of each text adds to the logit of the text's score.

        Asked of the scores alone, so true for any bundle: each text is scored without each of its
        words (:func:`badbuzz.features.attribution.explain_score`), some 15 µs a word.

        Examples
        --------
        >>> (told,) = Scorer.load("airline-en").explain(["Lovely crew, but two hours late"])
        >>> strongest = max(told.contributions, key=lambda part: part.logit)
        >>> strongest.token, strongest.start, strongest.end
        ('hours', 21, 26)
        """
        occluded = [occlude(text) for text in texts]
        asked = [*texts, *chain.from_iterable(one.without for one in occluded), ""]
        raw = self.raw(asked).tolist()
        left = iter(raw[len(texts) :])
        return [
            explain_score(one, round(own, 4), own, list(islice(left, len(one.without))), raw[-1])
            for one, own in zip(occluded, raw[: len(texts)], strict=True)
        ]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """A verdict on each text."""
        return self.predictions(self.score(texts))

    def predictions(self, scores: NDArray[np.float64]) -> list[Prediction]:
        """What this bundle says of texts that it scored so.

        Examples
        --------
        >>> scorer = Scorer.load("airline-en")
        >>> text = "You lost my bag again. Worst airline."
        >>> scorer.predictions(scorer.score([text])) == scorer.predict([text])
        True
        """
        adjusted = np.rint((scores - self._m0) / (self._m1 - self._m0) * SCORE_UNITS)
        return [
            Prediction(score, score >= self.threshold, share, self.version)
            for score, share in zip(scores.tolist(), adjusted.astype(int).tolist(), strict=True)
        ]

    def _check_golden(self, texts: list[str], expected: NDArray[np.float64]) -> None:
        found = self.raw(texts)
        gaps = np.abs(found - expected)
        if not len(gaps) or not gaps.max() <= GOLDEN_TOLERANCE:
            worst = int(np.argmax(gaps)) if len(gaps) else None
            detail = (
                f"golden text {texts[worst]!r} scores {found[worst]:.6f}, not {expected[worst]:.6f}"
                if worst is not None
                else "golden.json is empty"
            )
            raise ValueError(f"{detail}: its files do not belong together, or to this badbuzz")


@dataclass(frozen=True)
class ScorerSet:
    """A scorer for each language.

    Parameters
    ----------
    scorers
        By primary language.
    """

    scorers: dict[str, Scorer]

    @classmethod
    def read(cls, spec: str) -> ScorerSet:
        """The scorers that a setting names: ``language=bundle``, comma between.

        Raises
        ------
        BundleError
            When the setting or a bundle cannot be used, or a bundle is not for its language.

        Examples
        --------
        >>> judges = ScorerSet.read("en=airline-en,fr=tweets-fr")
        >>> sorted(judges.scorers)
        ['en', 'fr']
        """
        scorers: dict[str, Scorer] = {}
        loaded: dict[str, Scorer] = {}
        for part in filter(None, (part.strip() for part in spec.split(","))):
            language, found, bundle = part.partition("=")
            if language in scorers:
                raise BundleError(f"BADBUZZ_BUNDLES: {language} is given twice")
            if not found or not language or not bundle:
                raise BundleError(f"BADBUZZ_BUNDLES: expected language=bundle, found {part!r}")
            if bundle not in loaded:
                loaded[bundle] = Scorer.load(bundle)
            if language not in loaded[bundle].languages:
                languages = ", ".join(loaded[bundle].languages)
                raise BundleError(
                    f"BADBUZZ_BUNDLES: {part}: that bundle was validated on {languages} only"
                )
            scorers[language] = loaded[bundle]
        if not scorers:
            raise BundleError("BADBUZZ_BUNDLES: no bundle given: try en=airline-en,fr=tweets-fr")
        return cls(scorers)

    @property
    def versions(self) -> tuple[str, ...]:
        """The bundles' versions, sorted."""
        return tuple(sorted({scorer.version for scorer in self.scorers.values()}))

    def swap(self, language: str, scorer: Scorer) -> None:
        """Let another scorer serve a language from the next :meth:`judge` on.

        Examples
        --------
        >>> judges = ScorerSet.read("en=airline-en")
        >>> judges.swap("en", Scorer.load("airline-en"))
        """
        self.scorers[language] = scorer

    def predict(self, tweets: Sequence[Tweet]) -> list[Prediction | None]:
        """A verdict on each tweet; None where no bundle reads its language."""
        verdicts: list[Prediction | None] = [None] * len(tweets)
        places: dict[str, list[int]] = {language: [] for language in self.scorers}
        for place, tweet in enumerate(tweets):
            if tweet.lang in places:
                places[tweet.lang].append(place)
        for language, own in places.items():
            if own:
                judged = self.scorers[language].predict([tweets[place].text for place in own])
                for place, verdict in zip(own, judged, strict=True):
                    verdicts[place] = verdict
        return verdicts


def _read_files(folder: Path) -> dict[str, bytes]:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(
            f"bundle {folder} lacks {', '.join(missing)}: install badbuzz again, or build it with: "
            "badbuzz train default"
        )
    return {name: (folder / name).read_bytes() for name in FILES}


def _parse_json(folder: Path, name: str, contents: dict[str, bytes]) -> Any:
    try:
        return orjson.loads(contents[name])
    except orjson.JSONDecodeError as error:
        raise BundleError(f"bundle {folder}: {name} is no JSON: {error}") from error


@contextmanager
def _bundle_errors(folder: Path) -> Iterator[None]:
    """Turn whatever is wrong inside a bundle into one error that names it."""
    try:
        yield
    except KeyError as error:
        raise BundleError(f"bundle {folder}: {error} is missing: {_REMEDY}") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise BundleError(f"bundle {folder}: {error}: {_REMEDY}") from error


def _check_schema(card: Any) -> None:
    if not isinstance(card, dict) or card.get("schema") != SCHEMA:
        found = card.get("schema") if isinstance(card, dict) else type(card).__name__
        raise ValueError(f"card.json has schema {found!r}, this badbuzz reads {SCHEMA}")


def _load_network(model: bytes) -> Callable[[Sequence[NDArray[Any]]], NDArray[np.float32]]:
    """A function from blocks of ids and perhaps weights, a text a column, to scores.

    Without the default delegate: its kernels depend on the processor, and it talks.
    """
    library = import_interpreter()
    interpreter = library.Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=library.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    # ids before weights, whatever the converter did
    sources = sorted(interpreter.get_input_details(), key=lambda one: one["dtype"] is np.float32)
    target = interpreter.get_output_details()[0]["index"]

    def run(blocks: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        for source, block in zip(sources, blocks, strict=True):
            interpreter.set_tensor(source["index"], block)
        interpreter.invoke()
        scores: NDArray[np.float32] = interpreter.get_tensor(target)
        return scores

    return run


def import_interpreter() -> Any:
    """The module of the TFLite interpreter that is installed.

    Raises
    ------
    BundleError
        When none is.
    """
    for name in _INTERPRETERS:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in (name, name.partition(".")[0]):
                raise
    raise BundleError(
        "no TFLite interpreter is installed: pip install 'badbuzz[litert]', or "
        "'badbuzz[tflite-runtime]' on Python 3.11"
    )
