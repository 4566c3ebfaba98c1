"""Render an alert as sentences."""

from __future__ import annotations

from datetime import datetime, tzinfo
from itertools import zip_longest
from typing import Final

from badbuzz.messages.translator import Language, Translator
from badbuzz.model import Alert, Evidence, Example, Reason, Term


def headline(alert: Alert, language: Language = "en") -> str:
    """Return one sentence with the negative tweets and the expected number.

    Parameters
    ----------
    alert
        Alert in any phase.
    language
        Language of the sentence.

    Examples
    --------
    >>> alert = example()
    >>> headline(alert)
    '38 of 51 tweets about Air Paradis in the last 15 minutes are negative; 6 were expected.'
    >>> print(headline(alert, "fr"))
    Air Paradis : 38 tweets négatifs sur 51 au cours des 15 dernières minutes ; 6 étaient attendus.
    """
    t = Translator(language)
    is_hour = alert.scale_min == 60
    span = t("headline_span_hour") if is_hour else t("headline_span", n=alert.scale_min)
    seen = t.plural("headline_seen", alert.n_negative, total=alert.n, brand=alert.brand, span=span)
    n = round(alert.expected)
    shown = n if alert.expected >= 0.5 else t("fewer_than_one")
    sentence = t("headline", seen=seen, expected=t.plural("headline_expected", n, n=shown))
    return t("headline_over", headline=sentence) if alert.phase == "resolved" else sentence


def describe(alert: Alert, zone: tzinfo, language: Language = "en") -> str:
    """Return everything about an alert, one sentence or tweet per line.

    Parameters
    ----------
    alert
        Alert in any phase.
    zone
        Time zone of the brand.
    language
        Language of the sentences; terms and tweets keep their own.

    Examples
    --------
    >>> from datetime import UTC
    >>> print(describe(example(), UTC))
    CRISIS (critical): Air Paradis
    38 of 51 tweets about Air Paradis in the last 15 minutes are negative; 6 were expected.
    Negative rate: 75 % (usually 30 %). Adjusted for classifier errors: 71 % (usually 27 %).
    Since 14:05. Probability of this many by chance: less than 1 in 500.
    Driven by: bags, lost, luggage. Mostly about: lost luggage.
    34 authors for 38 tweets; 13 % near-duplicates; 5,210 retweets.
    “@user 12 hours and still no bags. Nobody answers.”
    “Two flights, zero luggage, no apology” (and 5 similar) https://social.example/status/7
    """
    t = Translator(language)
    time = f"{datetime.fromtimestamp(alert.opened_ms / 1000, zone):%H:%M}"
    opened = t("opened", time=time, chance=_chance(alert.p_value, t))
    lines = [title(alert, language), headline(alert, language), rates(alert, language), opened]
    return "\n".join([*lines, *why(alert, language), *examples(alert, language)])


def title(alert: Alert, language: Language = "en") -> str:
    """Return phase, severity and brand of an alert.

    A phase or severity that this version does not know is shown by its key.

    Examples
    --------
    >>> title(example(), "fr")
    'CRISE (critique) : Air Paradis'
    """
    t = Translator(language)
    is_over = alert.phase == "resolved"
    key = "title_resolved" if is_over else f"title_{alert.phase}_{alert.severity}"
    if key in t:
        return t(key, brand=alert.brand)
    phase, severity = t.name("alerts_phase", alert.phase), t.name("alerts_severity", alert.severity)
    return t("title_other", phase=phase.lower(), severity=severity.lower(), brand=alert.brand)


def rates(alert: Alert, language: Language = "en") -> str:
    """Return the observed and the expected negative rate, raw and adjusted.

    Examples
    --------
    >>> rates(example())
    'Negative rate: 75 % (usually 30 %). Adjusted for classifier errors: 71 % (usually 27 %).'
    """
    return Translator(language)(
        "rates",
        rate=_percent(alert.rate),
        usual=_percent(alert.baseline_rate),
        adjusted=_percent(alert.adjusted_rate),
        adjusted_usual=_percent(alert.adjusted_baseline_rate),
    )


