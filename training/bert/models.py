"""The compared models: the champion's recipe, and the encoder frozen, tuned and distilled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final

from training.bert.distil import MIXTURES, Distiller
from training.bert.encoded import STATES, VECTORS, features
from training.bert.folder import Encoder
from training.bert.tuning import EncoderTuner, Tuning, WarmStart
from training.compare.baselines import AdditionalData
from training.compare.candidates import Candidate, candidates, features_of, recipe_of
from training.compare.choice import SHIPPED
from training.compare.classifiers import LINEAR
from training.compare.identity import hash_code
from training.compare.prepared import Features
from training.compare.scale import Scale
from training.datasets.corpus import Corpus
from training.datasets.rows import has_files, read_rows
from training.recipes.shipped import shipped_recipe

FROZEN: Final = f"{VECTORS}, logistic"
TUNED: Final = f"{STATES}, tuned"
DISTILLED: Final = "text, distilled"
CODE: Final = ("distil", "encoded", "folder", "layers", "ragged", "tokens", "tuning")
"""Modules that determine a run: after a change of one, every encoder model is fitted again."""
_LIBRARIES: Final = ("safetensors", "tokenizers")


@dataclass(frozen=True)
class Models:
    """The models of a corpus, the champion's recipe first.

    Parameters
    ----------
    candidates
        Candidates in the order of their fits.
    features
        Features that they need, by name.
    """

    candidates: tuple[Candidate, ...]
    features: dict[str, Features]

    @property
    def champion(self) -> str:
        """Name of the model of the shipped recipe."""
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
    encoder_params = {
        "encoder": encoder.digest,
        "longest": encoder.longest,
        "bert_code": code_version(),
    }
    warm = _warm(corpus, encoder, tuning)
    tuned = {**encoder_params, **asdict(tuning), "warm": warm.digest if warm else ""}
    listed = [
        champion,
        Candidate(VECTORS, "logistic", LINEAR["logistic"], encoder_params),
        Candidate(STATES, "tuned", EncoderTuner(encoder, tuning, warm), tuned),
    ]
    if unlabelled is not None:
        listed.append(_distilled(corpus, encoder, tuning, scale, unlabelled, warm, tuned))
    own = features(encoder, tuning.n_layers)
    return Models(tuple(listed), {**features_of(corpus), **own})


def _champion(corpus: Corpus, scale: Scale) -> Candidate:
    """Return the shipped recipe with its additional data, or the linear model without them."""
    known = {one.classifier: one for one in candidates(corpus, scale)}
    return next(known[name] for name in SHIPPED if name in known)


def _warm(corpus: Corpus, encoder: Encoder, tuning: Tuning) -> WarmStart | None:
    """Return the weights after tuning on the champion's larger corpus, if it exists."""
    shipped = shipped_recipe(corpus)
    prior = shipped.prior if shipped else None
    if prior is None or corpus.folder is None or not tuning.n_beside:
        return None
    if not has_files(corpus.folder, prior.files):
        return None
    larger = Corpus("larger", corpus.language, read_rows(corpus.folder, *prior.files))
    return WarmStart(encoder, tuning, larger.sample(tuning.n_beside))


def _distilled(
    corpus: Corpus,
    encoder: Encoder,
    tuning: Tuning,
    scale: Scale,
    unlabelled: Sequence[str],
    warm: WarmStart | None,
    tuned: dict[str, Any],
) -> Candidate:
    recipe = recipe_of(corpus)
    additional = AdditionalData(recipe, corpus.folder, scale) if corpus.folder else None
    if additional is not None and not additional.exists:
        additional = None
    student = Distiller(encoder, tuning, recipe, additional, unlabelled, warm)
    params = {
        **tuned,
        "unlabelled": student.digest,
        "beside": additional.digest if additional else "",
        "shape": asdict(recipe.shape),
        "ids": asdict(recipe.features),
        "mixtures": [asdict(one) for one in MIXTURES],
    }
    return Candidate("text", "distilled", student, params)


@cache
def code_version() -> str:
    """Return a hash of the modules in :data:`CODE` and the versions of their libraries."""
    return hash_code({"training.bert": CODE}, _LIBRARIES)
