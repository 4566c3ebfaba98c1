"""The page *History*: any period, brands compared, as charts, as figures, as files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import streamlit as st

from badbuzz.store.model import AlertHistory, WindowSum
from dashboards.front.client import Client
from dashboards.front.decoding import decode
from dashboards.front.parts import comparison, layout, tables
from dashboards.front.parts.curves import draw_negatives
from dashboards.front.periods import DAY_MS, MINUTE_MS, day_of, days, replay_command, step_of
from dashboards.front.translator import Translator
from dashboards.responses import BrandStatus

_PERIODS: Final = {"day": DAY_MS, "week": 7 * DAY_MS, "month": 30 * DAY_MS, "own": 0}
_FIELDS: Final = ("negative", "rate", "n")
_FILES: Final = ("windows", "alerts", "tweets", "feedback")
_MOST_ALERTS: Final = 20


class _Period(NamedTuple):
    from_ms: int
    to_ms: int
    zone: str


def show(client: Client, words: Translator) -> None:
    """Draw the page, below its heading."""
    standings = {one.brand: one for one in client.brands()}
    if not standings:
        st.info(words("no_brands"))
        return
    chosen = st.multiselect(
        words("history_brands"), list(standings), default=list(standings)[:3], key="history_brands",
        max_selections=comparison.MOST, placeholder=words("history_choose"),
    )  # fmt: skip
    if not chosen:
        st.info(words("history_choose"))
        return
    period = _choose_period([standings[brand] for brand in chosen], words)
    if period is None:
        return
    step_ms = step_of(period.from_ms, period.to_ms)
    seen = {brand: client.windows(brand, period.from_ms, period.to_ms, step_ms) for brand in chosen}
    layout.note(_described(period, step_ms, words))
    if any(seen.values()):
        _show_totals(seen, words)
        _show_charts(seen, period.zone, words)
        _show_alerts(client, chosen, period, words)
    else:
        st.info(words("history_nothing"))
    _offer_files(client, chosen, period, words)
    _offer_replay(period, words)


def _choose_period(chosen: Sequence[BrandStatus], words: Translator) -> _Period | None:
    """The period, on the clock of the first brand; it ends with what is known, or as one says."""
    zone = chosen[0].zone
    end_ms = max((one.last_window.end_ms for one in chosen if one.last_window), default=0)
    name = st.segmented_control(
        words("history_period"), list(_PERIODS), default="week", key="history_period",
        format_func=lambda one: words(f"history_{one}"), required=True,
    )  # fmt: skip
    if name != "own":
        return _Period(max(0, end_ms - _PERIODS[name or "week"]), end_ms, zone)
    last = day_of(max(0, end_ms - 1), zone)
    with st.container(horizontal=True):
        form = "DD/MM/YYYY"
        first = st.date_input(
            words("history_first"), last, key="history_first", width=180, format=form
        )
        final = st.date_input(
            words("history_last"), last, key="history_last", width=180, format=form
        )
    if first > final:
        st.warning(words("history_backwards"), icon=":material/event_busy:")
        return None
    return _Period(*days(first, final, zone), zone)


def _described(period: _Period, step_ms: int, words: Translator) -> str:
    return words(
        "history_shown",
        start=words.moment(period.from_ms, period.zone),
        end=words.moment(period.to_ms, period.zone),
        zone=period.zone,
        step=_step_told(step_ms, words),
    )


def _step_told(step_ms: int, words: Translator) -> str:
    if step_ms >= DAY_MS:
        return words("history_days", n=step_ms // DAY_MS)
    minutes = step_ms // MINUTE_MS
    if minutes >= 60:
        return words("history_hours", n=minutes // 60)
    return words("history_minutes", n=minutes)


def _show_totals(seen: comparison.Seen, words: Translator) -> None:
    st.header(words("history_totals"), anchor=False)
    heads = ("n", "negative", "expected", "rate")
    tables.draw(
        [words("brand"), *(words(f"history_{key}") for key in heads)],
        [_total(brand, steps, words) for brand, steps in seen.items()],
    )


def _total(brand: str, steps: Sequence[WindowSum], words: Translator) -> list[str]:
    n, n_negative = sum(step.n for step in steps), sum(step.n_negative for step in steps)
    return [
        brand,
        words.number(n),
        words.number(n_negative),
        words.number(sum(step.expected for step in steps)),
        words.percent(n_negative / n if n else None),
    ]


def _show_charts(seen: comparison.Seen, zone: str, words: Translator) -> None:
    """Draw each figure of all brands; one alone is shown against what was expected of it."""
    for field in _FIELDS:
        if field == "negative" and len(seen) == 1:
            (steps,) = seen.values()
            draw_negatives(words("history_negative"), steps, zone, words)
            continue
        st.header(words(f"history_{field}"), anchor=False)
        chart = comparison.lines(seen, field, zone, words)
        st.altair_chart(chart, alt=_told(seen, field, zone, words), theme=None)
        if field == "negative" and comparison.alert_rows(seen, zone):
            st.subheader(words("history_spans"), anchor=False)
            spans = comparison.alerts(seen, zone)
            st.altair_chart(spans, alt=words("history_spans_alt"), theme=None)
    with st.expander(words("history_table"), icon=":material/table:"):
        st.table(_figures(seen, zone, words), hide_index=True, height=320)


def _told(seen: comparison.Seen, field: str, zone: str, words: Translator) -> str:
    """What a chart shows, for those who do not see it: each brand's highest point."""
    tops = []
    for brand, steps in seen.items():
        known = [step for step in steps if _figure(step, field) is not None]
        if known:
            top = max(known, key=lambda step: _figure(step, field) or 0.0)
            said = _said(top, field, words)
            when = words.moment(top.start_ms, zone)
            tops.append(words("history_top", brand=brand, figure=said, when=when))
    return words("history_alt", field=words(f"history_{field}"), tops="; ".join(tops))


