"""A retraining: gather what was said, sort it, train, evaluate, register, perhaps promote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import orjson

from badbuzz.errors import RegistryError
from badbuzz.models.history import read_changes
from badbuzz.models.registry import CHAMPION, Registry, Version
from badbuzz.models.scorer import FILES, Scorer
from badbuzz.store.model import Feedback
from training.datasets.rows import Rows, words
from training.registry import gate, heldout_sets, promotion
from training.registry.gate import Check
from training.registry.heldout_sets import Frozen
from training.registry.register import bundle_bytes, register
from training.retrain.base import Base, like_champion
from training.retrain.building import build, digest
from training.retrain.comparison import CORRECTIONS, FROZEN_SET, Comparison, meet, not_better
from training.retrain.curation import Sieved, rows_of, sieve
from training.writing import write_folder

UNFROZEN: Final = "no evaluation set is frozen: badbuzz train freeze-eval FILE --language {}"


@dataclass(frozen=True)
class RegistrySnapshot:
    """What the registry says before anything is trained.

    Parameters
    ----------
    champion
        Its version, scorer and folder; None where none serves.
    frozen, rows
        The evaluation set; None where none is frozen.
    """

    champion: tuple[Version, Scorer, Path] | None
    frozen: Frozen | None
    rows: Rows | None

    @property
    def serving(self) -> Scorer | None:
        """The champion's scorer."""
        return None if self.champion is None else self.champion[1]


@dataclass(frozen=True)
class Gathered:
    """What a challenger is made of.

    Parameters
    ----------
    base
        With the rows that are trained on, corrections among them.
    n_base
        How many of the rows were there before.
    sieved
        The corrections.
    """

    base: Base
    n_base: int
    sieved: Sieved

    @property
    def n_learnt(self) -> int:
        """How many corrections are trained on."""
        return len(self.sieved.learnt)


@dataclass(frozen=True)
class Outcome:
    """What came of a retraining.

    Parameters
    ----------
    version, known
        The challenger, and whether it was registered before, of the very same data.
    meetings, checks
        What was found; no checks without an evaluation set.
    why_not
        Why it was not promoted, or empty.
    """

    version: Version
    known: bool
    bundle: str
    champion: str
    meetings: list[Comparison]
    checks: list[Check]
    promoted: bool
    why_not: str
    gathered: Gathered = field(repr=False)


def stand(registry: Registry, language: str, folder: Path) -> RegistrySnapshot:
    """Ask the registry for what a retraining needs, so that it fails before it trains."""
    version = registry.find_version(language, CHAMPION)
    champion = None
    if version is not None:
        scorer, bundle = registry.fetch(version, folder)
        champion = version, scorer, bundle
    found = heldout_sets.frozen(registry, language)
    return RegistrySnapshot(
        champion, found, None if found is None else heldout_sets.load(registry, found)
    )


def gather(
    base: Base,
    said: Sequence[Feedback],
    standing: RegistrySnapshot,
    per_author: int,
    *,
    shipped: bool,
) -> Gathered:
    """Sort base data and corrections, and choose the recipe.

    Parameters
    ----------
    shipped
        Whether to train the shipped recipe, whatever the champion is.
    """
    frozen = [] if standing.rows is None else standing.rows.texts
    found = sieve(said, base.rows, frozen, base.recipe.language, per_author)
    recipe = base.recipe
    if standing.champion is not None and not shipped:
        _, scorer, bundle = standing.champion
        recipe = like_champion(recipe, scorer, bundle)
    kept = base.rows.kept(found.base)
    if found.learnt:
        title = f"{recipe.rows.title}; and corrections of users here"
        recipe = replace(recipe, rows=replace(recipe.rows, title=title))
    rows = kept.joined(rows_of(found.learnt))
    prior = None if base.prior is None else _without(base.prior, frozen)
    return Gathered(replace(base, recipe=recipe, rows=rows, prior=prior), len(kept), found)


def _without(rows: Rows, texts: Sequence[str]) -> Rows:
    """Rows of which none has the words of one of those texts."""
    seen = {" ".join(words(text)) for text in texts}
    flags = [" ".join(words(text)) not in seen for text in rows.texts]
    return rows.kept(np.array(flags, np.bool_))


