"""The responses of an API process that serves a filled store."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from badbuzz.config.settings import Settings
from badbuzz.model import Tweet
from badbuzz.models.scorer import ScorerSet
from badbuzz.store.database import Store
from tests.support.served import BRAND, START_MS, STEP_MS, Served, alert, window

DAY_MS = 86_400_000
FIRST = f"{BRAND}/{START_MS}"


def metric(client: httpx.Client, line: str) -> float:
    """Return the value of a metric; 0.0 if it has no sample."""
    lines = [row for row in client.get("/metrics").text.splitlines() if row.startswith(line)]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


# Scores


def test_scores_equal_those_of_the_stream(client: httpx.Client) -> None:
    texts = {"en": "You lost my bag again", "fr": "Encore deux heures de retard", "es": "hola"}
    body = [{"text": text, "lang": lang} for lang, text in texts.items()]
    verdicts = client.post("/score", json={"texts": body}).json()["verdicts"]
    tweets = [Tweet("", "", text, 0, 0, lang=lang) for lang, text in texts.items()]
    expected = [
        prediction and {name: getattr(prediction, name) for name in ("score", "negative", "bundle")}
        for prediction in ScorerSet.read(Settings().bundles).predict(tweets)
    ]
    assert verdicts == expected


def test_a_batch_scores_like_a_single_text(client: httpx.Client) -> None:
    texts = [{"text": f"{n} hours late, worst airline", "lang": "en"} for n in range(1000)]
    together = client.post("/score", json={"texts": texts}).json()["verdicts"]
    alone = client.post("/score", json={"texts": texts[700:701]}).json()["verdicts"]
    assert together[700:701] == alone


def test_contributions_and_bias_sum_to_the_logit_of_the_score(client: httpx.Client) -> None:
    body = {"texts": [{"text": "Lovely crew, but two hours late", "lang": "en"}], "explain": True}
    (verdict,) = client.post("/score", json=body).json()["verdicts"]
    explanation = verdict["explanation"]
    parts = [part["contribution"] for part in explanation["contributions"]]
    logit = explanation["bias"] + math.fsum(parts)
    assert 1 / (1 + math.exp(-logit)) == pytest.approx(verdict["score"], abs=1e-4)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("body.texts", {"texts": []}),
        ("body.texts", {"texts": [{"text": "a", "lang": "en"}] * 1001}),
        ("body", {"texts": [{"text": "a", "lang": "en"}] * 21, "explain": True}),
        ("body.texts.0.text", {"texts": [{"text": "é" * 32_769, "lang": "en"}]}),
        ("body.texts.0.colour", {"texts": [{"text": "a", "lang": "en", "colour": "red"}]}),
    ],
)
def test_an_invalid_field_of_a_score_request_is_named(
    field: str, body: dict[str, Any], client: httpx.Client
) -> None:
    answer = client.post("/score", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


# Corrections


def test_a_correction_of_a_sampled_tweet_has_its_label_and_text(
    served: Served, client: httpx.Client
) -> None:
    receipt = client.post("/feedback", json={"tweet_id": "t3", "right": False}).json()
    with Store.open(served.address) as store:
        (kept,) = [label for label in store.feedback(0, 2**62) if label.id == receipt["id"]]
    assert (kept.text, kept.predicted, kept.score, kept.ground_truth, kept.brand, kept.by) == (
        "@user my bags, again", True, 0.55, False, BRAND, "admin",
    )  # fmt: skip


def test_a_corrected_text_is_stored_masked(served: Served, client: httpx.Client) -> None:
    body = {"text": "write to jane@example.org", "lang": "en", "right": True, "predicted": False}
    receipt = client.post("/feedback", json=body).json()
    with Store.open(served.address) as store:
        (kept,) = [label for label in store.feedback(0, 2**62) if label.id == receipt["id"]]
    assert kept.text == "write to ✉"


@pytest.mark.parametrize("sent", ["header", "body"])
def test_a_correction_sent_twice_counts_once(sent: str, client: httpx.Client) -> None:
    bundle = f"{sent}@0123abcd"
    body: dict[str, Any] = {"text": "hello", "right": True, "predicted": False, "bundle": bundle}
    headers = {}
    if sent == "header":
        headers["Idempotency-Key"] = "k-1"
    else:
        body["id"] = "k-2"
    answers = [client.post("/feedback", json=body, headers=headers).json() for _ in range(2)]
    assert [receipt["is_new"] for receipt in answers] == [True, False]
    assert metric(client, f'badbuzz_mispredictions_total{{bundle="{bundle}"}}') == 1


def test_the_id_of_a_correction_is_scoped_to_its_key(served: Served) -> None:
    body = {"text": "hello", "right": True, "id": "k-3"}
    ids = set()
    for scope in ("admin", "write"):
        with served.client(scope) as client:
            ids.add(client.post("/feedback", json=body).json()["id"])
    assert len(ids) == 2


def test_a_misprediction_is_logged_as_an_event(served: Served, client: httpx.Client) -> None:
    body = {"text": "so @joe, great", "right": True, "predicted": False, "score": 0.2,
             "bundle": "airline-en@feed", "lang": "en", "brand": BRAND}  # fmt: skip
    client.post("/feedback", json=body)
    events = [orjson.loads(line) for line in served.log.read_text().splitlines()]
    (event,) = [row for row in events if row.get("bundle") == "airline-en@feed"]
    del event["at"]
    assert event == {
        "level": "WARNING", "event": "misprediction", "text": "so @user, great",
        "predicted": False, "right": True, "score": 0.2, "bundle": "airline-en@feed",
        "brand": BRAND, "lang": "en", "source": "feedback", "by": "admin",
    }  # fmt: skip


def test_a_confirmed_label_is_no_misprediction(client: httpx.Client) -> None:
    body = {"text": "fine", "right": True, "predicted": True, "bundle": "agrees@0123abcd"}
    assert client.post("/feedback", json=body).json()["misprediction"] is False
    assert metric(client, 'badbuzz_mispredictions_total{bundle="agrees@0123abcd"}') == 0


def test_a_tweet_that_is_not_in_the_sample_needs_its_text(client: httpx.Client) -> None:
    answer = client.post("/feedback", json={"tweet_id": "unknown", "right": True})
    assert answer.status_code == 404
    assert "send its text" in answer.json()["detail"]


def test_a_labelled_tweet_leaves_the_labelling_queue(client: httpx.Client) -> None:
    first = client.get("/labelling").json()[0]["id"]
    client.post("/feedback", json={"tweet_id": first, "right": True, "source": "labelling"})
    assert first not in [tweet["id"] for tweet in client.get("/labelling").json()]


def test_a_correction_answered_with_202_survives_kill_9(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        with served.client("write") as client:
            receipt = client.post("/feedback", json={"text": "late", "right": True})
        served.end(signal.SIGKILL)
        with Store.open(served.address) as store:
            kept = [label.id for label in store.feedback(0, 2**62)]
    assert (receipt.status_code, kept) == (202, [receipt.json()["id"]])


# Alerts


@pytest.mark.parametrize("path", [FIRST, FIRST.replace("/", "%2F").replace(" ", "%20")])
def test_the_id_of_an_alert_may_contain_a_slash_and_a_space(
    path: str, client: httpx.Client
) -> None:
    life = client.get(f"/alerts/{path}").json()
    assert [phase["phase"] for phase in life["phases"]] == ["firing", "resolved"]


def test_an_unknown_alert_is_not_found(client: httpx.Client) -> None:
    for answer in (
        client.get("/alerts/Nobody/1"),
        client.post("/alerts/Nobody/1/ack"),
        client.post("/alerts/Nobody/1/ruling", json={"verdict": "real"}),
    ):
        assert answer.status_code == 404


def test_the_first_acknowledgement_is_kept(served: Served) -> None:
    for scope in ("write", "admin"):
        with served.client(scope) as client:
            life = client.post(f"/alerts/{FIRST}/ack").json()
    assert life["acknowledged_by"] == "write"


def test_the_latest_ruling_of_a_caller_counts(client: httpx.Client) -> None:
    for verdict in ("real", "benign"):
        life = client.post(f"/alerts/{FIRST}/ruling", json={"verdict": verdict}).json()
    assert [(ruling["by"], ruling["verdict"]) for ruling in life["rulings"]] == [
        ("admin", "benign")
    ]


@pytest.mark.parametrize(
    ("params", "n"),
    [
        ({}, 2),
        ({"phase": "resolved"}, 1),
        ({"brand": BRAND}, 2),
        ({"severity": "info"}, 0),
        ({"from": START_MS + STEP_MS + 1}, 1),
        ({"to": START_MS + STEP_MS}, 0),
    ],
)
def test_alerts_are_filtered(params: dict[str, Any], n: int, client: httpx.Client) -> None:
    assert len(client.get("/alerts", params=params).json()["items"]) == n


# Brands


def test_a_brand_has_its_last_window_and_its_open_alert(client: httpx.Client) -> None:
    (brand,) = client.get("/brands").json()
    assert (brand["last_window"]["start_ms"], brand["open_alert"]["id"]) == (
        window(7).start_ms,
        alert(5).id,
    )


def test_pages_contain_every_window_once(client: httpx.Client) -> None:
    starts: list[int] = []
    cursor = None
    while cursor is not None or not starts:
        params: dict[str, Any] = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/brands/{BRAND}/windows", params=params).json()
        starts += [step["start_ms"] for step in page["items"]]
        cursor = page["cursor"]
    assert starts == [window(n).start_ms for n in range(8)]


@pytest.mark.parametrize(
    "instant", [str(START_MS + STEP_MS), "2025-11-24T16:05:00Z", "2025-11-24T17:05:00+01:00"]
)
def test_a_period_is_given_in_either_format(instant: str, client: httpx.Client) -> None:
    answer = client.get(f"/brands/{BRAND}/windows?from={instant}")  # its + comes as a space
    assert answer.json()["items"][0]["start_ms"] == START_MS + STEP_MS


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("query.from", "from=yesterday"),
        ("query.to", "to=2025-11-24T16:05:00"),
        ("query.from", f"from={START_MS + 1}&to={START_MS}"),
        ("query.step", "step=1000"),
        ("query.limit", "limit=0"),
        ("query.cursor", "cursor=x"),
    ],
)
def test_an_invalid_parameter_is_named(field: str, query: str, client: httpx.Client) -> None:
    answer = client.get(f"/brands/{BRAND}/windows?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_there_are_no_windows_after_the_last_one(client: httpx.Client) -> None:
    answer = client.get(f"/brands/{BRAND}/windows?from={window(100).start_ms}")
    assert (answer.status_code, answer.json()) == (200, {"items": [], "cursor": None})


def test_an_unknown_brand_is_not_found(client: httpx.Client) -> None:
    assert client.get("/brands/Nobody/tweets").status_code == 404


def test_terms_are_those_that_the_week_before_lacks(client: httpx.Client) -> None:
    answer = client.get(f"/brands/{BRAND}/terms", params={"from": START_MS}).json()
    assert (answer["n"], answer["n_before"]) == (3, 8)
    assert [term["term"] for term in answer["terms"]] == ["bags", "lost"]


def test_tweets_are_sorted_by_the_requested_order(client: httpx.Client) -> None:
    params: dict[str, Any] = {"order": "negative", "from": START_MS}
    tweets = client.get(f"/brands/{BRAND}/tweets", params=params).json()["items"]
    assert [tweet["id"] for tweet in tweets] == ["t1", "t2", "t3", "t4"]


# Errors, limits, operations


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PUT", "/score", 405),
        ("POST", "/score", 422),
        ("GET", "/alerts/Nobody/1", 404),
        ("GET", "/alerts?limit=x", 422),
        ("GET", "/export?what=secrets", 422),
    ],
)
def test_every_error_is_problem_details(
    method: str, path: str, status: int, client: httpx.Client
) -> None:
    answer = client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert problem["type"] == "about:blank"
    assert problem["detail"]


def chunks() -> Iterator[bytes]:
    for _ in range(40):
        yield b"x" * 65_536


@pytest.mark.parametrize("body", [b"x" * 2_000_000, chunks()], ids=["content-length", "chunked"])
def test_a_large_body_is_refused(body: bytes | Iterator[bytes], served: Served) -> None:
    with served.client() as client:
        answer = client.post("/score", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
def test_operators_need_no_key(path: str, served: Served) -> None:
    with served.client(None) as anonymous:
        assert anonymous.get(path).status_code == 200


def test_requests_are_counted_by_route_not_by_path(client: httpx.Client) -> None:
    line = 'badbuzz_api_requests_total{method="GET",route="/alerts/{id}",status="404"}'
    before = metric(client, line)
    client.get("/alerts/Nobody/2")
    assert metric(client, line) == before + 1


def test_responses_must_not_be_cached_or_sniffed(client: httpx.Client) -> None:
    headers = client.get("/brands").headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_pages_of_the_configured_origins_may_call_the_api(tmp_path: Path) -> None:
    with Served(tmp_path, API_ORIGINS="https://a.example") as served, served.client() as client:
        for origin, allowed in (("https://a.example", "https://a.example"), ("https://b", None)):
            answer = client.options(
                "/brands",
                headers={"Origin": origin, "Access-Control-Request-Method": "GET"},
            )
            assert answer.headers.get("access-control-allow-origin") == allowed
