"""Page *Live*: the state of a brand, its charts, terms and newest tweets."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from badbuzz.messages.text import headline, why
from badbuzz.messages.translator import Translator
from badbuzz.model import HOUR_MS
from badbuzz.store.model import WindowSum
from dashboards.front import brand_status, cached_queries
from dashboards.front.brand_status import ALARMING, COLOURS, ICONS, known
from dashboards.front.client import ApiError, Client
from dashboards.front.parts import layout
from dashboards.front.parts.curves import draw_curves
from dashboards.responses import BrandStatus

_STEPS_MS: Final = {6: 300_000, 24: 300_000, 168: HOUR_MS}
"""Width of a step in milliseconds by length of the period in hours."""
_COARSER: Final = 6
"""Steps that one point of the negative rate sums, because it is noisy when tweets are few."""
_REDRAW_S: Final = 4.0
_MOST_PILLS: Final = 8
_BRAND: Final = "chosen_brand"
_ASKED: Final = "asked_brand"


@dataclass(frozen=True, slots=True)
class BrandView:
    """The half-open period of a brand on the page: past, or ending with the last window."""

    status: BrandStatus
    state: str
    from_ms: int
    to_ms: int
    step_ms: int
    past: bool

    @property
    def zone(self) -> str:
        """The brand's time zone."""
        return self.status.zone


def show(client: Client, t: Translator) -> None:
    """Draw the page below its heading."""
    statuses = cached_queries.statuses(client)
    if not statuses:
        st.info(t("no_brands"))
        _watch(client, _News(), time.monotonic())
        return
    states = states_of(client, statuses)
    brand = _choose(statuses, states, t)
    view = _view(brand, states[brand.brand])
    _others(statuses, states, brand.brand, t)
    _banner(client, view, t)
    if brand.last_window is not None:
        _hour(client, view, t)
        if not view.past:
            _choose_period(t)
        steps = cached_queries.windows(client, brand.brand, view.from_ms, view.to_ms, view.step_ms)
        coarse_ms = view.step_ms * _COARSER
        coarse = cached_queries.windows(client, brand.brand, view.from_ms, view.to_ms, coarse_ms)
        draw_curves(steps, coarse, view.zone, t)
        _draw_terms_and_tweets(client, view, t)
    if not view.past:
        _watch(client, _news(client, statuses), time.monotonic())


def states_of(client: Client, statuses: Sequence[BrandStatus]) -> dict[str, str]:
    """Return each brand's state now."""
    now_ms, movement = time.time_ns() // 1_000_000, cached_queries.movement(client.identity[0])
    states: dict[str, str] = {}
    for one in statuses:
        end_ms = one.last_window.end_ms if one.last_window else 0
        states[one.brand] = brand_status.state_of(
            one, now_ms, movement.moved_ms(one.brand, end_ms, now_ms)
        )
    return states


def _choose(
    statuses: Sequence[BrandStatus], states: Mapping[str, str], t: Translator
) -> BrandStatus:
    """Return the clicked brand, the one that the URL names, or the most urgent one."""
    brands = {one.brand: one for one in statuses}
    asked = st.query_params.get("brand")
    if asked in brands and asked != st.session_state.get(_ASKED):
        st.session_state[_BRAND] = st.session_state[_ASKED] = asked
    if st.session_state.get(_ASKED) not in brands:
        urgent = brand_status.most_urgent(states.items())
        if st.session_state.get(_BRAND) not in brands or known(states[urgent]) in ALARMING:
            st.session_state[_BRAND] = urgent

    def named(brand: str) -> str:
        return f"{brand} · {t.name('state', states[brand])}"

    def marked(brand: str) -> str:
        state = known(states[brand])
        return f":{COLOURS[state]}[{ICONS[state]}] {named(brand)}"

    looks: dict[str, Any] = {
        "on_change": _note_choice, "persist_state": "session", "label_visibility": "collapsed",
    }  # fmt: skip
    if len(brands) <= _MOST_PILLS:
        options = sorted(brands)
        st.pills(t("brand"), options, format_func=marked, key=_BRAND, required=True, **looks)
    else:
        options = sorted(
            brands, key=lambda brand: (brand_status.URGENCY.index(known(states[brand])), brand)
        )
        layout.select(t("brand"), options, named, _BRAND, **looks)
    return brands[st.session_state[_BRAND]]