def _figure(step: WindowSum, field: str) -> float | None:
    return {"negative": step.n_negative, "rate": step.rate, "n": step.n}[field]


def _said(step: WindowSum, field: str, words: Translator) -> str:
    figure = _figure(step, field)
    return words.percent(figure) if field == "rate" else words.number(figure or 0)


def _figures(seen: comparison.Seen, zone: str, words: Translator) -> dict[str, list[str]]:
    """Negatives of all tweets, a column for each brand, newest first."""
    by_time = {brand: {step.start_ms: step for step in steps} for brand, steps in seen.items()}
    times = sorted({at for steps in by_time.values() for at in steps}, reverse=True)
    table = {words("history_from"): [words.moment(at, zone) for at in times]}
    for brand, steps in by_time.items():
        told = [steps.get(at) for at in times]
        table[brand] = [
            "–" if step is None
            else words("history_of", negative=words.number(step.n_negative), n=words.number(step.n))
            for step in told
        ]  # fmt: skip
    return table


def _show_alerts(client: Client, chosen: Sequence[str], period: _Period, words: Translator) -> None:
    """The period's alerts, newest first, each a link to its page."""
    st.header(words("page_alerts"), anchor=False)
    found = [life for brand in chosen for life in _alerts(client, brand, period)]
    found.sort(key=lambda life: -life.alert.opened_ms)
    if not found:
        st.write(words("history_no_alert"))
    for life in found[:_MOST_ALERTS]:
        alert = life.alert
        worst = max((phase.severity for phase in life.phases), key=_SEVERITIES.index)
        told = words(
            "history_alert",
            when=words.moment(alert.opened_ms, period.zone),
            brand=alert.brand,
            severity=words(f"history_{worst}"),
        )
        st.page_link(
            layout.page("alerts"), label=told, icon=":material/notifications:",
            query_params={"alert": alert.id},
        )  # fmt: skip
    if len(found) > _MOST_ALERTS:
        layout.note(words("history_more", n=len(found) - _MOST_ALERTS))


_SEVERITIES: Final = ("info", "warning", "critical")


def _alerts(client: Client, brand: str, period: _Period) -> list[AlertHistory]:
    page = client.get("/alerts", brand=brand, from_=period.from_ms, to=period.to_ms, limit=200)
    return [decode(AlertHistory, one) for one in page["items"]]


def _offer_files(client: Client, chosen: Sequence[str], period: _Period, words: Translator) -> None:
    st.header(words("history_files"), anchor=False)
    st.write(words("history_files_about"))
    with st.container(horizontal=True):
        for what in _FILES:
            st.download_button(
                words(f"history_{what}"), on_click="ignore", mime="text/csv",
                data=partial(exported, client, what, chosen, period.from_ms, period.to_ms),
                file_name=f"badbuzz-{what}.csv", icon=":material/download:",
            )  # fmt: skip


def exported(client: Client, what: str, brands: Sequence[str], from_ms: int, to_ms: int) -> str:
    """What the API exports of some brands, as one CSV."""
    tables = [
        client.get_text("/export", what=what, brand=brand, from_=from_ms, to=to_ms)
        for brand in brands
    ]
    return "".join([tables[0], *(table.partition("\n")[2] for table in tables[1:])])


def _offer_replay(period: _Period, words: Translator) -> None:
    st.header(words("history_replay"), anchor=False)
    st.write(words("history_replay_about"))
    st.code(replay_command(period.from_ms, period.to_ms), language=None, wrap_lines=True)
