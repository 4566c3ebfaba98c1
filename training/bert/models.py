"""The compared models: the champion's recipe, and the encoder frozen, tuned and distilled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from training.bert.distil import MIXTURES, Distilled
from training.bert.encoded import STATES, VECTORS, features
from training.bert.folder import Encoder
from training.bert.tuning import Tuned, Tuning, Warm
from training.compare.baselines import Beside
from training.compare.candidates import Candidate, candidates, features_of, recipe_of
from training.compare.choice import SHIPPED
from training.compare.classifiers import LINEAR
from training.compare.prepared import Features
from training.compare.scale import Scale
from training.datasets.corpus import Corpus
from training.datasets.rows import read_rows
from training.recipes.shipped import shipped_recipe

FROZEN: Final = f"{VECTORS}, logistic"
TUNED: Final = f"{STATES}, tuned"
DISTILLED: Final = "text, distilled"
CODE: Final = ("distil", "encoded", "folder", "layers", "ragged", "tokens", "tuning")
"""Modules that a change of makes every run of an encoder anew."""
_LIBRARIES: Final = ("safetensors", "tokenizers")


@dataclass(frozen=True)
class Models:
    """The models of a corpus, the champion's recipe first.

    Parameters
    ----------
    candidates
        Candidates in the order of their fits.
    features
        Every way to prepare texts that they need, by name.
    """

    candidates: tuple[Candidate, ...]
    features: dict[str, Features]

    @property
    def champion(self) -> str:
        """The name of the recipe that bundles are made by."""
        return self.candidates[0].name


def models(
    corpus: Corpus,
    encoder: Encoder,
    tuning: Tuning,
    scale: Scale,
    unlabelled: Sequence[str] | None,
) -> Models:
    """Return the models to compare on a corpus.

    Parameters
    ----------
    unlabelled
        Texts to distil with; None not to distil.
    """
    champion = _champion(corpus, scale)
    told = {"encoder": encoder.digest, "longest": encoder.longest, "bert_code": code_version()}
    warm = _warm(corpus, encoder, tuning)
    tuned = {**told, **asdict(tuning), "warm": warm.digest if warm else ""}
    found = [
        champion,
        Candidate(VECTORS, "logistic", LINEAR["logistic"], told),
        Candidate(STATES, "tuned", Tuned(encoder, tuning, warm), tuned),
    ]
    if unlabelled is not None:
        found.append(_distilled(corpus, encoder, tuning, scale, unlabelled, warm, tuned))
    own = features(encoder, tuning.n_layers)
    return Models(tuple(found), {**features_of(corpus), **own})


def _champion(corpus: Corpus, scale: Scale) -> Candidate:
    """Return the shipped recipe with its additional data, or the linear model without them."""
    known = {one.classifier: one for one in candidates(corpus, scale)}
    return next(known[name] for name in SHIPPED if name in known)


def _warm(corpus: Corpus, encoder: Encoder, tuning: Tuning) -> Warm | None:
    """Return the champion's additional corpus, which tuning starts with, if it exists."""
    shipped = shipped_recipe(corpus)
    prior = shipped.prior if shipped else None
    if prior is None or corpus.folder is None or not tuning.n_beside:
        return None
    if not all((corpus.folder / name).is_file() for name in prior.files):
        return None
    beside = Corpus("beside", corpus.language, read_rows(corpus.folder, *prior.files))
    return Warm(encoder, tuning, beside.sample(tuning.n_beside))


def _distilled(
    corpus: Corpus,
    encoder: Encoder,
    tuning: Tuning,
    scale: Scale,
    unlabelled: Sequence[str],
    warm: Warm | None,
    told: dict[str, Any],
) -> Candidate:
    recipe = recipe_of(corpus)
    beside = Beside(recipe, corpus.folder, scale) if corpus.folder is not None else None
    if beside is not None and not beside.is_there:
        beside = None
    student = Distilled(encoder, tuning, recipe, beside, unlabelled, warm)
    params = {
        **told,
        "unlabelled": student.digest,
        "beside": beside.digest if beside else "",
        "shape": asdict(recipe.shape),
        "ids": asdict(recipe.features),
        "mixtures": [asdict(one) for one in MIXTURES],
    }
    return Candidate("text", "distilled", student, params)


@cache
def code_version() -> str:
    """Return a hash of the modules in :data:`CODE` and the versions of their libraries."""
    found = sha256()
    for module in CODE:
        found.update(files("training.bert").joinpath(f"{module}.py").read_bytes())
    for library in _LIBRARIES:
        found.update(f"{library} {version(library)} ".encode())
    return found.hexdigest()[:16]
