"""The dashboard *Models* for model owners: bundles in use, drift and corrections."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import table, timeseries

from dashboards.grafana.pages import add_panels, new_dashboard
from dashboards.grafana.panels import (
    instant_query,
    query,
    stack,
    table_panel,
    time_series,
    with_limit,
)
from dashboards.grafana.stored import sql_table


def models() -> build.Dashboard:
    """Return the dashboard."""
    board = new_dashboard("Models", "Bundles in use, drift and corrections.", since="now-7d")
    return add_panels(
        board,
        _serving(), _changes(),
        "Predictions", *_rates(), _unpredicted(), _cost(),
        "Drift: the last day compared with the bundle's reference",
        _stability(), _moved(), _unknown(), _languages(),
        "Corrections", _mispredictions(), _corrections(), _contradicted(),
    )  # fmt: skip


def _serving() -> table.Panel:
    return table_panel(
        "Bundles in use",
        "By language. Two bundles of one language: a worker still uses the old one.",
        instant_query("count by (language, bundle) (badbuzz_bundle_info == 1)"),
        {"language": "language", "bundle": "bundle", "Value": "workers"},
        width=12,
    )


def _changes() -> timeseries.Panel:
    panel = time_series(
        "Workers by bundle",
        "Number of workers by bundle: shows promotions and rollbacks.",
        query("count by (bundle) (badbuzz_bundle_info == 1)", "{{bundle}}"),
    )
    return stack(panel)


def _rates() -> list[timeseries.Panel]:
    negative = time_series(
        "Mean negative rate",
        "Mean over the brands. It moves when all tweets change, or when the bundle's errors do.",
        query("avg(max by (brand) (badbuzz_brand_negative_rate))", "counted"),
        query("avg(max by (brand) (badbuzz_brand_adjusted_negative_rate))", "adjusted"),
        unit="percentunit",
    )
    correction = time_series(
        "Correction of the negative rate",
        "Counted rate less adjusted rate, by brand. A change for all brands at once is caused by "
        "the bundle.",
        query(
            "max by (brand) (badbuzz_brand_negative_rate)"
            " - max by (brand) (badbuzz_brand_adjusted_negative_rate)",
            "{{brand}}",
        ),
        unit="percentunit",
    )
    return [negative, correction.min(-1)]


def _unpredicted() -> timeseries.Panel:
    posts = 'badbuzz_tweets_total{outcome=~"counted|unvalidated"}'
    unpredicted = 'badbuzz_tweets_total{outcome="unvalidated"}'
    return time_series(
        "Tweets without a prediction",
        "Share of tweets in a language that has no bundle or that is not one of the brand's.",
        query(
            f"(sum(rate({unpredicted}[$__rate_interval])) or vector(0))"
            f" / sum(rate({posts}[$__rate_interval]))",
            "unvalidated",
        ),
        unit="percentunit",
    )


def _cost() -> timeseries.Panel:
    return time_series(
        "Scoring",
        "CPU time per record for features and network.",
        query('badbuzz:cpu_seconds_per_record:ratio_rate5m{stage="score"}', "{{stage}}"),
        unit="s",
    )


def _stability() -> timeseries.Panel:
    panel = time_series(
        "Stability of the scores",
        "Population stability index of the scores relative to the card's reference. Above 0.2 for "
        "twelve hours an alert fires; a crisis can cause it too.",
        query("badbuzz:scores:psi", "{{bundle}}"),
    )
    return with_limit(panel, 0.2)


def _moved() -> timeseries.Panel:
    panel = time_series(
        "Shift of the scores",
        "Share of the tweets in each tenth of the score, less the expected share.",
        query(
            "badbuzz:scores:ratio - max by (bundle, bin) (badbuzz_drift_expected_share)",
            "{{bundle}} from {{bin}}",
        ),
        unit="percentunit",
    )
    return panel.min(-1)


def _unknown() -> timeseries.Panel:
    return time_series(
        "Unknown words",
        "Share of words that were not in the bundle's training data, and the expected share.",
        query("badbuzz:unknown_tokens:ratio", "{{bundle}}"),
        query("max by (bundle) (badbuzz_drift_expected_unknown_rate)", "{{bundle}}, expected"),
        unit="percentunit",
    )


def _languages() -> timeseries.Panel:
    panel = time_series(
        "Languages",
        "Share of the tweets by language. No bundle reads und and other.",
        query("badbuzz:languages:ratio", "{{lang}}"),
        unit="percentunit",
    )
    return stack(panel)


def _mispredictions() -> timeseries.Panel:
    panel = time_series(
        "Mispredictions",
        "Corrections that contradict a label, per hour, by bundle. Three in five minutes fire an "
        "alert.",
        query("sum by (bundle) (increase(badbuzz_mispredictions_total[1h]))", "{{bundle}}"),
    )
    return stack(panel)


def _corrections() -> table.Panel:
    description = "Corrections and confirmations; uncertain labels are over-represented."
    return sql_table("Checked labels", description, "checked_labels", width=12)


def _contradicted() -> table.Panel:
    description = "The latest corrections that contradict a label, names masked."
    return sql_table(
        "Mispredicted texts", description, "mispredictions", units={"score": "percentunit"}
    )
