"""Retraining: curate corrections, train, evaluate, register and perhaps promote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import orjson

from badbuzz.errors import RegistryError
from badbuzz.models.bundle import FILES
from badbuzz.models.history import read_changes
from badbuzz.models.registry import CHAMPION, Registry, Version
from badbuzz.models.scorer import Scorer
from badbuzz.store.model import Feedback
from training.datasets.rows import Rows
from training.registry import gate, heldout_sets, promotion
from training.registry.gate import Check
from training.registry.heldout_sets import HeldoutSet
from training.registry.register import bundle_bytes, register
from training.retrain.base import Base, like_champion
from training.retrain.building import build, digest
from training.retrain.comparison import (
    CORRECTIONS,
    HELDOUT_SET,
    ChampionComparison,
    compare,
    not_better,
)
from training.retrain.curation import Curated, curate, rows_of, word_key
from training.writing import write_folder

NO_HELDOUT_SET: Final = "no held-out set is frozen: badbuzz train freeze-eval FILE --language {}"


@dataclass(frozen=True)
class RegistrySnapshot:
    """State of the registry before training.

    Parameters
    ----------
    champion
        Version, scorer and bundle folder of the champion; None without a champion.
    heldout, rows
        Held-out set and its rows; None if the language has none.
    """

    champion: tuple[Version, Scorer, Path] | None
    heldout: HeldoutSet | None
    rows: Rows | None

    @property
    def serving(self) -> Scorer | None:
        """Scorer of the champion; None without a champion."""
        return None if self.champion is None else self.champion[1]


@dataclass(frozen=True)
class TrainingData:
    """Training data of a challenger.

    Parameters
    ----------
    base
        Recipe and rows to train on, corrections included.
    n_base
        Number of rows without the corrections.
    curated
        Curated base data and corrections.
    """

    base: Base
    n_base: int
    curated: Curated

    @property
    def n_learnt(self) -> int:
        """Number of corrections that are trained on."""
        return len(self.curated.learnt)


@dataclass(frozen=True)
class RetrainingResult:
    """Result of a retraining.

    Parameters
    ----------
    version, known
        Challenger, and whether the same data and recipe were registered before.
    bundle, champion
        Names and versions of the bundles; an empty string without a champion.
    comparisons, checks
        Comparisons with the champion and checks; no checks without a held-out set.
    promoted, why_not
        Whether it was promoted, and why not.
    """

    version: Version
    known: bool
    bundle: str
    champion: str
    comparisons: list[ChampionComparison]
    checks: list[Check]
    promoted: bool
    why_not: str
    data: TrainingData = field(repr=False)


def read_snapshot(registry: Registry, language: str, folder: Path) -> RegistrySnapshot:
    """Read what a retraining needs from the registry, so that errors precede the training."""
    version = registry.find_version(language, CHAMPION)
    champion = None
    if version is not None:
        scorer, bundle = registry.fetch(version, folder)
        champion = version, scorer, bundle
    heldout = heldout_sets.find_heldout(registry, language)
    rows = None if heldout is None else heldout_sets.load(registry, heldout)
    return RegistrySnapshot(champion, heldout, rows)


def prepare_data(
    base: Base,
    feedback: Sequence[Feedback],
    snapshot: RegistrySnapshot,
    per_author: int,
    *,
    shipped: bool,
) -> TrainingData:
    """Curate base data and corrections, and choose the recipe.

    Parameters
    ----------
    per_author
        Largest number of texts of one person that count.
    shipped
        Whether to train the shipped recipe even if the champion has another.
    """
    heldout = [] if snapshot.rows is None else snapshot.rows.texts
    curated = curate(feedback, base.rows, heldout, base.recipe.language, per_author)
    recipe = base.recipe
    if snapshot.champion is not None and not shipped:
        _, scorer, bundle = snapshot.champion
        recipe = like_champion(recipe, scorer, bundle)
    kept = base.rows.kept(curated.base)
    if curated.learnt:
        title = f"{recipe.rows.title}; and corrections of users here"
        recipe = replace(recipe, rows=replace(recipe.rows, title=title))
    rows = kept.joined(rows_of(curated.learnt))
    prior = None if base.prior is None else _without(base.prior, heldout)
    return TrainingData(replace(base, recipe=recipe, rows=rows, prior=prior), len(kept), curated)


def _without(rows: Rows, texts: Sequence[str]) -> Rows:
    """Return the rows whose words are not those of one of the texts."""
    seen = set(map(word_key, texts))
    flags = [word_key(text) not in seen for text in rows.texts]
    return rows.kept(np.array(flags, np.bool_))


def find_trained(registry: Registry, language: str, data_digest: str) -> Version | None:
    """Return the newest version that was trained on the same data with the same recipe, or None."""
    for version in reversed(registry.versions(language)):
        card = orjson.loads(version.tags.get("card", "{}"))
        if card.get("digest") == data_digest:
            return version
    return None


def retrain(
    registry: Registry,
    data: TrainingData,
    snapshot: RegistrySnapshot,
    out: Path | None,
    who: str | None,
    begin: Callable[[int], Callable[[], None]],
) -> RetrainingResult:
    """Train a challenger, evaluate and register it; promote it when it is better.

    Parameters
    ----------
    out
        Folder to write the bundle to as well; None for no folder.
    who
        Name of who promotes; None never promotes.
    begin
        Called with the number of steps; see :func:`training.retrain.building.build`.
    """
    data_digest = digest(data.base)
    known = find_trained(registry, data.base.recipe.language, data_digest)
    with TemporaryDirectory(prefix="badbuzz-bundle-") as name:
        if known is not None:
            scorer, bundle = registry.fetch(known, Path(name))
        else:
            entries = {"digest": data_digest, "corrections": data.n_learnt}
            bundle = build(data.base, Path(name), entries, begin)
            scorer = Scorer.load(str(bundle))
        if out is not None:
            write_folder(out, {one: (bundle / one).read_bytes() for one in FILES}, Scorer)
        comparisons = _compare(data, snapshot, scorer)
        checks = _check(snapshot, scorer, bundle)
        registered = _register(registry, bundle, out)
    why_not = _why_not(registry, snapshot, registered, checks, comparisons)
    if who is not None and not why_not:
        promotion.promote(
            registry, registered, checks, digest=scorer.digest, who=who,
            why=f"retrained with {data.n_learnt} corrections",
            heldout_digest=snapshot.heldout.digest if snapshot.heldout is not None else "",
        )  # fmt: skip
    return RetrainingResult(
        version=registered,
        known=known is not None,
        bundle=scorer.version,
        champion=snapshot.serving.version if snapshot.serving is not None else "",
        comparisons=comparisons,
        checks=checks,
        promoted=who is not None and not why_not,
        why_not=why_not,
        data=data,
    )


def _check(snapshot: RegistrySnapshot, scorer: Scorer, bundle: Path) -> list[Check]:
    """Return the checks of a promotion; none without a held-out set."""
    if snapshot.rows is None:
        return []
    return gate.examine(scorer, snapshot.serving, snapshot.rows, bundle_bytes(bundle))


def _register(registry: Registry, bundle: Path, out: Path | None) -> Version:
    try:
        return register(registry, bundle)[0].version
    except RegistryError as error:
        if out is None:
            raise
        raise type(error)(
            f"{error}: the bundle is in {out}: run this again, or badbuzz models register {out}"
        ) from error


def _compare(
    data: TrainingData, snapshot: RegistrySnapshot, scorer: Scorer
) -> list[ChampionComparison]:
    sets = {HELDOUT_SET: snapshot.rows, CORRECTIONS: rows_of(data.curated.held)}
    return [
        comparison
        for name, rows in sets.items()
        if rows is not None and (comparison := compare(name, rows, scorer, snapshot.serving))
    ]


def _why_not(
    registry: Registry,
    snapshot: RegistrySnapshot,
    version: Version,
    checks: Sequence[Check],
    comparisons: Sequence[ChampionComparison],
) -> str:
    if snapshot.champion is not None and snapshot.champion[0].number == version.number:
        return "it is the champion already: there are no new corrections"
    serving = registry.find_version(version.language, CHAMPION)
    former = None if snapshot.champion is None else snapshot.champion[0].number
    if (None if serving is None else serving.number) != former:
        return "the champion changed during the retraining: run it again"
    history = read_changes(registry, version.language)
    if any(version.number in (event.before, event.after) for event in history):
        return "it was champion before and was replaced: promote it by its number if that was wrong"
    if snapshot.rows is None:
        return NO_HELDOUT_SET.format(version.language)
    return not_better(checks, comparisons)