def _others(
    statuses: Sequence[BrandStatus], states: Mapping[str, str], chosen: str, t: Translator
) -> None:
    """Draw a button for each other brand with an open alert."""
    for one in statuses:
        state = known(states[one.brand])
        if one.brand != chosen and one.open_alert is not None and state in ALARMING:
            since = t.moment(one.open_alert.opened_ms, one.zone)
            name = t.name("state", states[one.brand])
            st.button(
                t("also", brand=one.brand, state=name, since=since),
                icon=ICONS[state], on_click=_look_at, args=(one.brand,),
            )  # fmt: skip


def _look_at(brand: str) -> None:
    """Switch to the present of a brand."""
    st.session_state[_BRAND] = brand
    _note_choice()


def _note_choice() -> None:
    """Put the brand into the URL, and leave the past."""
    st.query_params.from_dict({"brand": st.session_state[_BRAND]})
    st.session_state[_ASKED] = st.session_state[_BRAND]


def _view(brand: BrandStatus, state: str) -> BrandView:
    end_ms = brand.last_window.end_ms if brand.last_window else 0
    from_text = st.query_params.get("from", "")
    if from_text.isascii() and from_text.isdecimal() and len(from_text) < 14:
        from_ms = int(from_text)
        return BrandView(brand, state, from_ms, from_ms + 24 * HOUR_MS, _STEPS_MS[24], past=True)
    hours = st.session_state.get("hours") or 24
    return BrandView(
        brand, state, max(0, end_ms - hours * HOUR_MS), end_ms, _STEPS_MS[hours], past=False
    )


def _choose_period(t: Translator) -> None:
    def named(hours: int) -> str:
        return t(f"period_{hours}")

    st.segmented_control(
        t("period"), list(_STEPS_MS), default=24, format_func=named, key="hours",
        required=True, label_visibility="collapsed", persist_state="session",
    )  # fmt: skip


def _banner(client: Client, view: BrandView, t: Translator) -> None:
    """Draw the state and its sentence in a coloured box."""
    brand, state = view.status, view.state
    if view.past:
        start, end = t.moment(view.from_ms, view.zone), t.moment(view.to_ms, view.zone)
        with st.container(border=True, key="banner_learning"):
            st.write(t("past", start=start, end=end))
            st.button(
                t("back_to_now"), icon=":material/update:",
                on_click=_look_at, args=(brand.brand,),
            )  # fmt: skip
        return
    drawn = known(state)
    with st.container(border=True, key=f"banner_{drawn}"):
        st.header(f"{ICONS[drawn]} {brand.brand} · {t.name('state', state)}", anchor=False)
        sentence, more = _sentences(client, view, t)
        layout.sentence(sentence, more)
        if brand.open_alert is not None:
            st.page_link(
                layout.page("alerts"), label=t("open_alert"), icon=":material/arrow_forward:",
                query_params={"alert": brand.open_alert.id},
            )  # fmt: skip


def _sentences(client: Client, view: BrandView, t: Translator) -> tuple[str, list[str]]:
    """Return the sentence about a brand and the smaller ones below it."""
    brand, zone = view.status, view.zone
    window, alert = brand.last_window, brand.open_alert
    if alert is not None:
        since = t("since", moment=t.moment(alert.opened_ms, zone))
        name = cached_queries.alert(client, alert.id).acknowledged_by
        taken = t("acknowledged_by", name=name) if name else t("not_acknowledged")
        return headline(alert, t.language), [
            f"{since} {taken}",
            *why(alert, t.language),
        ]
    if window is None:
        return t("learning"), []
    as_of = t("as_of", moment=t.moment(window.end_ms, zone), zone=zone)
    more = [as_of]
    if window.absent:
        more.append(t("absent", sources=", ".join(window.absent)))
    if view.state == "silent":
        more[0] = t("silent_why")
        return t("silent", moment=t.moment(window.end_ms, zone)), more
    if view.state == "learning":
        return t("learning"), more
    n, n_negative, expected = _sums(_last_hour(client, view))
    negatives = t.number(n_negative)
    return t("calm", n=t.number(n), n_negative=negatives, expected=t.number(expected)), more