def known(registry: Registry, language: str, gathered: Gathered) -> Version | None:
    """The version that was trained of the very same rows and recipe, or None."""
    wanted = digest(gathered.base)
    for version in reversed(registry.versions(language)):
        card = orjson.loads(version.tags.get("card", "{}"))
        if card.get("digest") == wanted:
            return version
    return None


def retrain(
    registry: Registry,
    gathered: Gathered,
    standing: RegistrySnapshot,
    out: Path | None,
    who: str | None,
    begin: Callable[[int], Callable[[], None]],
) -> Outcome:
    """Train a challenger, evaluate and register it; promote it when it is better.

    Parameters
    ----------
    out
        Where to put its bundle as well, or None.
    who
        Who promotes; None promotes nothing.
    begin
        As :func:`training.retrain.building.build` has it.
    """
    language = gathered.base.recipe.language
    version = known(registry, language, gathered)
    with TemporaryDirectory(prefix="badbuzz-bundle-") as name:
        if version is not None:
            scorer, bundle = registry.fetch(version, Path(name))
        else:
            bundle = build(gathered.base, Path(name), {"corrections": gathered.n_learnt}, begin)
            scorer = Scorer.load(str(bundle))
        if out is not None:
            write_folder(out, {one: (bundle / one).read_bytes() for one in FILES}, Scorer)
        meetings = _meetings(gathered, standing, scorer)
        checks = _checks(standing, scorer, bundle_bytes(bundle))
        registered = _registered(registry, bundle, out)
    outcome = Outcome(
        version=registered,
        known=version is not None,
        bundle=scorer.version,
        champion=standing.serving.version if standing.serving is not None else "",
        meetings=meetings,
        checks=checks,
        promoted=False,
        why_not=_why_not(registry, standing, registered, checks, meetings),
        gathered=gathered,
    )
    if who is None or outcome.why_not:
        return outcome
    _promote(registry, outcome, standing, who)
    return replace(outcome, promoted=True)


def _registered(registry: Registry, bundle: Path, out: Path | None) -> Version:
    try:
        return register(registry, bundle)[0].version
    except RegistryError as error:
        if out is None:
            raise
        raise type(error)(
            f"{error}: the bundle is in {out}: run this again, or badbuzz models register {out}"
        ) from error


def _meetings(gathered: Gathered, standing: RegistrySnapshot, scorer: Scorer) -> list[Comparison]:
    sets = [
        (FROZEN_SET, standing.rows),
        (CORRECTIONS, rows_of(gathered.sieved.held)),
    ]
    found = [meet(name, rows, scorer, standing.serving) for name, rows in sets if rows is not None]
    return [one for one in found if one is not None]


def _checks(standing: RegistrySnapshot, scorer: Scorer, n_bytes: int) -> list[Check]:
    if standing.rows is None:
        return []
    return gate.examine(scorer, standing.serving, standing.rows, n_bytes)


def _why_not(
    registry: Registry,
    standing: RegistrySnapshot,
    version: Version,
    checks: Sequence[Check],
    meetings: Sequence[Comparison],
) -> str:
    if standing.champion is not None and standing.champion[0].number == version.number:
        return "it is the champion already: nothing new was said"
    serving = registry.find_version(version.language, CHAMPION)
    met = None if standing.champion is None else standing.champion[0].number
    if (None if serving is None else serving.number) != met:
        return "the champion is another one since this began: run it again"
    told = read_changes(registry, version.language)
    if any(version.number in (event.before, event.after) for event in told):
        return "it served before and was replaced: promote it by its number, if it shall again"
    if standing.rows is None:
        return UNFROZEN.format(version.language)
    return not_better(checks, meetings)


def _promote(registry: Registry, outcome: Outcome, standing: RegistrySnapshot, who: str) -> None:
    promotion.promote(
        registry,
        outcome.version,
        outcome.checks,
        who=who,
        why=f"retrained with {outcome.gathered.n_learnt} corrections",
        evaluation=standing.frozen.digest if standing.frozen is not None else "",
    )
