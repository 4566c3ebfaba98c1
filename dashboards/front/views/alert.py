"""One alert: evidence, phases, acknowledgement and ruling."""

from __future__ import annotations

from typing import Final, get_args
from urllib.parse import quote, urlsplit

import streamlit as st

from badbuzz.messages.text import chosen, headline, rates, why
from badbuzz.messages.translator import Translator
from badbuzz.model import HOUR_MS, Alert
from badbuzz.store.model import AlertHistory, RulingKind
from dashboards.front import cached_queries
from dashboards.front.brand_status import ICONS, known
from dashboards.front.client import ApiError, Client
from dashboards.front.parts import layout
from dashboards.front.parts.curves import draw_negatives

_RULINGS: Final[tuple[RulingKind, ...]] = get_args(RulingKind)
_FAILED: Final = "alert_failed"
_RULED: Final = "alert_ruled"


def show(client: Client, history: AlertHistory, zone: str, t: Translator) -> None:
    """Draw the alert."""
    _banner(history, zone, t)
    _acknowledgement(client, history, zone, t)
    shown = newest_claim(history)
    st.header(t("alerts_evidence"), anchor=False)
    lines = why(shown, t.language) or [t("alerts_no_evidence")]
    layout.lines([rates(shown, t.language), *lines])
    examples = chosen(shown, 6)
    if examples:
        st.header(t("alerts_examples"), anchor=False)
        layout.examples(examples, zone, t)
    _moment(client, history, zone, t)
    st.header(t("alerts_phases"), anchor=False)
    st.table(phases(history, zone, t), hide_index=True, alt=t("alerts_phases"))
    _ruling(client, history, t)
    st.header(t("alerts_link"), anchor=False)
    st.code(link(history.alert), language=None, wrap_lines=True)


def link(alert: Alert) -> str:
    """Return the URL of an alert on this front."""
    here = urlsplit(st.context.url or "")
    return f"{here.scheme}://{here.netloc}/alerts?alert={quote(alert.id, safe='')}"


def phases(history: AlertHistory, zone: str, t: Translator) -> dict[str, list[str]]:
    """Return the columns of a table with one row per phase."""
    return {
        t("table_time"): [t.moment(one.window_end_ms, zone) for one in history.phases],
        t("alerts_phase_what"): [
            f"{t.name('alerts_phase', one.phase)}, {t.name('alerts_severity', one.severity)}"
            for one in history.phases
        ],
        t("alerts_phase_negatives"): [
            f"{t.number(one.n_negative)} / {t.number(one.n)}" for one in history.phases
        ],
        t("chart_expected"): [t.number(one.expected, 1) for one in history.phases],
        t("alerts_phase_score"): [t.number(one.score, 1) for one in history.phases],
    }


def claim(history: AlertHistory, zone: str, t: Translator) -> str:
    """Return the newest claim as a sentence, dated if the alert is resolved."""
    shown = newest_claim(history)
    sentence = headline(shown, t.language)
    if history.alert.phase != "resolved":
        return sentence
    return t("alerts_claimed", moment=t.moment(shown.window_end_ms, zone), sentence=sentence)


def newest_claim(history: AlertHistory) -> Alert:
    """Return the newest phase with evidence, or the newest one if none has any."""
    explained = [one for one in history.phases if one.evidence is not None]
    return explained[-1] if explained else history.alert


def _banner(history: AlertHistory, zone: str, t: Translator) -> None:
    alert = history.alert
    over = alert.phase == "resolved"
    colour = "learning" if over else known(alert.severity)
    with st.container(border=True, key=f"banner_{colour}"):
        severity = t.name("alerts_severity", alert.severity)
        phase = t.name("alerts_phase", alert.phase)
        icon = ":material/check_circle:" if over else ICONS[known(alert.severity)]
        st.header(f"{icon} {alert.brand} · {severity} · {phase}", anchor=False)
        start = t.moment(alert.opened_ms, zone)
        when = t("alerts_since", start=start)
        if over:
            end = t.moment(alert.window_end_ms, zone)
            when = t("alerts_span", start=start, end=end)
        more = [f"{when} {t('alerts_clock', zone=zone)}"]
        if alert.replay:
            more.append(t("alerts_replay"))
        layout.sentence(claim(history, zone, t), more)


def _acknowledgement(client: Client, history: AlertHistory, zone: str, t: Translator) -> None:
    alert = history.alert
    with st.container(horizontal=True, vertical_alignment="center"):
        if history.acknowledged_by and history.acknowledged_ms is not None:
            moment = t.moment(history.acknowledged_ms, zone)
            sentence = t("alerts_acknowledged", name=history.acknowledged_by, moment=moment)
            st.write(f":material/done_all: {sentence}")
        else:
            st.button(
                t("layout_acknowledge"),
                type="secondary" if alert.phase == "resolved" else "primary",
                icon=":material/back_hand:",
                on_click=_acknowledge, args=(client, alert.id),
            )  # fmt: skip
            st.write(t("not_acknowledged"))
    _show_failure(t)


def _acknowledge(client: Client, alert_id: str) -> None:
    try:
        client.acknowledge(alert_id)
    except ApiError as error:
        st.session_state[_FAILED] = error.key


def _show_failure(t: Translator) -> None:
    """Draw the error of the last acknowledgement, if it failed."""
    key = st.session_state.pop(_FAILED, None)
    if key is not None:
        st.error(t(key), icon=":material/error:")


def _moment(client: Client, history: AlertHistory, zone: str, t: Translator) -> None:
    """Draw the negative tweets from three hours before the alert to one hour after it."""
    alert = history.alert
    from_ms = alert.opened_ms - 3 * HOUR_MS
    to_ms = alert.window_end_ms + HOUR_MS
    steps = cached_queries.windows(client, alert.brand, from_ms, to_ms, 300_000)
    draw_negatives(t("alerts_moment"), steps, zone, t)
    st.page_link(
        layout.page("live"), label=t("alerts_see_live"), icon=":material/timeline:",
        query_params={"brand": alert.brand, "from": str(alert.opened_ms - 6 * HOUR_MS)},
    )  # fmt: skip


def _ruling(client: Client, history: AlertHistory, t: Translator) -> None:
    st.header(t("alerts_ruling"), anchor=False)
    for ruling in history.rulings:
        ruled = f"{ruling.by} – {t(f'alerts_ruling_{ruling.verdict}')}"
        layout.note(
            t("alerts_ruled_because", ruled=ruled, note=ruling.note) if ruling.note else ruled
        )

    def named(ruling_kind: RulingKind) -> str:
        return t(f"alerts_ruling_{ruling_kind}")

    with st.form(f"ruling {history.alert.id}", width=560):
        st.radio(
            t("alerts_your_ruling"), _RULINGS, index=None, format_func=named, key="ruling_kind"
        )
        st.text_area(t("alerts_note"), key="note", max_chars=2000, height=90)
        st.form_submit_button(
            t("alerts_rule"), type="primary", on_click=_rule, args=(client, history.alert.id)
        )
    layout.note(t("alerts_ruling_why"))
    result = st.session_state.pop(_RULED, None)
    if result is not None:
        kind = st.success if result == "alerts_ruled" else st.error
        kind(t(result))


def _rule(client: Client, alert_id: str) -> None:
    ruling_kind = st.session_state.get("ruling_kind")
    if ruling_kind is None:
        st.session_state[_RULED] = "alerts_choose_ruling"
        return
    try:
        client.rule(alert_id, ruling_kind, st.session_state.get("note", ""))
    except ApiError as error:
        st.session_state[_RULED] = error.key
    else:
        st.session_state[_RULED] = "alerts_ruled"
