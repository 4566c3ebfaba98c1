"""The API's error analysis is the command's."""

from __future__ import annotations

from pathlib import Path

import orjson

from badbuzz.store.database import Store
from dashboards.api.error_schemas import ErrorAnalysis
from dashboards.errors.findings import find
from dashboards.errors.summary import summary
from tests.dashboards.errors.test_commands import DAY_MS, JUDGES, NOW_MS, fill
from tests.support.served import Served


def test_the_api_says_of_errors_what_the_command_says(tmp_path: Path) -> None:
    with Served(tmp_path) as served, served.client("read") as client:
        with Store.open(served.address) as store:
            fill(store)
            said = summary(find(store, JUDGES, NOW_MS - 7 * DAY_MS, NOW_MS + DAY_MS))
        asked = {"from": NOW_MS - 7 * DAY_MS, "to": NOW_MS + DAY_MS}
        told = client.get("/errors", params=asked).json()
        backwards = client.get("/errors", params={"from": NOW_MS, "to": NOW_MS - 1})
    assert told == orjson.loads(orjson.dumps(said))
    assert ErrorAnalysis.model_validate(told).model_dump(mode="json", by_alias=True) == told
    assert told["labels"]["worst"][0]["today"] is not None
    assert backwards.status_code == 422
