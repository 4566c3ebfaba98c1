"""Page *History*: compare brands over any period in charts, tables and files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import streamlit as st

from badbuzz.messages.translator import Translator
from badbuzz.model import DAY_MS
from badbuzz.quality.rulings import highest_severity
from badbuzz.store.model import WindowSum
from dashboards.front.client import Client
from dashboards.front.parts import comparison, layout, tables
from dashboards.front.parts.curves import draw_negatives
from dashboards.front.periods import MINUTE_MS, day_of, days, replay_command, step_of
from dashboards.responses import BrandStatus

_PERIODS: Final = {"day": DAY_MS, "week": 7 * DAY_MS, "month": 30 * DAY_MS, "own": 0}
_FIELDS: Final = ("negative", "rate", "n")
_FILES: Final = ("windows", "alerts", "tweets", "feedback")
_MOST_ALERTS: Final = 20


class _Period(NamedTuple):
    from_ms: int
    to_ms: int
    zone: str


def show(client: Client, t: Translator) -> None:
    """Draw the page below its heading."""
    statuses = {one.brand: one for one in client.brands()}
    if not statuses:
        st.info(t("no_brands"))
        return
    chosen = st.multiselect(
        t("history_brands"), list(statuses), default=list(statuses)[:3], key="history_brands",
        max_selections=comparison.MOST, placeholder=t("history_choose"),
    )  # fmt: skip
    if not chosen:
        st.info(t("history_choose"))
        return
    period = _choose_period([statuses[brand] for brand in chosen], t)
    if period is None:
        return
    step_ms = step_of(period.from_ms, period.to_ms)
    seen = {brand: client.windows(brand, period.from_ms, period.to_ms, step_ms) for brand in chosen}
    layout.note(_described(period, step_ms, t))
    if any(seen.values()):
        _show_totals(seen, t)
        _show_charts(seen, period.zone, t)
        _show_alerts(client, chosen, period, t)
    else:
        st.info(t("history_nothing"))
    _offer_files(client, chosen, period, t)
    _offer_replay(period, t)


def _choose_period(chosen: Sequence[BrandStatus], t: Translator) -> _Period | None:
    """Return the chosen period in the first brand's zone, by default until its last window."""
    zone = chosen[0].zone
    end_ms = next((one.last_window.end_ms for one in chosen if one.last_window), 0)
    name = st.segmented_control(
        t("period"), list(_PERIODS), default="week", key="history_period",
        format_func=lambda one: t(f"history_{one}"), required=True,
    )  # fmt: skip
    if name != "own":
        return _Period(max(0, end_ms - _PERIODS[name or "week"]), end_ms, zone)
    last = day_of(max(0, end_ms - 1), zone)
    with st.container(horizontal=True):
        form = "DD/MM/YYYY"
        first = st.date_input(t("history_first"), last, key="history_first", width=180, format=form)
        final = st.date_input(t("history_last"), last, key="history_last", width=180, format=form)
    if first > final:
        st.warning(t("history_backwards"), icon=":material/event_busy:")
        return None
    return _Period(*days(first, final, zone), zone)


def _described(period: _Period, step_ms: int, t: Translator) -> str:
    return t(
        "history_shown",
        start=t.moment(period.from_ms, period.zone),
        end=t.moment(period.to_ms, period.zone),
        zone=period.zone,
        step=_step_text(step_ms, t),
    )


