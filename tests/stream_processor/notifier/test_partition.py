"""The alerts that a notifier sends after a start, and those of replays."""

from __future__ import annotations

import pytest

from tests.stream_processor.notifier.notifiers import (
    BRANDS,
    alert_phases,
    await_changes,
    change,
    environ,
    posted,
    start,
    stop,
    traced,
)
from tests.support.http_server import HttpServer
from tests.support.outlet import OutputProducer
from tests.support.stream import Deployment, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services]


def test_a_first_start_sends_open_alerts_only(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    still_open = alert_phases(1)[:2]
    outlet.alerts(*alert_phases(), *still_open, *alert_phases(2))
    start(real_stream, environ(azure, None))
    await_changes(azure, still_open[1:])
    outlet.alerts(alert_phases(3)[0])
    await_changes(azure, alert_phases(3)[:1])
    assert traced(azure) == [change(still_open[1]), change(alert_phases(3)[0])]


def test_an_alert_that_opened_and_ended_during_downtime_is_sent(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    """Even if there was no alert before: the first position is committed at once."""
    notifier = start(real_stream, environ(azure, None))
    stop(notifier)
    outlet.alerts(*alert_phases())
    start(real_stream, environ(azure, None))
    await_changes(azure, alert_phases())


def test_open_alerts_are_repeated_and_known_after_a_restart(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    settings = environ(None, manager, BADBUZZ_NOTIFY_REPEAT_S="1")
    notifier = start(real_stream, settings)
    outlet.alerts(*alert_phases()[:2], *alert_phases(1, BRANDS[1]))
    await_that(lambda: posted(manager).count(change(alert_phases()[1])) > 4, "repetitions")
    stop(notifier)
    n_before = len(manager.bodies)
    start(real_stream, settings)
    await_that(lambda: len(manager.bodies) > n_before + 1, "repetitions after the restart")
    assert {
        alert["annotations"]["change"] for items in manager.bodies[n_before:] for alert in items
    } == {change(alert_phases()[1])}


def test_an_alert_that_a_queued_record_resolves_is_not_repeated_after_a_restart(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    firing, _, resolved = alert_phases()
    settings = environ(None, manager)
    notifier = start(real_stream, settings)
    outlet.alerts(firing)
    await_that(lambda: change(firing) in posted(manager), "the first change")
    stop(notifier)
    n_before = len(posted(manager))
    outlet.alerts(resolved)
    start(real_stream, settings)
    await_that(lambda: change(resolved) in posted(manager), "the last change")
    assert set(posted(manager)[n_before:]) == {change(resolved)}


def test_resolved_alerts_are_not_repeated(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    start(real_stream, environ(None, manager, BADBUZZ_NOTIFY_REPEAT_S="1"))
    still_open = alert_phases(1, BRANDS[1])[0]
    outlet.alerts(*alert_phases())
    outlet.alerts(still_open)
    await_that(lambda: posted(manager).count(change(still_open)) > 3, "repetitions")
    assert posted(manager).count(change(alert_phases()[2])) == 1


def test_replays_send_no_notification(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None))
    outlet.alerts(*alert_phases(replay=True))
    outlet.alerts(alert_phases(1)[0])
    await_changes(azure, alert_phases(1)[:1])
    assert traced(azure) == [change(alert_phases(1)[0])]


def test_a_notified_replay_is_marked(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer, manager: HttpServer
) -> None:
    start(real_stream, environ(azure, manager), "--notify")
    outlet.alerts(alert_phases(replay=True)[0])
    await_changes(azure, alert_phases()[:1])
    await_that(lambda: bool(manager.bodies), "Alertmanager")
    (alert,) = manager.bodies[0]
    assert alert["labels"]["mark"] == "replay"
    assert alert["annotations"]["subject"].startswith("[REPLAY] ")
