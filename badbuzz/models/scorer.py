"""Scoring of texts with a bundle: P(negative), independent of the other texts of a batch.

A bundle is a folder with ``model.tflite``, ``featuriser.json``, ``card.json`` and ``golden.json``.
It is refused unless its values are in range, its golden texts get the scores that they got when it
was built, and it gives complaints higher scores than praise (:mod:`badbuzz.models.bundle`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.errors import BundleError
from badbuzz.features.attribution import Explanation, explain_score, occlude
from badbuzz.features.featurisers import build_featuriser
from badbuzz.model import SCORE_UNITS, Prediction, Tweet
from badbuzz.models.bundle import (
    COMPLAINTS,
    PRAISE,
    UNUSUAL,
    GoldenCase,
    digest_of,
    parse_card,
    parse_config,
    parse_golden,
    read_files,
)

GOLDEN_TOLERANCE: Final = 1e-5
_MAX_TEXT_S: Final = 0.01
_ATTEMPTS: Final = 5
_MAX_OPS: Final = 500
_MAX_TENSOR_BYTES: Final = 512 << 20
_LOOPS: Final = frozenset({"WHILE", "IF", "CALL_ONCE"})
_INTERPRETERS: Final = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
_MISMATCH: Final = "its files do not belong together, or to this version of badbuzz"
_REMEDY: Final = "build it again with: badbuzz train default, or train convert"


class Graph:
    """Featuriser and network of a bundle.

    Parameters
    ----------
    config
        Content of ``featuriser.json``: the featuriser and ``n_rows``, the network's batch size.
    model
        TFLite graph from int32 ids [width, n_rows] and, if the featuriser has them, float32
        weights of the same shape, to scores [n_rows].
    """

    def __init__(self, config: Mapping[str, Any], model: bytes) -> None:
        self._featuriser = build_featuriser(config)
        self._n_rows = int(config["n_rows"])
        width, padding = len(self._featuriser.inputs([""])[0][0]), self._featuriser.padding
        self._run = _load_network(model, [(width, self._n_rows)] * len(padding))

    def raw(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the unrounded score of each text; incomplete batches are padded."""
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
    """Scorer of one bundle.

    Parameters
    ----------
    folder
        Folder of the bundle; :meth:`load` finds it by name.

    Attributes
    ----------
    name
        Name on the card.
    digest
        SHA-256 of the content of the four files, in hexadecimal.
    version
        ``name@`` and the first eight digits of the digest.
    languages
        Languages on which the bundle was validated.
    threshold
        Score from which a text is labelled negative, inclusive.
    card
        Content of ``card.json``.
    known_words
        Packed :class:`badbuzz.features.known_words.KnownWords`; None if the bundle has none.

    Examples
    --------
    >>> scorer = Scorer.load("airline-en")
    >>> scores = scorer.score(["Thank you, lovely crew!", "You lost my bag again. Worst airline."])
    >>> scores[0] < 0.3, scores[1] > 0.9
    (np.True_, np.True_)
    """

    def __init__(self, folder: Path) -> None:
        contents = read_files(folder)
        self.digest = digest_of(contents)
        with _bundle_errors(folder):
            card, self.card = parse_card(contents["card.json"])
            config = parse_config(contents["featuriser.json"])
            golden = parse_golden(contents["golden.json"])
            self.name = card.name
            self.version = f"{self.name}@{self.digest[:8]}"
            self.known_words: str | None = config.get("known_words")
            self.languages, self.threshold = card.languages, card.threshold
            self._m0, self._m1 = card.class_means
            self._graph = Graph(config, contents["model.tflite"])
            self._check_golden(golden)
            for language in self.languages:
                self._check_sense(COMPLAINTS.get(language, ()), PRAISE.get(language, ()))

    @classmethod
    def load(cls, name_or_path: str) -> Scorer:
        """Load a shipped bundle by name, or any bundle by the path of its folder.

        Raises
        ------
        BundleError
            If there is no such bundle, a file is missing or invalid, or the golden scores differ.
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
        """Return P(negative) of each text, in [0, 1], rounded to four decimals.

        The score of a text does not depend on the other texts.
        """
        return np.round(self.raw(texts), 4)

    def raw(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the unrounded P(negative) of each text."""
        return self._graph.raw(texts)

    def explain(self, texts: Sequence[str]) -> list[Explanation]:
        """Attribute the score of each text to its words.

        Each text is scored again without each of its words, about 15 µs per word
        (:func:`badbuzz.features.attribution.explain_score`).

        Examples
        --------
        >>> (explanation,) = Scorer.load("airline-en").explain(["Lovely crew, but two hours late"])
        >>> strongest = max(explanation.contributions, key=lambda part: part.logit)
        >>> strongest.token, strongest.start, strongest.end
        ('hours', 21, 26)
        """
        occluded = [occlude(text) for text in texts]
        raw = self.raw([*texts, *chain.from_iterable(one.without for one in occluded), ""]).tolist()
        scores, without = raw[: len(texts)], iter(raw[len(texts) :])
        return [
            explain_score(
                one, round(score, 4), score, list(islice(without, len(one.without))), raw[-1]
            )
            for one, score in zip(occluded, scores, strict=True)
        ]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text and return its prediction."""
        return self.predictions(self.score(texts))

    def predictions(self, scores: NDArray[np.float64]) -> list[Prediction]:
        """Return the predictions of this bundle for its scores.

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

    def _check_golden(self, golden: Sequence[GoldenCase]) -> None:
        texts, expected = [case.text for case in golden], np.array([case.score for case in golden])
        scores = self.raw(texts)
        gaps = np.abs(scores - expected)
        if not gaps.max() <= GOLDEN_TOLERANCE:  # not ">": a NaN must be refused
            worst = int(np.argmax(gaps))
            raise ValueError(
                f"golden text {texts[worst]!r} scores {scores[worst]:.6f}, "
                f"not {expected[worst]:.6f}: {_MISMATCH}"
            )

    def _check_sense(self, complaints: Sequence[str], praise: Sequence[str]) -> None:
        """Check time and scores of the product's golden texts of a language."""
        texts = [*complaints, *praise, *UNUSUAL]
        spent_s = math.inf
        for _ in range(_ATTEMPTS):  # a busy machine makes one slow, the first most of all
            started_s = time.thread_time()
            scores = self.raw(texts)
            spent_s = min(spent_s, (time.thread_time() - started_s) / len(texts))
            if spent_s <= _MAX_TEXT_S:
                break
        else:
            raise ValueError(
                f"a text takes {spent_s * 1000:.0f} ms, at most {_MAX_TEXT_S * 1000:g}"
            )
        if not ((scores >= 0.0) & (scores <= 1.0)).all():  # also refuses NaN
            raise ValueError("a text has a score that is not in [0, 1]")
        angry, glad = scores[: len(complaints)], scores[len(complaints) :][: len(praise)]
        if complaints and not angry.mean() > glad.mean():
            raise ValueError("complaints do not score above praise")