def _last_hour(client: Client, view: BrandView) -> list[WindowSum]:
    window = view.status.last_window
    end_ms = view.to_ms if view.past or window is None else window.end_ms
    return cached_queries.windows(client, view.status.brand, end_ms - HOUR_MS, end_ms, 300_000)


def _sums(steps: Sequence[WindowSum]) -> tuple[int, int, float]:
    return (
        sum(step.n for step in steps),
        sum(step.n_negative for step in steps),
        sum(step.expected for step in steps),
    )


def _hour(client: Client, view: BrandView, t: Translator) -> None:
    """Draw three figures of the last hour."""
    if view.past:
        return
    steps = _last_hour(client, view)
    n, n_negative, expected = _sums(steps)
    usual = sum(step.baseline_rate for step in steps) / len(steps) if steps else None
    layout.figures(
        (
            t("last_hour_negative"),
            t.number(n_negative),
            t("last_hour_expected", n=t.number(expected)),
        ),
        (
            t("chart_rate"),
            t.percent(n_negative / n if n else None),
            t("last_hour_usual", rate=t.percent(usual)),
        ),
        (t("last_hour_tweets"), t.number(n), ""),
    )


def _draw_terms_and_tweets(client: Client, view: BrandView, t: Translator) -> None:
    """Draw terms and tweets of the period, or of the open alert's time."""
    alert, brand = view.status.open_alert, view.status.brand
    from_ms = view.from_ms if alert is None or view.past else alert.window_start_ms
    to_ms = view.to_ms if view.past else view.to_ms + HOUR_MS
    st.header(t("terms_title"), anchor=False)
    terms = cached_queries.terms(client, brand, from_ms, to_ms)
    if terms.terms:
        layout.chips([(term.term, t.number(term.n)) for term in terms.terms])
        layout.note(t("terms_about", n=t.number(terms.n)))
    else:
        st.write(t("no_terms"))
    left, right = st.columns(2, gap="large")
    with left:
        _list(client, view, "most_negative_title", (from_ms, to_ms), t)
    with right:
        _list(client, view, "newest_title", (from_ms, to_ms), t)


def _list(
    client: Client, view: BrandView, title: str, period: tuple[int, int], t: Translator
) -> None:
    st.header(t(title), anchor=False)
    order = "newest" if title == "newest_title" else "negative"
    tweets = cached_queries.tweets(client, view.status.brand, order, *period, 8)  # type: ignore[arg-type]
    if tweets:
        layout.tweets(tweets, view.zone, t)
    else:
        st.write(t("no_tweets"))


@dataclass(frozen=True, slots=True)
class _News:
    """The values whose change makes the page rerun: at once, or after a few seconds."""

    urgent: tuple[tuple[str, str, str, str], ...] = ()
    ends_ms: tuple[int, ...] = ()


def _news(client: Client, statuses: Sequence[BrandStatus]) -> _News:
    states = states_of(client, statuses)
    alerts = [(one.brand, states[one.brand], one.open_alert) for one in statuses]
    return _News(
        tuple(
            (brand, state, alert.id if alert else "", alert.phase if alert else "")
            for brand, state, alert in alerts
        ),
        tuple(one.last_window.end_ms if one.last_window else 0 for one in statuses),
    )


@st.fragment(run_every=1.0)
def _watch(client: Client, drawn: _News, drawn_s: float) -> None:
    """Rerun the page when its data changed.

    It reruns at once if a brand's state changed or the API fails, and after a few seconds if a
    window closed, because a fast replay closes many windows per second.
    """
    try:
        news = _news(client, cached_queries.statuses(client))
    except ApiError as error:
        if error.key == "api_too_many":
            return
        st.rerun()
    is_old = time.monotonic() - drawn_s > _REDRAW_S
    if news.urgent != drawn.urgent or (news != drawn and is_old):
        st.rerun()
