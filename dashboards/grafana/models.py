"""*Models*, for whoever trains: which bundles serve, and how far they are to be believed."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import table, timeseries

from dashboards.grafana.pages import filled, page
from dashboards.grafana.panels import graph, limited, now, query, rows, stacked
from dashboards.grafana.stored import listing


def models() -> build.Dashboard:
    """The dashboard."""
    made = page("Models", "Which bundles serve, how far they are to be believed.", since="now-7d")
    return filled(
        made,
        _serving(), _changes(),
        "What they make of the tweets", *_rates(), _unjudged(), _cost(),
        "Drift: the last day beside what the bundles were measured on",
        _stability(), _moved(), _unknown(), _languages(),
        "What people say of it", _mispredictions(), _corrections(), _contradicted(),
    )  # fmt: skip


def _serving() -> table.Panel:
    return rows(
        "Bundles that serve",
        "By language; more than one for a language: a worker still has the old one.",
        now("count by (language, bundle) (badbuzz_bundle_info == 1)"),
        {"language": "language", "bundle": "bundle", "Value": "workers"},
        width=12,
    )


def _changes() -> timeseries.Panel:
    panel = graph(
        "Workers by bundle",
        "A promotion or a roll-back is where one takes over from another.",
        query("count by (bundle) (badbuzz_bundle_info == 1)", "{{bundle}}"),
    )
    return stacked(panel)


def _rates() -> list[timeseries.Panel]:
    negative = graph(
        "Mean negative rate",
        "Over the brands: a drift of all that is said, or of what the bundle makes of it.",
        query("avg(max by (brand) (badbuzz_brand_negative_rate))", "counted"),
        query("avg(max by (brand) (badbuzz_brand_adjusted_negative_rate))", "adjusted"),
        unit="percentunit",
    )
    correction = graph(
        "Correction of the negative rate",
        "Counted less adjusted, by brand: one that moves for every brand at once is the bundle's, "
        "not the brands'.",
        query(
            "max by (brand) (badbuzz_brand_negative_rate)"
            " - max by (brand) (badbuzz_brand_adjusted_negative_rate)",
            "{{brand}}",
        ),
        unit="percentunit",
    )
    return [negative, correction.min(-1)]


def _unjudged() -> timeseries.Panel:
    posts = 'badbuzz_tweets_total{outcome=~"counted|unvalidated"}'
    unjudged = 'badbuzz_tweets_total{outcome="unvalidated"}'
    return graph(
        "Tweets that no bundle judged",
        "Share in a language without a bundle, or not one of the brand's.",
        query(
            f"(sum(rate({unjudged}[$__rate_interval])) or vector(0))"
            f" / sum(rate({posts}[$__rate_interval]))",
            "unvalidated",
        ),
        unit="percentunit",
    )


def _cost() -> timeseries.Panel:
    return graph(
        "Scoring",
        "CPU for a record: features and network.",
        query('badbuzz:cpu_seconds_per_record:ratio_rate5m{stage="score"}', "{{stage}}"),
        unit="s",
    )


def _stability() -> timeseries.Panel:
    panel = graph(
        "Stability of the scores",
        "Population stability index against the card's reference. Over 0.2 for half a day alerts: "
        "a crisis does that too.",
        query("badbuzz:scores:psi", "{{bundle}}"),
    )
    return limited(panel, 0.2)


def _moved() -> timeseries.Panel:
    panel = graph(
        "Shift of the scores",
        "By tenth of the score: its share of the tweets less what is expected.",
        query(
            "badbuzz:scores:ratio - max by (bundle, bin) (badbuzz_drift_expected_share)",
            "{{bundle}} from {{bin}}",
        ),
        unit="percentunit",
    )
    return panel.min(-1)


def _unknown() -> timeseries.Panel:
    return graph(
        "Unknown words",
        "Share of the words that the bundle had not seen when it was trained, and what is usual.",
        query("badbuzz:unknown_tokens:ratio", "{{bundle}}"),
        query("max by (bundle) (badbuzz_drift_expected_unknown_rate)", "{{bundle}}, usual"),
        unit="percentunit",
    )


def _languages() -> timeseries.Panel:
    panel = graph(
        "Languages",
        "Share of the tweets; no bundle reads und and other.",
        query("badbuzz:languages:ratio", "{{lang}}"),
        unit="percentunit",
    )
    return stacked(panel)


def _mispredictions() -> timeseries.Panel:
    panel = graph(
        "Mispredictions",
        "Corrections that contradict a label, an hour, by bundle. Three in five minutes alert.",
        query("sum by (bundle) (increase(badbuzz_mispredictions_total[1h]))", "{{bundle}}"),
    )
    return stacked(panel)


def _corrections() -> table.Panel:
    about = "What people said of the labels they were shown; they are shown the doubtful ones."
    return listing("Labels that people checked", about, "checked_labels", width=12)


def _contradicted() -> table.Panel:
    about = "The newest labels that people contradicted, names hidden."
    return listing("Mispredicted texts", about, "mispredictions", units={"score": "percentunit"})
