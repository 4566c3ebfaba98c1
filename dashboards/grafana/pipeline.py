"""*Pipeline*, for operators: whether the stream is healthy, and where it hurts when not."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import heatmap, stat, statetimeline, timeseries

from dashboards.grafana.pages import Annotation, filled, page
from dashboards.grafana.panels import (
    YES_NO,
    figure,
    graph,
    limited,
    query,
    spectrum,
    stacked,
    states,
)


def pipeline() -> build.Dashboard:
    """The dashboard."""
    firing = 'ALERTS{alertstate="firing", alertname!="BrandSpike"}'
    made = page("Pipeline", "Throughput, cost, latency, lag and losses of the workers.").annotation(
        Annotation("Alerts", firing, "{{alertname}} {{instance}}", "orange")
    )
    return filled(
        made,
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
        figure("Workers", "That answer.", 'sum(up{job="worker"})', limits={0: "red", 1: "green"}),
        figure("Records a second", "Heartbeats included.", "sum(badbuzz:records:rate5m)",
               unit="cps"),
        figure("Latency, p99", "From the broker's timestamp to the committed verdict.",
               "badbuzz:verdict_latency_seconds:p99_5m", unit="s",
               limits={0.5: "orange", 1: "red"}),
        figure("Lag", "Records not yet committed.", 'badbuzz:lag_records:sum{job="worker"}',
               limits={1000: "orange", 100_000: "red"}),
        figure("Unreadable", "Share of the records of ten minutes.",
               "badbuzz:unreadable:ratio_rate10m", unit="percentunit",
               limits={0.01: "orange", 0.5: "red"}),
        figure("Silence", "Since the last record, heartbeats included.",
               "badbuzz:feed_silence_seconds:min", unit="s", limits={60: "orange", 300: "red"}),
    ]  # fmt: skip


def _flow() -> list[timeseries.Panel]:
    throughput = graph(
        "Throughput",
        "Records a second, by what became of them.",
        query("sum by (outcome) (rate(badbuzz_tweets_total[$__rate_interval]))", "{{outcome}}"),
        unit="cps",
    )
    batches = graph(
        "Records at once",
        "The larger, the busier: a batch is what waits when the worker asks.",
        query(_quantile(0.5, "badbuzz_batch_records"), "median"),
        query(_quantile(0.95, "badbuzz_batch_records"), "95 %"),
    )
    return [stacked(throughput), batches]


def _quantile(share: float, histogram: str) -> str:
    rate = f'sum by (le) (rate({histogram}_bucket{{job="worker"}}[$__rate_interval]))'
    return f"histogram_quantile({share}, {rate})"


def _sources() -> timeseries.Panel:
    return graph(
        "Sources behind the present",
        "Since the event time of each source's newest heartbeat; a replay is as far behind as its "
        "history is old.",
        query("time() - max by (source) (badbuzz_source_heartbeat_time_seconds)", "{{source}}"),
        unit="s",
        width=24,
    )


def _cost() -> list[timeseries.Panel]:
    cores = graph(
        "CPU by stage",
        "Cores in use. A worker has one: near 1 a worker, start another.",
        query("sum by (stage) (rate(badbuzz_cpu_seconds_total[$__rate_interval]))", "{{stage}}"),
        unit="none",
        width=8,
    )
    each = graph(
        "CPU for a record, by stage",
        "What a record costs, all workers together.",
        query("badbuzz:cpu_seconds_per_record:ratio_rate5m", "{{stage}}"),
        unit="s",
        width=8,
    )
    memory = graph(
        "Memory",
        "Resident, by process.",
        query("process_resident_memory_bytes", "{{job}} {{instance}}"),
        unit="bytes",
        width=8,
    )
    return [stacked(cores), stacked(each), memory]


def _latency() -> list[timeseries.Panel | heatmap.Panel]:
    quantiles = graph(
        "Latency",
        "From the broker's timestamp to the committed verdict; the promise is half a second.",
        query("badbuzz:verdict_latency_seconds:p50_5m", "median"),
        query("badbuzz:verdict_latency_seconds:p99_5m", "99 %"),
        unit="s",
        width=8,
    )
    every = spectrum(
        "Latencies",
        "How many verdicts a second took how long.",
        "sum by (le) (rate(badbuzz_verdict_latency_seconds_bucket[$__rate_interval]))",
        width=8,
    )
    windows = ("5m", "1h", "6h", "3d")
    budget = graph(
        "Slow verdicts",
        "Share that took over half a second; one in a hundred is the budget.",
        *(query(f"badbuzz:slow_verdicts:ratio_rate{window}", window) for window in windows),
        unit="percentunit",
        width=8,
    )
    return [limited(quantiles, 0.5), every, limited(budget, 0.01)]


def _losses() -> list[timeseries.Panel]:
    letters = graph(
        "Dead letters",
        "A second, by reason; the records stand in the topic dead-letters.",
        query("sum by (reason) (rate(badbuzz_dead_letters_total[$__rate_interval]))", "{{reason}}"),
        unit="cps",
        width=8,
    )
    late = graph(
        "Late tweets",
        "Share of the tweets of ten minutes that came after their window closed.",
        query("badbuzz:late:ratio_rate10m", "late"),
        unit="percentunit",
        width=8,
    )
    gaps = graph(
        "Missing offsets",
        "Times that offsets were missing, an hour; a source that writes in transactions leaves "
        "some on purpose.",
        query("sum by (job, instance) (increase(badbuzz_gaps_total[1h]))", "{{job}} {{instance}}"),
        width=8,
    )
    return [stacked(letters), limited(late, 0.05), gaps]


def _partitions() -> list[timeseries.Panel]:
    lag = graph(
        "Lag by partition",
        "One alone behind: a brand has outgrown the others.",
        query(
            "sum by (job, topic, partition) (badbuzz_lag_records)",
            "{{job}} {{topic}} {{partition}}",
        ),
        width=8,
    )
    owned = graph(
        "Partitions owned",
        "By process; together they own all.",
        query("sum by (job, instance) (badbuzz_partitions_owned)", "{{job}} {{instance}}"),
        width=8,
    )
    checkpoints = graph(
        "Checkpoint",
        "Wall time of the transactions of all partitions.",
        query(_quantile(0.5, "badbuzz_checkpoint_seconds"), "median"),
        query(_quantile(0.99, "badbuzz_checkpoint_seconds"), "99 %"),
        unit="s",
        width=8,
    )
    return [stacked(lag), stacked(owned), checkpoints]


def _rebalances() -> timeseries.Panel:
    moves = "sum by (job, instance) (increase(badbuzz_rebalances_total[1h]))"
    return graph(
        "Rebalances",
        "Assignments an hour, by process: each pauses its partitions.",
        query(moves, "{{job}} {{instance}}"),
    )


def _broker() -> statetimeline.Panel:
    return states(
        "Kafka answers",
        "Each process's last probe.",
        query("min by (job, instance) (badbuzz_broker_reached)", "{{job}} {{instance}}"),
        YES_NO,
        width=12,
    ).height(8)


def _store() -> list[timeseries.Panel | statetimeline.Panel]:
    recorded = graph(
        "Recorded",
        "Rows a second given to the store, by topic; of tweets only the sample's.",
        query("sum by (topic) (rate(badbuzz_recorded_total[$__rate_interval]))", "{{topic}}"),
        unit="cps",
        width=8,
    )
    behind = graph(
        "Store behind the stream",
        "Records not yet recorded.",
        query('badbuzz:lag_records:sum{job="recorder"}', "recorder"),
        width=8,
    )
    answers = states(
        "Database answers",
        "The recorder's last question.",
        query('min by (instance) (badbuzz_store_reached{job="recorder"})', "{{instance}}"),
        YES_NO,
        width=8,
    ).height(8)
    return [stacked(recorded), limited(behind, 5000), answers]


def _api() -> list[timeseries.Panel]:
    requests = graph(
        "Requests",
        "Answers a second, by status.",
        query("sum by (status) (rate(badbuzz_api_requests_total[$__rate_interval]))", "{{status}}"),
        unit="reqps",
        width=8,
    )
    latency = graph(
        "API latency",
        "To the first byte of an answer.",
        query("badbuzz:api_latency_seconds:p95_5m", "95 %"),
        unit="s",
        width=8,
    )
    listeners = graph(
        "Listeners",
        "Connections that follow the stream of alerts and windows.",
        query("sum by (instance) (badbuzz_api_listeners)", "{{instance}}"),
        width=8,
    )
    return [stacked(requests), latency, listeners]
