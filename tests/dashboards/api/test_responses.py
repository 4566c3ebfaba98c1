"""Sentences on alerts, and details of errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from badbuzz.messages.text import headline, why
from badbuzz.messages.translator import Language
from badbuzz.store.database import Store
from tests.support.served import BRAND, START_MS, WINDOWS, Served, alert, window

# Alerts


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_alert_has_the_sentences_of_the_command(
    language: Language, client: httpx.Client
) -> None:
    opened = alert(5)
    (listed,) = client.get("/alerts", params={"language": language, "limit": 1}).json()["items"]
    (brand,) = client.get("/brands", params={"language": language}).json()
    life = client.get(f"/alerts/{opened.id}", params={"language": language}).json()
    acknowledged = client.post(f"/alerts/{opened.id}/ack", params={"language": language}).json()
    (phase,) = life["phases"]
    for described in (
        listed["alert"],
        brand["open_alert"],
        life["alert"],
        phase,
        acknowledged["alert"],
    ):
        assert described["summary"] == headline(opened, language)
        assert described["why"] == why(opened, language)


def test_steps_are_rounded(tmp_path: Path) -> None:
    with Served(tmp_path) as served, served.client() as client:
        with Store.open(served.address) as store:
            noisy = [replace(window(n), expected=0.1, n=7, n_negative=3) for n in range(3)]
            store.record_windows(WINDOWS, list(enumerate(noisy)), 3)
        (step,) = client.get(f"/brands/{BRAND}/windows?step=3600000").json()["items"]
        rows = client.get("/export?what=windows").text.splitlines()
    assert (step["expected"], step["rate"]) == (0.3, 0.4286)
    assert ",0.4286," in rows[1]


# Errors


@pytest.mark.parametrize(
    "path", ["/alerts", "/export?what=alerts", "/stream", "/labelling", "/brands/Nobody/terms"]
)
def test_an_unknown_brand_is_not_found_anywhere(path: str, client: httpx.Client) -> None:
    params = {} if "Nobody" in path else {"brand": "Nobody"}
    answer = client.get(httpx.URL(path).copy_merge_params(params))
    assert (answer.status_code, answer.json()["detail"]) == (
        404, "there is no brand Nobody; see: GET /brands",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("GET", "/labelling", "known: lang, brand, limit"),
        ("GET", "/stream", "known: brand, language"),
        ("POST", "/feedback", "none is known here"),
    ],
)
def test_an_unknown_parameter_is_named_with_the_known_ones(
    method: str, path: str, known: str, client: httpx.Client
) -> None:
    answer = client.request(method, f"{path}?colour=red")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "query.colour")
    assert error["detail"].endswith(known)


@pytest.mark.parametrize("path", ["/score", "/feedback", f"/alerts/{BRAND}/{START_MS}/ruling"])
@pytest.mark.parametrize("media_type", [None, "application/x-www-form-urlencoded", "text/json"])
def test_a_body_without_the_content_type_json_is_refused(
    path: str, media_type: str | None, client: httpx.Client
) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = client.post(path, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (
        415, "send Content-Type: application/json",
    )  # fmt: skip


def test_invalid_json_is_located(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/score", content=b'{"texts": [}', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "body", "detail": "invalid JSON: Expecting value, at character 12"}
    ]


@pytest.mark.parametrize(
    ("fields", "scored"),
    [
        ({"lang": "en"}, True),
        ({"lang": "es"}, False),
        ({"lang": "es", "predicted": False}, True),
        ({"tweet_id": "t1"}, True),
    ],
)
def test_a_receipt_tells_whether_there_was_a_label(
    fields: dict[str, Any], scored: bool, client: httpx.Client
) -> None:
    receipt = client.post("/feedback", json={"text": "hola", "right": True} | fields).json()
    assert receipt["scored"] is scored


@pytest.mark.parametrize(("lang", "status"), [("und", 202), ("english", 422), ("EN", 422)])
def test_a_language_is_two_or_three_letters(lang: str, status: int, client: httpx.Client) -> None:
    answer = client.post("/feedback", json={"text": "a", "lang": lang, "right": True})
    assert answer.status_code == status
