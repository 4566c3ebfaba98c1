"""Sign in, navigate and draw one page: the script that Streamlit runs for each tab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from badbuzz.config.settings import Settings
from badbuzz.messages.translator import Translator
from dashboards.front import session
from dashboards.front.client import ApiError, Client, DownError, KeyRefusedError
from dashboards.front.parts import layout
from dashboards.front.views import alerts, history, labelling, live, models, try_text

Show = Callable[[Client, Translator], None]
PAGES: Final[dict[str, tuple[str, str, Show]]] = {
    "live": ("page_live", ":material/monitor_heart:", live.show),
    "alerts": ("page_alerts", ":material/notifications:", alerts.show),
    "try": ("page_trying", ":material/experiment:", try_text.show),
    "label": ("page_labelling", ":material/label:", labelling.show),
    "history": ("page_history", ":material/history:", history.show),
    "models": ("page_models", ":material/model_training:", models.show),
}
"""Key of the title, icon and drawing function by path."""
_LOGO: Final = Path(__file__).with_name("logo.svg")


def main() -> None:
    """Draw the tab's page."""
    settings = Settings.read()
    t = session.translator(settings)
    st.set_page_config(page_title="badbuzz", page_icon=str(_LOGO), layout="wide", menu_items={})
    st.logo(str(_LOGO), size="large")
    layout.apply_style(t)
    try:
        client = session.sign_in(settings, t)
    except ApiError as error:
        st.title("badbuzz")
        _show_error(session.client_of(settings.api_url, ""), t, error)
        return
    if client is None:
        session.choose_language(t)
        return
    pages = {path: _page(path, client, t) for path in PAGES}
    layout.register_pages(pages)
    address = st.Page(_to_live, url_path="live", visibility="hidden")
    chosen = st.navigation([*pages.values(), address], position="top")
    if "alert" in st.query_params and chosen.url_path != "alerts":
        st.switch_page(pages["alerts"], query_params=dict(st.query_params))
    chosen.run()


def _to_live() -> None:
    """Redirect from ``/live`` to ``/``, where Streamlit serves the first page."""
    st.switch_page(layout.page("live"), query_params=dict(st.query_params))


def _page(path: str, client: Client, t: Translator) -> st.Page:
    title, icon, show = PAGES[path]

    def draw() -> None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.title(t(title), width="stretch", anchor=False)
            session.choose_language(t)
            if session.may_sign_out():
                st.button(t("sign_out"), on_click=session.sign_out, type="tertiary")
        try:
            show(client, t)
        except ApiError as error:
            _show_error(client, t, error)

    return st.Page(
        draw, title=t(title), icon=icon, default=path == "live",
        url_path=None if path == "live" else path,
    )  # fmt: skip


def _show_error(client: Client, t: Translator, error: ApiError) -> None:
    """Draw the error; once the API is ready again, the page is drawn without a reload."""
    st.error(t(error.key), icon=":material/cloud_off:")
    if isinstance(error, KeyRefusedError):
        st.button(t("sign_in"), on_click=session.sign_out)
        return
    st.button(t("try_again"))
    if isinstance(error, DownError):
        _rerun_when_ready(client)


@st.fragment(run_every=2)
def _rerun_when_ready(client: Client) -> None:
    try:
        client.get_text("/readyz")
    except ApiError:
        return
    st.rerun()


main()