@dataclass(frozen=True)
class ScorerSet:
    """Scorers by language.

    Parameters
    ----------
    scorers
        Scorer of each primary language.
    """

    scorers: dict[str, Scorer]

    @classmethod
    def read(cls, spec: str) -> ScorerSet:
        """Load the scorers of a setting: comma-separated ``language=bundle`` pairs.

        Raises
        ------
        BundleError
            If the setting or a bundle is invalid, or a bundle is not for its language.

        Examples
        --------
        >>> scorers = ScorerSet.read("en=airline-en,fr=tweets-fr")
        >>> sorted(scorers.scorers)
        ['en', 'fr']
        """
        scorers: dict[str, Scorer] = {}
        loaded: dict[str, Scorer] = {}
        for part in filter(None, (part.strip() for part in spec.split(","))):
            language, _, bundle = part.partition("=")
            if language in scorers:
                raise BundleError(f"BADBUZZ_BUNDLES: {language} is given twice")
            if not language or not bundle:
                raise BundleError(f"BADBUZZ_BUNDLES: expected language=bundle, found {part!r}")
            if bundle not in loaded:
                loaded[bundle] = Scorer.load(bundle)
            if language not in loaded[bundle].languages:
                languages = ", ".join(loaded[bundle].languages)
                raise BundleError(
                    f"BADBUZZ_BUNDLES: {part}: the bundle was validated on {languages} only"
                )
            scorers[language] = loaded[bundle]
        if not scorers:
            raise BundleError(
                "BADBUZZ_BUNDLES: no bundle given; example: en=airline-en,fr=tweets-fr"
            )
        return cls(scorers)

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions of the bundles, sorted."""
        return tuple(sorted({scorer.version for scorer in self.scorers.values()}))

    def swap(self, language: str, scorer: Scorer) -> None:
        """Replace the scorer of a language from the next :meth:`predict` on.

        Examples
        --------
        >>> scorers = ScorerSet.read("en=airline-en")
        >>> scorers.swap("en", Scorer.load("airline-en"))
        """
        self.scorers[language] = scorer

    def predict(self, tweets: Sequence[Tweet]) -> list[Prediction | None]:
        """Return a prediction for each tweet; None if no bundle is for its language."""
        predictions: list[Prediction | None] = [None] * len(tweets)
        indices: dict[str, list[int]] = {language: [] for language in self.scorers}
        for index, tweet in enumerate(tweets):
            if tweet.lang in indices:
                indices[tweet.lang].append(index)
        for language, chosen in indices.items():
            if chosen:
                texts = [tweets[index].text for index in chosen]
                scored = self.scorers[language].predict(texts)
                for index, prediction in zip(chosen, scored, strict=True):
                    predictions[index] = prediction
        return predictions


@contextmanager
def _bundle_errors(folder: Path) -> Iterator[None]:
    """Convert any error caused by a bundle's content to a BundleError that names the bundle."""
    try:
        yield
    except KeyError as error:
        raise BundleError(f"bundle {folder}: {error} is missing: {_REMEDY}") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise BundleError(f"bundle {folder}: {error}: {_REMEDY}") from error


