"""An alert in words, in English and French."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from itertools import zip_longest
from typing import Final, Literal

from badbuzz.evidence.reasons import NAMES
from badbuzz.model import Alert, Evidence, Example, Reason, Term

Language = Literal["en", "fr"]

_SPAN_EN: Final = {5: "5 minutes", 15: "15 minutes", 30: "30 minutes", 60: "hour"}


def headline(alert: Alert, language: Language = "en") -> str:
    """What was seen against what was expected, in one sentence.

    Parameters
    ----------
    alert
        At any phase.
    language
        ``en`` or ``fr``.

    Examples
    --------
    >>> alert = example()
    >>> headline(alert)
    '38 of 51 tweets about Air Paradis in the last 15 minutes are negative; 6 were expected.'
    >>> headline(alert, "fr")
    'Air Paradis : 38 des 51 tweets des 15 dernières minutes sont négatifs ; 6 étaient attendus.'
    """
    back = _BACK[language] if alert.phase == "resolved" else ""
    return back + _HEADLINES[language](alert)


def _headline_en(alert: Alert) -> str:
    span = _SPAN_EN[alert.scale_min]
    about = f"{alert.n_negative} of {alert.n} tweets about {alert.brand} in the last {span}"
    verb = "is" if alert.n_negative == 1 else "are"
    expected = _count(alert.expected, "en")
    was = "was" if expected == "1" else "were"
    return f"{about} {verb} negative; {expected} {was} expected."


def _headline_fr(alert: Alert) -> str:
    span = f"{alert.scale_min} dernières minutes"
    seen = f"{alert.n_negative} des {alert.n} tweets des {span}"
    one = alert.n_negative <= 1
    verdict = "est négatif" if one else "sont négatifs"
    expected = _count(alert.expected, "fr")
    awaited = "était attendu" if alert.expected < 1.5 else "étaient attendus"
    return f"{alert.brand} : {seen} {verdict} ; {expected} {awaited}."


_BACK: Final[dict[Language, str]] = {
    "en": "Over, nothing out of the usual any more: ",
    "fr": "Terminé, plus rien d'inhabituel : ",
}
_HEADLINES: Final[dict[Language, Callable[[Alert], str]]] = {
    "en": _headline_en,
    "fr": _headline_fr,
}


def describe(alert: Alert, zone: tzinfo, language: Language = "en") -> str:
    """The headline, what is being claimed, since when, and how sure that is.

    Parameters
    ----------
    alert
        At any phase.
    zone
        The brand's clock.
    language
        ``en`` or ``fr``.

    Examples
    --------
    >>> from datetime import UTC
    >>> print(describe(example(), UTC))
    CRISIS (critical): Air Paradis
    38 of 51 tweets about Air Paradis in the last 15 minutes are negative; 6 were expected.
    75 % negative, usually 30 %; adjusted for the classifier's error 71 %, usually 27 %.
    Since 14:05; chance of as many by accident: less than 1 in 500.
    Driven by: bags, lost, luggage. Mostly about: lost luggage.
    34 of 38 from distinct people; 13 % near-duplicates; 5,210 retweets.
    “@user 12 hours and still no bags. Nobody answers.”
    “Two flights, zero luggage, no apology” (and 5 alike) https://social.example/status/7
    """
    since = datetime.fromtimestamp(alert.opened_ms / 1000, zone)
    chance = _chance(alert.p_value, language)
    if language == "fr":
        opened = f"Depuis {since:%H:%M} ; probabilité d'un tel nombre par hasard : {chance}."
    else:
        opened = f"Since {since:%H:%M}; chance of as many by accident: {chance}."
    told = [title(alert, language), headline(alert, language), rates(alert, language), opened]
    return "\n".join([*told, *why(alert, language), *examples(alert, language)])


def title(alert: Alert, language: Language = "en") -> str:
    """What is being claimed, and of whom.

    Examples
    --------
    >>> title(example(), "fr")
    'CRISE (critique) : Air Paradis'
    """
    return f"{_TITLES[language][alert.phase, alert.severity]} {alert.brand}"


def rates(alert: Alert, language: Language = "en") -> str:
    """The negative rate against the usual one, as counted and as adjusted.

    Examples
    --------
    >>> rates(example())
    "75 % negative, usually 30 %; adjusted for the classifier's error 71 %, usually 27 %."
    """
    found = (alert.rate, alert.baseline_rate, alert.adjusted_rate, alert.adjusted_baseline_rate)
    return _RATES[language].format(*map(_percent, found))


_RATES: Final[dict[Language, str]] = {
    "en": "{} negative, usually {}; adjusted for the classifier's error {}, usually {}.",
    "fr": "{} de négatifs, d'ordinaire {} ; corrigé de l'erreur du modèle {}, d'ordinaire {}.",
}


def why(alert: Alert, language: Language = "en", *, reason_first: bool = False) -> list[str]:
    """What drives an alert, and who says so, a line each; nothing where there is no evidence.

    Parameters
    ----------
    alert
        At any phase.
    language
        ``en`` or ``fr``; terms stay in the tweets' own.
    reason_first
        What it is about before the terms, for where a line's end may be cut off.

    Examples
    --------
    >>> print(*why(example(), "fr"), sep="\\n")
    Mots saillants : bags, lost, luggage. Surtout : bagages perdus.
    34 sur 38 de personnes distinctes ; 13 % de quasi-doublons ; 5 210 retweets.
    """
    evidence = alert.evidence
    if evidence is None:
        return []
    drivers = _drivers(evidence, language)
    told = " ".join(reversed(drivers) if reason_first else drivers)
    lines = (told, _voices(evidence, alert.n_negative, language))
    return [line for line in lines if line]


def examples(alert: Alert, language: Language = "en", most: int = 2) -> list[str]:
    """Tweets to show, quoted, each with its permalink.

    Examples
    --------
    >>> examples(example(), most=1)
    ['“@user 12 hours and still no bags. Nobody answers.”']
    """
    found = chosen(alert, most)
    return [f"{quoted(example, language)} {example.url}".rstrip() for example in found]


def chosen(alert: Alert, most: int = 2) -> list[Example]:
    """The examples to show: the most negative and the most repeated ones in turn.

    Examples
    --------
    >>> [tweet.id for tweet in chosen(example())]
    ['5', '7']
    """
    if alert.evidence is None:
        return []
    turns = zip_longest(alert.evidence.most_negative, alert.evidence.most_repeated)
    return [example for turn in turns for example in turn if example is not None][:most]


def quoted(example: Example, language: Language = "en") -> str:
    """A tweet's text in quotes, and how many say the same.

    Examples
    --------
    >>> quoted(chosen(example())[1], "fr")
    '« Two flights, zero luggage, no apology » (et 5 semblables)'
    """
    words = _WORDS[language]
    told, n_others = words["quoted"].format(example.text), example.n_alike - 1
    if n_others < 1:
        return told
    return told + words["and one" if n_others == 1 else "and"].format(n_others)


def _drivers(evidence: Evidence, language: Language) -> list[str]:
    words = _WORDS[language]
    told = []
    if evidence.terms:
        terms = ", ".join(term.term for term in evidence.terms)
        told.append(f"{words['driven by']}{terms}.")
    if evidence.reasons:
        first = evidence.reasons[0]
        about = "mostly about" if 2 * first.n >= evidence.n_sampled else "often about"
        told.append(f"{words[about]}{NAMES[first.reason][_PLACES[language]]}.")
    return told


def _voices(evidence: Evidence, n_negative: int, language: Language) -> str:
    words = _WORDS[language]
    told = []
    if evidence.n_sampled < n_negative:
        told.append(words["sampled"].format(evidence.n_sampled, n_negative))
    if evidence.n_signed:
        told.append(words["people"].format(evidence.n_authors, evidence.n_signed))
    if evidence.near_duplicate_rate:
        told.append(words["alike"].format(_percent(evidence.near_duplicate_rate)))
    if evidence.reach:
        grouped = f"{evidence.reach:,}".replace(",", words["thousands"])
        told.append(words["retweets" if evidence.reach > 1 else "retweet"].format(grouped))
    return f"{words['joint'].join(told)}." if told else ""


_PLACES: Final[dict[Language, int]] = {"en": 0, "fr": 1}
_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "driven by": "Driven by: ",
        "mostly about": "Mostly about: ",
        "often about": "Often about: ",
        "sampled": "{} of {} looked at",
        "people": "{} of {} from distinct people",
        "alike": "{} near-duplicates",
        "retweet": "{} retweet",
        "retweets": "{} retweets",
        "joint": "; ",
        "thousands": ",",
        "quoted": "“{}”",
        "and": " (and {} alike)",
        "and one": " (and 1 alike)",
    },
    "fr": {
        "driven by": "Mots saillants : ",
        "mostly about": "Surtout : ",
        "often about": "Souvent : ",
        "sampled": "{} sur {} examinés",
        "people": "{} sur {} de personnes distinctes",
        "alike": "{} de quasi-doublons",
        "retweet": "{} retweet",
        "retweets": "{} retweets",
        "joint": " ; ",
        "thousands": " ",
        "quoted": "« {} »",
        "and": " (et {} semblables)",
        "and one": " (et 1 semblable)",
    },
}


_TITLES: Final = {
    "en": {
        ("firing", "info"): "NO BASELINE YET:",
        ("firing", "warning"): "CRISIS (warning):",
        ("firing", "critical"): "CRISIS (critical):",
        ("escalated", "info"): "NO BASELINE YET, rising:",
        ("escalated", "warning"): "CRISIS RISING (warning):",
        ("escalated", "critical"): "CRISIS RISING (critical):",
        ("resolved", "info"): "OVER:",
        ("resolved", "warning"): "OVER:",
        ("resolved", "critical"): "OVER:",
    },
    "fr": {
        ("firing", "info"): "SANS RÉFÉRENCE :",
        ("firing", "warning"): "CRISE (alerte) :",
        ("firing", "critical"): "CRISE (critique) :",
        ("escalated", "info"): "SANS RÉFÉRENCE, en hausse :",
        ("escalated", "warning"): "CRISE EN HAUSSE (alerte) :",
        ("escalated", "critical"): "CRISE EN HAUSSE (critique) :",
        ("resolved", "info"): "TERMINÉ :",
        ("resolved", "warning"): "TERMINÉ :",
        ("resolved", "critical"): "TERMINÉ :",
    },
}


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "alert"), counted(1_000, "entry", "entries")
    ('1 alert', '1,000 entries')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _count(expected: float, language: Language) -> str:
    if expected < 0.5:
        return {"en": "fewer than 1", "fr": "moins de 1"}[language]
    return str(round(expected))


def _percent(rate: float) -> str:
    return f"{rate * 100:.0f} %"


_CHANCES: Final = ((1e-5, 500), (1e-3, 100), (1e-2, 20), (1e-1, 5))
"""A p-value below the first is rarer than one in so many: docs/detection.md has the table."""


def _chance(p_value: float, language: Language) -> str:
    """What a p-value is worth: never rarer than windows without a crisis were seen to have it."""
    less, more = {
        "en": ("less than 1 in", "more than 1 in"),
        "fr": ("moins de 1 sur", "plus de 1 sur"),
    }[language]
    for bound, n in _CHANCES:
        if p_value < bound:
            return f"{less} {n}"
    return f"{more} 20"


def example() -> Alert:
    """An alert to show a rendering with: 38 of 51 tweets in a quarter of an hour."""
    return Alert(
        id="Air Paradis/1767189600000",
        brand="Air Paradis",
        phase="firing",
        severity="critical",
        window_start_ms=1_767_189_000_000,
        window_end_ms=1_767_189_900_000,
        scale_min=15,
        n=51,
        n_negative=38,
        expected=6.1,
        p_value=2.1e-9,
        rate=0.7451,
        adjusted_rate=0.7102,
        baseline_rate=0.3,
        adjusted_baseline_rate=0.27,
        score=7.1,
        peak_score=7.1,
        opened_ms=1_767_189_900_000,
        first_ms=1_767_189_004_000,
        last_ms=1_767_189_893_000,
        bundle="airline-en@1a2b3c4d",
        replay=False,
        evidence=Evidence(
            n_sampled=38,
            terms=(Term("bags", 19, 6.31), Term("lost", 14, 4.2), Term("luggage", 11, 3.87)),
            reasons=(Reason("lost_luggage", 27),),
            n_authors=34,
            n_signed=38,
            near_duplicate_rate=0.1316,
            reach=5_210,
            most_negative=(
                Example(
                    id="5",
                    created_ms=1_767_189_300_000,
                    score=0.9931,
                    text="@user 12 hours and still no bags. Nobody answers.",
                    url="",
                    n_retweets=2,
                    n_alike=1,
                ),
            ),
            most_repeated=(
                Example(
                    id="7",
                    created_ms=1_767_189_420_000,
                    score=0.9544,
                    text="Two flights, zero luggage, no apology",
                    url="https://social.example/status/7",
                    n_retweets=5_180,
                    n_alike=6,
                ),
            ),
        ),
    )
