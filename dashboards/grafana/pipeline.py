"""The dashboard *Pipeline* for operators: throughput, cost, latency, lag and losses."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import heatmap, stat, statetimeline, timeseries

from dashboards.grafana.pages import Annotation, add_panels, new_dashboard
from dashboards.grafana.panels import (
    YES_NO,
    heatmap_panel,
    query,
    stack,
    stat_panel,
    state_timeline,
    time_series,
    with_limit,
)


def pipeline() -> build.Dashboard:
    """Return the dashboard."""
    firing = 'ALERTS{alertstate="firing", alertname!="BrandSpike"}'
    board = new_dashboard("Pipeline", "Throughput, cost, latency, lag and losses.").annotation(
        Annotation("Alerts", firing, "{{alertname}} {{instance}}", "orange")
    )
    return add_panels(
        board,
        *_glance(),
        "Flow", *_flow(), _sources(),
        "Cost", *_cost(),
        "Latency", *_latency(),
        "Losses", *_losses(),
        "Partitions and Kafka", *_partitions(), _rebalances(), _broker(),
        "Store and API", *_store(), *_api(),
    )  # fmt: skip


def _glance() -> list[stat.Panel]:
    return [
        stat_panel("Workers", "Workers that answer.", 'sum(up{job="worker"})',
                   limits={0: "red", 1: "green"}),
        stat_panel("Records per second", "Including heartbeats.", "sum(badbuzz:records:rate5m)",
                   unit="cps"),
        stat_panel("Latency, p99", "Time from the broker's timestamp to the committed prediction.",
                   "badbuzz:verdict_latency_seconds:p99_5m", unit="s",
                   limits={0.5: "orange", 1: "red"}),
        stat_panel("Lag", "Records that are not committed yet.",
                   'badbuzz:lag_records:sum{job="worker"}',
                   limits={1000: "orange", 100_000: "red"}),
        stat_panel("Unreadable", "Share of the records in ten minutes.",
                   "badbuzz:unreadable:ratio_rate10m", unit="percentunit",
                   limits={0.01: "orange", 0.5: "red"}),
        stat_panel("Silence", "Time since the last record, including heartbeats.",
                   "badbuzz:feed_silence_seconds:min", unit="s",
                   limits={60: "orange", 300: "red"}),
    ]  # fmt: skip


def _flow() -> list[timeseries.Panel]:
    throughput = time_series(
        "Throughput",
        "Records per second by outcome.",
        query("sum by (outcome) (rate(badbuzz_tweets_total[$__rate_interval]))", "{{outcome}}"),
        unit="cps",
    )
    batches = time_series(
        "Batch size",
        "Records per batch. A batch is all that waits at a poll, so it grows with the load.",
        query(_quantile(0.5, "badbuzz_batch_records"), "median"),
        query(_quantile(0.95, "badbuzz_batch_records"), "95 %"),
    )
    return [stack(throughput), batches]


def _quantile(share: float, histogram: str) -> str:
    rate = f'sum by (le) (rate({histogram}_bucket{{job="worker"}}[$__rate_interval]))'
    return f"histogram_quantile({share}, {rate})"


def _sources() -> timeseries.Panel:
    return time_series(
        "Delay of the sources",
        "Time since the event time of each source's newest heartbeat. A replay is as late as its "
        "data is old.",
        query("time() - max by (source) (badbuzz_source_heartbeat_time_seconds)", "{{source}}"),
        unit="s",
        width=24,
    )


def _cost() -> list[timeseries.Panel]:
    cores = time_series(
        "CPU by stage",
        "Cores in use. A worker uses at most one: start another when it nears 1.",
        query("sum by (stage) (rate(badbuzz_cpu_seconds_total[$__rate_interval]))", "{{stage}}"),
        unit="none",
        width=8,
    )
    each = time_series(
        "CPU per record by stage",
        "CPU time per record, all workers together.",
        query("badbuzz:cpu_seconds_per_record:ratio_rate5m", "{{stage}}"),
        unit="s",
        width=8,
    )
    memory = time_series(
        "Memory",
        "Resident memory by process.",
        query("process_resident_memory_bytes", "{{job}} {{instance}}"),
        unit="bytes",
        width=8,
    )
    return [stack(cores), stack(each), memory]


def _latency() -> list[timeseries.Panel | heatmap.Panel]:
    quantiles = time_series(
        "Latency",
        "Time from the broker's timestamp to the committed prediction. The objective is half a "
        "second.",
        query("badbuzz:verdict_latency_seconds:p50_5m", "median"),
        query("badbuzz:verdict_latency_seconds:p99_5m", "99 %"),
        unit="s",
        width=8,
    )
    every = heatmap_panel(
        "Distribution of latency",
        "Predictions per second by latency.",
        "sum by (le) (rate(badbuzz_verdict_latency_seconds_bucket[$__rate_interval]))",
        width=8,
    )
    windows = ("5m", "1h", "6h", "3d")
    budget = time_series(
        "Slow predictions",
        "Share of predictions that took more than half a second. The budget is 1 %.",
        *(query(f"badbuzz:slow_verdicts:ratio_rate{window}", window) for window in windows),
        unit="percentunit",
        width=8,
    )
    return [with_limit(quantiles, 0.5), every, with_limit(budget, 0.01)]


def _losses() -> list[timeseries.Panel]:
    letters = time_series(
        "Dead letters",
        "Dead letters per second by step and reason. The records are in the topic dead-letters.",
        query(
            "sum by (step, reason) (rate(badbuzz_dead_letters_total[$__rate_interval]))",
            "{{step}}: {{reason}}",
        ),
        unit="cps",
        width=8,
    )
    late = time_series(
        "Late tweets",
        "Share of tweets, in ten minutes, that arrived after their window had closed.",
        query("badbuzz:late:ratio_rate10m", "late"),
        unit="percentunit",
        width=8,
    )
    gaps = time_series(
        "Missing offsets",
        "Gaps in the offsets per hour. A source that writes in transactions causes harmless ones.",
        query("sum by (job, instance) (increase(badbuzz_gaps_total[1h]))", "{{job}} {{instance}}"),
        width=8,
    )
    return [stack(letters), with_limit(late, 0.05), gaps]


def _partitions() -> list[timeseries.Panel]:
    lag = time_series(
        "Lag by partition",
        "If one partition alone lags, one of its brands has too much traffic for it.",
        query(
            "sum by (job, topic, partition) (badbuzz_lag_records)",
            "{{job}} {{topic}} {{partition}}",
        ),
        width=8,
    )
    owned = time_series(
        "Partitions owned",
        "By process. The sum is the number of partitions.",
        query("sum by (job, instance) (badbuzz_partitions_owned)", "{{job}} {{instance}}"),
        width=8,
    )
    checkpoints = time_series(
        "Checkpoint",
        "Duration of the transactions of all partitions.",
        query(_quantile(0.5, "badbuzz_checkpoint_seconds"), "median"),
        query(_quantile(0.99, "badbuzz_checkpoint_seconds"), "99 %"),
        unit="s",
        width=8,
    )
    return [stack(lag), stack(owned), checkpoints]


def _rebalances() -> timeseries.Panel:
    moves = "sum by (job, instance) (increase(badbuzz_rebalances_total[1h]))"
    return time_series(
        "Rebalances",
        "Assignments per hour by process. Each one pauses the process's partitions.",
        query(moves, "{{job}} {{instance}}"),
    )


def _broker() -> statetimeline.Panel:
    return state_timeline(
        "Kafka available",
        "Result of each process's last probe.",
        query("min by (job, instance) (badbuzz_broker_reached)", "{{job}} {{instance}}"),
        YES_NO,
        width=12,
    ).height(8)


def _store() -> list[timeseries.Panel | statetimeline.Panel]:
    recorded = time_series(
        "Recorded",
        "Rows written to the store per second, by topic. Of tweets only the sample is stored.",
        query("sum by (topic) (rate(badbuzz_recorded_total[$__rate_interval]))", "{{topic}}"),
        unit="cps",
        width=8,
    )
    behind = time_series(
        "Lag of the store",
        "Records that are not stored yet.",
        query('badbuzz:lag_records:sum{job="recorder"}', "recorder"),
        width=8,
    )
    answers = state_timeline(
        "Database available",
        "Result of the recorder's last query.",
        query('min by (instance) (badbuzz_store_reached{job="recorder"})', "{{instance}}"),
        YES_NO,
        width=8,
    ).height(8)
    return [stack(recorded), with_limit(behind, 5000), answers]


def _api() -> list[timeseries.Panel]:
    requests = time_series(
        "Requests",
        "Responses per second by status.",
        query("sum by (status) (rate(badbuzz_api_requests_total[$__rate_interval]))", "{{status}}"),
        unit="reqps",
        width=8,
    )
    latency = time_series(
        "API latency",
        "Time to the first byte of the response.",
        query("badbuzz:api_latency_seconds:p95_5m", "95 %"),
        unit="s",
        width=8,
    )
    listeners = time_series(
        "Listeners",
        "Open connections to /stream.",
        query("sum by (instance) (badbuzz_api_listeners)", "{{instance}}"),
        width=8,
    )
    return [stack(requests), latency, listeners]
