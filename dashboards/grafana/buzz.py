"""*Buzz*, for the communication team: what is said about a brand, against what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import dashboard

from dashboards.grafana.pages import Annotation, filled, page
from dashboards.grafana.panels import PROMETHEUS, SEVERITIES, figure, graph, query, states
from dashboards.grafana.stored import history, listing

_GREY: Final = "#8e8e8e"


def _newest(metric: str) -> str:
    return f'max by (brand) ({metric}{{brand="$brand"}})'


def buzz() -> build.Dashboard:
    """The dashboard."""
    opened = f"{_newest('badbuzz_brand_alert_state')} >= 2"
    made = (
        page("Buzz", "A brand's negative tweets against what is usual, and its alerts.")
        .with_variable(_brand())
        .annotation(Annotation("Alerts", opened, "{{brand}}: alert", "red"))
    )
    return filled(
        made,
        "Every brand", _every_state(), _loudest(),
        "$brand", *_figures(), _against_the_usual(), _rates(),
        "$brand, in the tweets' own time", _recorded(), _terms(), _alerts(), _most_negative(),
    )  # fmt: skip


def _brand() -> build.QueryVariable:
    return (
        build.QueryVariable("brand")
        .label("Brand")
        .datasource(PROMETHEUS)
        .query("label_values(badbuzz_brand_alert_state, brand)")
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    )


def _every_state() -> statetimeline.Panel:
    return states(
        "Alerts",
        "Each brand's alert as the worker judges it; replays included.",
        query("max by (brand) (badbuzz_brand_alert_state)", "{{brand}}"),
        SEVERITIES,
    )


def _loudest() -> timeseries.Panel:
    return graph(
        "Furthest above what is usual",
        "Negatives over the most that is still usual; above 1 is unusual. Five brands.",
        query(
            "topk(5, max by (brand) (badbuzz_brand_negatives)"
            " / max by (brand) (badbuzz_brand_expected_negatives_high))",
            "{{brand}}",
        ),
        width=24,
    )


def _figures() -> list[stat.Panel]:
    negatives = _newest("badbuzz_brand_negatives")
    expected = _newest("badbuzz_brand_expected_negatives")
    rate = _newest("badbuzz_brand_negative_rate")
    state = _newest("badbuzz_brand_alert_state")
    return [
        figure("State", "The worker's judgement.", state, names=SEVERITIES, width=6),
        figure("Negatives", "In the last closed five minutes.", negatives, width=6),
        figure("Expected", "What is usual for the hour.", expected, width=6),
        figure(
            "Negative rate", "Of the last closed five minutes, as counted.", rate,
            unit="percentunit", width=6,
        ),
    ]  # fmt: skip


def _against_the_usual() -> timeseries.Panel:
    panel = graph(
        "Negatives against what is usual",
        "Tweets judged negative in each closed five minutes, and the band in which they usually "
        "are. Time is the worker's; a replay's event time runs faster.",
        query(_newest("badbuzz_brand_negatives"), "negatives"),
        query(_newest("badbuzz_brand_expected_negatives"), "expected"),
        query(_newest("badbuzz_brand_expected_negatives_low"), "least usual"),
        query(_newest("badbuzz_brand_expected_negatives_high"), "most usual"),
        width=24,
    )
    return _banded(panel)


def _banded(panel: timeseries.Panel) -> timeseries.Panel:
    """The same panel, high, its usual values drawn as a band."""
    filling = {"custom.fillBelowTo": "least usual", "custom.fillOpacity": 25}
    dashed = {"custom.lineStyle": {"fill": "dash", "dash": [8, 8]}}
    return (
        panel.height(12)
        .override_by_name("negatives", _look("red"))
        .override_by_name("expected", _look(_GREY, dashed))
        .override_by_name("least usual", _look(_GREY, {"custom.lineWidth": 0}))
        .override_by_name("most usual", _look(_GREY, {"custom.lineWidth": 0, **filling}))
    )


def _look(
    colour: str, more: Mapping[str, object] | None = None
) -> list[dashboard.DynamicConfigValue]:
    properties = {"color": {"mode": "fixed", "fixedColor": colour}, **(more or {})}
    return [dashboard.DynamicConfigValue(id_val=k, value=v) for k, v in properties.items()]


def _rates() -> timeseries.Panel:
    return graph(
        "Negative rate",
        "Share of negative tweets: as counted, and adjusted for the classifier's error.",
        query(_newest("badbuzz_brand_negative_rate"), "counted"),
        query(_newest("badbuzz_brand_adjusted_negative_rate"), "adjusted"),
        unit="percentunit",
        width=24,
    ).max(1)


def _recorded() -> timeseries.Panel:
    about = "As above, from the store: when the tweets were written. A replay is where it belongs."
    return _banded(history("Negatives against what is usual, recorded", about, "windows"))


def _terms() -> table.Panel:
    about = "What set each alert's negative tweets apart from the usual ones, strongest first."
    return listing("Driving terms", about, "driving_terms", width=12)


def _alerts() -> table.Panel:
    return listing("Its alerts", "Of the time shown, the newest first.", "brand_alerts", width=12)


def _most_negative() -> table.Panel:
    about = "Of the sample that is kept, names hidden."
    return listing("Most negative tweets", about, "most_negative", units={"score": "percentunit"})
