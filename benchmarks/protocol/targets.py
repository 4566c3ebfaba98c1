"""The targets of the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.protocol.figures import ALL, Figures
from benchmarks.protocol.run import ORACLE, PRODUCT

THETA: Final = 4.0


@dataclass(frozen=True, slots=True)
class Target:
    """One figure against its bound."""

    name: str
    bound: float
    measured: float
    at_least: bool

    @property
    def met(self) -> bool:
        """True if the bound holds; a missing figure (NaN) misses it."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def _caught(
    figures: Figures, where: str, factor: int, share: float, minutes: float | None
) -> list[Target]:
    catch = figures.crises[factor]
    found = [Target(f"{where}: x{factor} caught", share, catch.share, at_least=True)]
    if minutes is not None:
        delay = catch.delay_min if catch.delay_min is not None else float("nan")
        name = f"{where}: x{factor} median delay, min"
        found.append(Target(name, minutes, delay, at_least=False))
    return found


def targets(
    at_theta: dict[str, Figures], budgeted: dict[str, Figures], missing: list[str]
) -> list[Target]:
    """Return every target with the measured value.

    Parameters
    ----------
    at_theta
        Figures of the product at theta 4.0, by band.
    budgeted
        Figures of each detector at one false alert per brand-week, over all volumes.
    missing
        Peers that could not run; the targets against them count as missed.
    """
    high, middle, overall = at_theta["6 and more"], at_theta["1.5 to 6"], at_theta[ALL]
    own = budgeted[PRODUCT]
    found = [
        Target("worst brand: false alerts a week", 1.0, overall.worst_per_week, at_least=False),
        *_caught(high, "mean 6 and more", 5, 0.95, 8.0),
        *_caught(high, "mean 6 and more", 3, 0.82, 14.0),
        *_caught(middle, "mean 1.5 to 6", 5, 0.90, 12.0),
        *_caught(middle, "mean 1.5 to 6", 3, 0.60, None),
        Target("benign surges alerted", 0.14, overall.benign.share, at_least=False),
        *_caught(own, "one false alert a week", 3, 0.65, None),
        *_caught(own, "one false alert a week", 5, 0.89, None),
    ]
    peers = {name: one for name, one in budgeted.items() if name not in (PRODUCT, ORACLE)}
    for factor in (3, 5):
        best = max((one.crises[factor].share for one in peers.values()), default=float("nan"))
        found.append(
            Target(
                f"one false alert a week: x{factor} above the best peer",
                best,
                own.crises[factor].share if not missing else float("nan"),
                at_least=True,
            )
        )
    return found
