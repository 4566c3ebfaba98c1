"""Page *Alerts*: the list, open ones first, or the one alert that the URL names."""

from __future__ import annotations

import streamlit as st

from badbuzz.messages.text import headline
from badbuzz.messages.translator import Translator
from badbuzz.store.model import AlertHistory
from dashboards.front import cached_queries
from dashboards.front.brand_status import COLOURS, ICONS, known
from dashboards.front.client import ApiError, Client
from dashboards.front.parts import layout
from dashboards.front.views import alert

_PAGE = 20
_SHOWN = "alerts_shown"
_ADDRESSED = "alert_in_address"


def show(client: Client, t: Translator) -> None:
    """Draw the page below its heading."""
    zones = {one.brand: one.zone for one in cached_queries.statuses(client)}
    alert_id = st.query_params.get("alert")
    _update_url(alert_id)
    if alert_id is None:
        _list(client, zones, t)
        return
    st.page_link(layout.page("alerts"), label=t("alerts_back"), icon=":material/arrow_back:")
    try:
        history = client.alert(alert_id)
    except ApiError as error:
        if error.key != "api_not_found":
            raise
        layout.lines([t("alerts_unknown", id=alert_id)])
        return
    alert.show(client, history, zones.get(history.alert.brand, "UTC"), t)


def _update_url(alert_id: str | None) -> None:
    """Put the alert into the browser's URL, which a link within one page does not change."""
    if st.session_state.get(_ADDRESSED) != alert_id:
        st.session_state[_ADDRESSED] = alert_id
        st.query_params.from_dict({} if alert_id is None else {"alert": alert_id})


def _list(client: Client, zones: dict[str, str], t: Translator) -> None:
    brand = _choose_brand(list(zones), t)
    n_shown = st.session_state.get(_SHOWN, _PAGE)
    opened = _open(client, brand)
    st.header(t("alerts_open", n=len(opened)), anchor=False)
    if not opened:
        st.write(t("alerts_no_open"))
    for history in opened:
        _row(history, zones, t)
    st.header(t("alerts_over"), anchor=False)
    page = client.alerts(brand, n_shown, phase="resolved")
    if not page.items:
        st.write(t("alerts_none"))
    for history in page.items:
        _row(history, zones, t)
    if len(set(zones.values())) > 1 and (opened or page.items):
        layout.note(t("alerts_clocks"))
    if page.cursor is not None and n_shown < 1000:
        st.button(t("alerts_more"), on_click=_show_more, icon=":material/expand_more:")
    _watch(client, brand, [(one.alert.id, one.alert.phase) for one in opened])


def _choose_brand(brands: list[str], t: Translator) -> str | None:
    def named(brand: str | None) -> str:
        return t("alerts_every_brand") if brand is None else brand

    return layout.select(
        t("brand"), [None, *sorted(brands)], named, "alerts_brand",
        persist_state="session", width=320, label_visibility="collapsed",
    )  # fmt: skip


def _open(client: Client, brand: str | None) -> list[AlertHistory]:
    """Return the unresolved alerts, the newest first."""
    return list(cached_queries.alerts(client, brand, "open"))


def _row(history: AlertHistory, zones: dict[str, str], t: Translator) -> None:
    """Draw a card with brand, start, headline and badges of an alert, and a link to it."""
    one, zone = history.alert, zones.get(history.alert.brand, "UTC")
    with st.container(border=True, gap="xxsmall"):
        st.page_link(
            layout.page("alerts"), query_params={"alert": one.id}, icon=ICONS[known(one.severity)],
            label=f"{one.brand} · {t.moment(one.opened_ms, zone)}",
        )  # fmt: skip
        layout.note(headline(alert.newest_claim(history), t.language))
        with st.container(horizontal=True, gap="xsmall"):
            for text, icon, colour in _badges(history, t):
                st.badge(text, icon=icon, color=colour)  # type: ignore[arg-type]


def _badges(history: AlertHistory, t: Translator) -> list[tuple[str, str | None, str]]:
    """Return severity, phase, acknowledgement and ruling as text, icon and colour."""
    one = history.alert
    is_over = one.phase == "resolved"
    colour = "gray" if is_over else COLOURS[known(one.severity)]
    badges: list[tuple[str, str | None, str]] = [
        (t.name("alerts_severity", one.severity), None, colour),
        (t.name("alerts_phase", one.phase), None, colour),
    ]
    if history.acknowledged_by:
        text = t("alerts_somebody", name=history.acknowledged_by)
        badges.append((text, ":material/done_all:", "green"))
    elif not is_over:
        badges.append((t("alerts_nobody"), ":material/person_off:", "gray"))
    badges += [
        (t.name("alerts_ruling", ruling.verdict), ":material/gavel:", "blue")
        for ruling in history.rulings[-1:]
    ]
    return badges


def _show_more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, _PAGE) + _PAGE


@st.fragment(run_every=2.0)
def _watch(client: Client, brand: str | None, seen: list[tuple[str, str]]) -> None:
    """Rerun the page when an alert opens, escalates or ends."""
    try:
        alerts = _open(client, brand)
    except ApiError as error:
        if error.key == "api_too_many":
            return
        st.rerun()
    if [(one.alert.id, one.alert.phase) for one in alerts] != seen:
        st.rerun()