def _step_text(step_ms: int, t: Translator) -> str:
    if step_ms >= DAY_MS:
        return t("history_days", n=step_ms // DAY_MS)
    minutes = step_ms // MINUTE_MS
    if minutes >= 60:
        return t("history_hours", n=minutes // 60)
    return t("history_minutes", n=minutes)


def _show_totals(seen: comparison.Seen, t: Translator) -> None:
    st.header(t("history_totals"), anchor=False)
    heads = ("n", "negative", "expected", "rate")
    tables.draw(
        [t("brand"), *(t(f"history_{key}") for key in heads)],
        [_total(brand, steps, t) for brand, steps in seen.items()],
    )


def _total(brand: str, steps: Sequence[WindowSum], t: Translator) -> list[str]:
    n, n_negative = sum(step.n for step in steps), sum(step.n_negative for step in steps)
    return [
        brand,
        t.number(n),
        t.number(n_negative),
        t.number(sum(step.expected for step in steps)),
        t.percent(n_negative / n if n else None),
    ]


def _show_charts(seen: comparison.Seen, zone: str, t: Translator) -> None:
    """Draw a chart per figure; a single brand is shown against its expected band."""
    for field in _FIELDS:
        if field == "negative" and len(seen) == 1:
            (steps,) = seen.values()
            draw_negatives(t("history_negative"), steps, zone, t)
            continue
        st.header(t(f"history_{field}"), anchor=False)
        chart = comparison.lines(seen, field, zone, t)
        st.altair_chart(chart, alt=_alt_text(seen, field, zone, t), theme=None)
        if field == "negative" and comparison.alert_rows(seen, zone):
            st.subheader(t("history_spans"), anchor=False)
            spans = comparison.alerts(seen, zone)
            st.altair_chart(spans, alt=t("history_spans_alt"), theme=None)
    with st.expander(t("history_table"), icon=":material/table:"):
        st.table(_figures(seen, zone, t), hide_index=True, height=320)


def _alt_text(seen: comparison.Seen, field: str, zone: str, t: Translator) -> str:
    """Return the alternative text of a chart: the maximum of each brand."""
    tops = []
    for brand, steps in seen.items():
        known = [step for step in steps if _figure(step, field) is not None]
        if known:
            top = max(known, key=lambda step: _figure(step, field) or 0.0)
            figure = _figure_text(top, field, t)
            when = t.moment(top.start_ms, zone)
            tops.append(t("history_top", brand=brand, figure=figure, when=when))
    return t("history_alt", field=t(f"history_{field}"), tops="; ".join(tops))


def _figure(step: WindowSum, field: str) -> float | None:
    return {"negative": step.n_negative, "rate": step.rate, "n": step.n}[field]


def _figure_text(step: WindowSum, field: str, t: Translator) -> str:
    figure = _figure(step, field)
    return t.percent(figure) if field == "rate" else t.number(figure or 0)


def _figures(seen: comparison.Seen, zone: str, t: Translator) -> dict[str, list[str]]:
    """Return "negatives of all tweets" with one column per brand, newest first."""
    by_time = {brand: {step.start_ms: step for step in steps} for brand, steps in seen.items()}
    times = sorted({at for steps in by_time.values() for at in steps}, reverse=True)
    table = {t("chart_from"): [t.moment(at, zone) for at in times]}
    for brand, steps in by_time.items():
        row = [steps.get(at) for at in times]
        table[brand] = [
            "–" if step is None
            else t("history_of", negative=t.number(step.n_negative), n=t.number(step.n))
            for step in row
        ]  # fmt: skip
    return table


def _show_alerts(client: Client, chosen: Sequence[str], period: _Period, t: Translator) -> None:
    """Draw links to the period's alerts, newest first."""
    st.header(t("page_alerts"), anchor=False)
    histories = [
        history
        for brand in chosen
        for history in client.alerts(brand, 200, from_=period.from_ms, to=period.to_ms).items
    ]
    histories.sort(key=lambda history: -history.alert.opened_ms)
    if not histories:
        st.write(t("history_no_alert"))
    for history in histories[:_MOST_ALERTS]:
        alert = history.alert
        when = t.moment(alert.opened_ms, period.zone)
        severity = t.name("history", highest_severity(history))
        st.page_link(
            layout.page("alerts"), label=f"{when} · {alert.brand} · {severity}",
            icon=":material/notifications:", query_params={"alert": alert.id},
        )  # fmt: skip
    if len(histories) > _MOST_ALERTS:
        layout.note(t("history_more", n=len(histories) - _MOST_ALERTS))


def _offer_files(client: Client, chosen: Sequence[str], period: _Period, t: Translator) -> None:
    st.header(t("history_files"), anchor=False)
    st.write(t("history_files_about"))
    with st.container(horizontal=True):
        for what in _FILES:
            st.download_button(
                t(f"history_{what}"), on_click="ignore", mime="text/csv",
                data=partial(exported, client, what, chosen, period.from_ms, period.to_ms),
                file_name=f"badbuzz-{what}.csv", icon=":material/download:",
            )  # fmt: skip


def exported(client: Client, what: str, brands: Sequence[str], from_ms: int, to_ms: int) -> str:
    """Return the API's exports of several brands as one CSV."""
    tables = [
        client.get_text("/export", what=what, brand=brand, from_=from_ms, to=to_ms)
        for brand in brands
    ]
    return "".join([tables[0], *(table.partition("\n")[2] for table in tables[1:])])


def _offer_replay(period: _Period, t: Translator) -> None:
    st.header(t("history_replay"), anchor=False)
    st.write(t("history_replay_about"))
    st.code(replay_command(period.from_ms, period.to_ms), language=None, wrap_lines=True)
