"""Keep the API key and the language of a browser tab."""

from __future__ import annotations

import streamlit as st

from badbuzz.config.settings import Settings
from badbuzz.messages.translator import LANGUAGES, Language, Translator
from dashboards.front.client import ApiError, Client, KeyRefusedError

_KEY = "api_key"
_LANGUAGE = "language"
_ADMITTED = "admitted"


@st.cache_resource(max_entries=200, show_spinner=False, on_release=Client.close)
def client_of(url: str, key: str) -> Client:
    """Return the client of an API URL and a key; all tabs share its connections."""
    return Client(url, key)


def translator(settings: Settings) -> Translator:
    """Return a translator for the tab's language, by default that of BADBUZZ_LANGUAGE."""
    st.session_state.setdefault(_LANGUAGE, settings.language)
    return Translator(st.session_state[_LANGUAGE])


def choose_language(t: Translator) -> None:
    """Draw the language switch."""

    def named(language: Language) -> str:
        return Translator(language)("own_name")

    st.segmented_control(
        t("language"), LANGUAGES, format_func=named, key=_LANGUAGE, required=True,
        label_visibility="collapsed",
    )  # fmt: skip


def sign_in(settings: Settings, t: Translator) -> Client | None:
    """Return the tab's client, or draw the sign-in form and return None if a key is needed.

    Raises
    ------
    DownError
        When the API does not answer.
    """
    url, key = settings.api_url, st.session_state.get(_KEY) or settings.front_api_key
    if st.session_state.get(_ADMITTED) != (url, key):
        try:
            with Client(url, key) as trial:  # wrong keys must not evict cached clients
                trial.get("/brands")
        except KeyRefusedError as error:
            _ask_for_key(t, error if key else None)
            return None
        st.session_state[_ADMITTED] = (url, key)
    return client_of(url, key)


def may_sign_out() -> bool:
    """Tell whether the tab has a key that it can forget."""
    return bool(st.session_state.get(_KEY))


def sign_out() -> None:
    """Delete the tab's key."""
    for name in (_KEY, _ADMITTED):
        st.session_state.pop(name, None)


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
