"""Who looks, in which language: what a browser's tab remembers."""

from __future__ import annotations

import streamlit as st

from badbuzz.config.settings import Settings
from badbuzz.messages.translator import LANGUAGES, Language, Translator
from dashboards.front.client import ApiError, Client, RefusedError

_KEY = "api_key"
_LANGUAGE = "language"
_ADMITTED = "admitted"


@st.cache_resource(max_entries=200, show_spinner=False, on_release=Client.close)
def client_of(url: str, key: str) -> Client:
    """The one client of an API and a key, whose connections all tabs share."""
    return Client(url, key)


def spoken(settings: Settings) -> Translator:
    """The words of the language that the tab has chosen; BADBUZZ_LANGUAGE's at first."""
    st.session_state.setdefault(_LANGUAGE, settings.language)
    return Translator(st.session_state[_LANGUAGE])


def choose_language(t: Translator) -> None:
    """Draw the switch of languages."""

    def named(language: Language) -> str:
        return Translator(language)("own_name")

    st.segmented_control(
        t("language"), LANGUAGES, format_func=named, key=_LANGUAGE, required=True,
        label_visibility="collapsed",
    )  # fmt: skip


def signed_in(settings: Settings, t: Translator) -> Client | None:
    """The client to ask with; None, and a form to sign in, where a key is still needed.

    Raises
    ------
    DownError
        When the API does not answer.
    """
    url, key = settings.api_url, _key(settings)
    if st.session_state.get(_ADMITTED) != (url, key):
        try:
            with Client(url, key) as stranger:  # wrong keys must not crowd out kept clients
                stranger.get("/brands")
        except RefusedError as error:
            _ask_for_key(t, error if key else None)
            return None
        st.session_state[_ADMITTED] = (url, key)
    return client_of(url, key)


def may_sign_out() -> bool:
    """Whether this tab holds a key of its own."""
    return bool(st.session_state.get(_KEY))


def sign_out() -> None:
    """Forget the tab's key."""
    for name in (_KEY, _ADMITTED):
        st.session_state.pop(name, None)


def _key(settings: Settings) -> str:
    return st.session_state.get(_KEY) or settings.front_api_key


def _ask_for_key(t: Translator, error: ApiError | None) -> None:
    st.title(t("sign_in"))
    st.write(t("sign_in_why"))
    if error is not None:
        st.error(t(error.key), icon=":material/error:")
    with st.form("sign_in", border=False, width=480):
        key = st.text_input(t("sign_in_key"), type="password", autocomplete="current-password")
        if st.form_submit_button(t("sign_in"), type="primary") and key.strip():
            st.session_state[_KEY] = key.strip()
            st.rerun()
