"""``GET /errors`` returns the error analysis of the command."""

from __future__ import annotations

from pathlib import Path

import orjson

from badbuzz.store.database import Store
from dashboards.error_responses import ErrorAnalysis
from dashboards.errors.findings import analyse_errors
from dashboards.errors.summary import summarise
from dashboards.front.client import decode
from tests.dashboards.errors.test_commands import DAY_MS, NOW_MS, SCORERS, fill
from tests.support.served import Served


def test_the_api_returns_the_error_analysis_of_the_command(tmp_path: Path) -> None:
    with Served(tmp_path) as served, served.client("read") as client:
        with Store.open(served.address) as store:
            fill(store)
            end_ms = NOW_MS + DAY_MS
            expected = summarise(analyse_errors(store, SCORERS, NOW_MS - 7 * DAY_MS, end_ms))
        period = {"from": NOW_MS - 7 * DAY_MS, "to": NOW_MS + DAY_MS}
        answer = client.get("/errors", params=period).json()
        backwards = client.get("/errors", params={"from": NOW_MS, "to": NOW_MS - 1})
    assert answer == orjson.loads(orjson.dumps(expected))
    assert decode(ErrorAnalysis, answer) == expected
    assert answer["labels"]["worst"][0]["today"] is not None
    assert backwards.status_code == 422
