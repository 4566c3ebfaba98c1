from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from stream_processor.engine.metrics import BrandGauges


@pytest.mark.parametrize(("severity", "state"), [(None, 0), ("info", 1), ("major", 3)])
def test_a_severity_of_a_newer_version_is_shown_as_the_highest(
    severity: str | None, state: int
) -> None:
    BrandGauges(max_brands=1).show_alert("Air Paradis", severity, replay=False)
    assert REGISTRY.get_sample_value("badbuzz_brand_alert_state", {"brand": "Air Paradis"}) == state