def why(alert: Alert, language: Language = "en", *, reason_first: bool = False) -> list[str]:
    """Return the drivers and the reach of an alert, one line each; empty without evidence.

    Parameters
    ----------
    alert
        Alert in any phase.
    language
        Language of the sentences; terms keep their own.
    reason_first
        Put the reason before the terms, for a display that may cut off the end of a line.

    Examples
    --------
    >>> print(*why(example(), "fr"), sep="\\n")
    Mots saillants : bags, lost, luggage. Surtout : bagages perdus.
    34 auteurs pour 38 tweets ; 13 % de quasi-doublons ; 5 210 retweets.
    """
    evidence = alert.evidence
    if evidence is None:
        return []
    t = Translator(language)
    drivers = _drivers(evidence, t)
    line = " ".join(reversed(drivers) if reason_first else drivers)
    return [text for text in (line, _reach(evidence, alert.n_negative, t)) if text]


def examples(alert: Alert, language: Language = "en", most: int = 2) -> list[str]:
    """Return the chosen example tweets, quoted, each with its permalink.

    Examples
    --------
    >>> examples(example(), most=1)
    ['“@user 12 hours and still no bags. Nobody answers.”']
    """
    return [f"{quoted(tweet, language)} {tweet.url}".rstrip() for tweet in chosen(alert, most)]


def chosen(alert: Alert, most: int = 2) -> list[Example]:
    """Return at most ``most`` example tweets: most negative and most repeated ones in turn.

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
    """Return the text of a tweet in quotation marks, with the number of near-duplicates.

    Examples
    --------
    >>> quoted(chosen(example())[1], "fr")
    '« Two flights, zero luggage, no apology » (et 5 semblables)'
    """
    t = Translator(language)
    text, n_others = t("quoted", text=example.text), example.n_alike - 1
    return text if n_others < 1 else f"{text} ({t.plural('alike', n_others)})"


def _drivers(evidence: Evidence, t: Translator) -> list[str]:
    sentences = []
    if evidence.terms:
        sentences.append(t("driven_by", terms=", ".join(term.term for term in evidence.terms)))
    if evidence.reasons:
        first = evidence.reasons[0]
        key = "mostly_about" if 2 * first.n >= evidence.n_sampled else "often_about"
        sentences.append(t(key, reason=t.name("reason", first.reason)))
    return sentences


def _reach(evidence: Evidence, n_negative: int, t: Translator) -> str:
    parts = []
    if evidence.n_sampled < n_negative:
        parts.append(t("sampled", n=evidence.n_sampled, total=n_negative))
    if evidence.n_signed:
        parts.append(t.plural("distinct_people", evidence.n_authors, total=evidence.n_signed))
    if evidence.near_duplicate_rate:
        parts.append(t("near_duplicates", rate=_percent(evidence.near_duplicate_rate)))
    if evidence.reach:
        n = t.number(evidence.reach).replace("\N{NARROW NO-BREAK SPACE}", " ")
        parts.append(t.plural("retweets", evidence.reach, n=n))
    return f"{t('separator').join(parts)}." if parts else ""


def counted(n: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, in English.

    Examples
    --------
    >>> counted(1, "alert"), counted(1_000, "entry", "entries")
    ('1 alert', '1,000 entries')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _percent(rate: float) -> str:
    return f"{rate * 100:.0f} %"


_CHANCES: Final = ((1e-5, 500), (1e-3, 100), (1e-2, 20), (1e-1, 5))
"""Upper bounds of p-values and the chance, one in n, to state: docs/detection.md has the table."""


def _chance(p_value: float, t: Translator) -> str:
    """Return the chance to state for a p-value: never lower than measured without a crisis."""
    for bound, n in _CHANCES:
        if p_value < bound:
            return t("chance_less", n=n)
    return t("chance_more", n=20)


def example() -> Alert:
    """Return an alert for tests and previews: 38 of 51 tweets in 15 minutes are negative."""
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
        evidence=_example_evidence(),
    )


def _example_evidence() -> Evidence:
    return Evidence(
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
    )