def _load_network(
    model: bytes, shapes: Sequence[tuple[int, int]]
) -> Callable[[Sequence[NDArray[Any]]], NDArray[np.float32]]:
    """Return a function from blocks of ids and, for some, weights, a text per column, to scores.

    ``shapes`` are those of the blocks. The default delegate is off: its kernels depend on the
    processor, and it writes to stderr.
    """
    library = import_interpreter()
    interpreter = library.Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=library.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    _check_network(interpreter)
    interpreter.allocate_tensors()
    # Ids before weights; converters differ in their order.
    sources = sorted(interpreter.get_input_details(), key=lambda one: one["dtype"] is np.float32)
    found = [tuple(one["shape"].tolist()) for one in sources]
    if found != list(shapes):
        raise ValueError(f"the network reads {found}, the featuriser makes {list(shapes)}")
    output = interpreter.get_output_details()[0]
    target, n_rows = output["index"], shapes[0][1]
    if output["shape"].tolist() != [n_rows] or output["dtype"] is not np.float32:
        raise ValueError(f"the network does not return {n_rows} scores")

    def run(blocks: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        for source, block in zip(sources, blocks, strict=True):
            interpreter.set_tensor(source["index"], block)
        interpreter.invoke()
        scores: NDArray[np.float32] = interpreter.get_tensor(target)
        return scores

    return run


def _check_network(interpreter: Any) -> None:
    """Refuse a network that may loop for ever, or that needs too much memory or time."""
    ops = [op["op_name"] for op in interpreter._get_ops_details()]
    if not _LOOPS.isdisjoint(ops) or len(ops) > _MAX_OPS:
        raise ValueError(f"the network has a loop or condition, or over {_MAX_OPS} operations")
    n_bytes = sum(
        int(np.prod(one["shape"], dtype=np.float64)) * np.dtype(one["dtype"]).itemsize
        for one in interpreter.get_tensor_details()
    )
    if n_bytes > _MAX_TENSOR_BYTES:
        raise ValueError(f"the network needs {n_bytes:,} bytes, at most {_MAX_TENSOR_BYTES:,}")


def import_interpreter() -> Any:
    """Import the module of the installed TFLite interpreter.

    Raises
    ------
    BundleError
        If none is installed.
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
