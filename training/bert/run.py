"""Comparison of an encoder with the champion: splits, models, costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Final

from threadpoolctl import threadpool_limits

from badbuzz.errors import SettingsError
from training.bert.assessment import RatedModel, rate_models
from training.bert.cost import Cost, measure_cost
from training.bert.export import export
from training.bert.folder import Encoder
from training.bert.models import models
from training.bert.tuning import Tuning
from training.compare.candidates import recipe_of
from training.compare.comparison import Comparison, Progress, compare_view
from training.compare.networks import keras
from training.compare.scale import FULL
from training.compare.tracking import Tracking
from training.compare.views import UNSEEN, View, views
from training.datasets.corpus import Corpus
from training.datasets.rows import N_THREADS, has_files, read_rows
from training.recipes.shipped import shipped_recipe

N_UNLABELLED: Final = 12_000
"""Largest number of texts that teachers score."""
_UNLABELLED: Final = "sentiment140/train.jsonl.gz"
_LANGUAGE: Final = "en"
_N_MEASURED: Final = 512


@dataclass(frozen=True)
class RatedView:
    """A view with its models, the champion first."""

    comparison: Comparison
    models: tuple[RatedModel, ...]

    @property
    def name(self) -> str:
        """Name of the view, with the brands that are left out."""
        view = self.comparison.view
        if view.name != UNSEEN:
            return f"{view.name} split"
        return f"{view.name} {', '.join(fold.name for fold in view.folds)}"


def compare_encoder(
    corpus: Corpus,
    encoder: Encoder,
    tuning: Tuning,
    unlabelled: Sequence[str] | None,
    tracking: Tracking,
    progress: Progress,
    *,
    n_folds: int = 1,
    unseen: Sequence[str] = (),
) -> list[RatedView]:
    """Compare the champion's recipe, the encoder and its distillation in every view.

    Parameters
    ----------
    unlabelled
        Texts to distil with; None not to distil.
    unseen
        Brands to leave out; default: the shipped recipe's, or the largest brand.

    Raises
    ------
    SettingsError
        When a brand to leave out is unknown or has too few rows, or the encoder has fewer layers
        than are to be tuned.
    RecordingError
        When there are too few rows.
    TrackingError
        When MLflow cannot be used; finished runs are kept.
    """
    if tuning.n_layers > encoder.n_layers:
        raise SettingsError(
            f"--layers {tuning.n_layers}: expected at most {encoder.n_layers}, the encoder's layers"
        )
    scale = replace(FULL, n_folds=n_folds)
    corpus = corpus.checked()
    chosen_views = views_of(corpus, n_folds, unseen)
    keras()  # its import must not count as training time
    chosen = models(corpus, encoder, tuning, scale, unlabelled)
    with threadpool_limits(N_THREADS):
        compared = [
            compare_view(
                corpus, view, chosen.candidates, chosen.features, scale, tracking, progress
            )
            for view in chosen_views
        ]
    return [RatedView(one, tuple(rate_models(one, chosen.champion))) for one in compared]


def views_of(corpus: Corpus, n_folds: int, unseen: Sequence[str]) -> list[View]:
    """Return the random split, then a view for each brand that is left out."""
    random, *others = views(corpus, replace(FULL, n_folds=n_folds))
    folds = {fold.name: fold for view in others for fold in view.folds}
    wrong = [name for name in unseen if name not in folds]
    if wrong:
        raise SettingsError(
            f"--unseen {wrong[0]}: is none of the brands with enough rows: "
            f"{', '.join(folds) or 'there are none'}"
        )
    shipped = shipped_recipe(corpus)
    left_out = shipped.left_out if shipped else None
    usual = [name for name in folds if name == left_out] or list(folds)[:1]
    return [random, *(View(UNSEEN, (folds[name],)) for name in unseen or usual)]


def unlabelled_texts(corpus: Corpus, texts: Sequence[str] | None) -> list[str]:
    """Return texts to distil with: those given, else Sentiment140's for English rows, else none.

    At most :data:`N_UNLABELLED`, those with the lowest hashes. Texts of the corpus are left out
    because some of them are test rows.
    """
    if texts is None:
        if corpus.language != _LANGUAGE or corpus.folder is None:
            return []
        if not has_files(corpus.folder, [_UNLABELLED]):
            return []
        rows = read_rows(corpus.folder, _UNLABELLED)
        texts = Corpus("unlabelled", _LANGUAGE, rows).sample(2 * N_UNLABELLED).rows.texts
    own = set(corpus.rows.texts)
    return [text for text in dict.fromkeys(texts) if text not in own][:N_UNLABELLED]


def costs(corpus: Corpus, encoder: Encoder, folder: Path) -> dict[str, Cost]:
    """Measure the cost of serving the champion and the encoder, on the same texts."""
    texts = corpus.rows.texts[:_N_MEASURED]
    bundle = Path(str(files("badbuzz"))) / "bundles" / recipe_of(corpus).name
    champion = measure_cost("bundle", bundle, texts)
    with TemporaryDirectory() as place:
        served = Path(place)
        (served / "model.tflite").write_bytes(export(encoder))
        copyfile(folder / "tokenizer.json", served / "tokenizer.json")
        return {"champion": champion, "encoder": measure_cost("encoder", served, texts)}
