"""Sends alerts to Prometheus' Alertmanager (API v2), which groups, routes, silences and delivers.

Alertmanager resolves an alert when its ``endsAt`` passes. Open alerts are repeated each minute with
an end six hours ahead, so that a notifier that is down does not resolve them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, Final, get_args

import aiohttp
import orjson

from badbuzz.config.settings import Settings
from badbuzz.model import Severity
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.sink import UnansweredError, check_answer

ALERTNAME: Final = "BrandCrisis"
REMINDER: Final = "BrandCrisisReminder"
"""Name of the reminder posted beside each live alert; acknowledging silences it."""
LABELS: Final = ("alertname", "brand", "severity", "mark")
REMINDER_LABELS: Final = ("alertname", "brand", "severity", "id")

_MAX_BYTES: Final = 4_000_000
_MAX_QUOTE_CHARS: Final = 60
_END_AHEAD_S: Final = 6 * 3600.0
_SILENCE_S: Final = 12 * 3600.0
_TEST_END_AHEAD_S: Final = 300.0
_SEVERITIES: Final[tuple[str, ...]] = get_args(Severity)


class Alertmanager:
    """One Alertmanager, or a server with the same API.

    Parameters
    ----------
    settings
        Address and time-out.
    """

    name = "alertmanager"

    def __init__(self, settings: Settings) -> None:
        self.timeout_s = float(settings.notify_timeout_s)
        self._url = f"{settings.alertmanager_url.rstrip('/')}/api/v2"
        self._session: aiohttp.ClientSession | None = None

    async def send(self, notification: Notification) -> str:
        """Post a change, and end the lower severities that it replaces."""
        now_s = time.time()
        return await self._post(list(to_alerts(notification, now_s, changed=True)))

    async def repeat(self, notifications: Sequence[Notification]) -> None:
        """Post open alerts again."""
        now_s = time.time()
        posted = [
            alert
            for notification in notifications
            for alert in to_alerts(notification, now_s, changed=False)
        ]
        if posted:
            await self._post(posted)

    async def silence(self, notification: Notification, by: str) -> None:
        """Silence an alert's reminders for twelve hours, unless they have been silenced before.

        The alert itself is not silenced: people are still informed when it escalates or is
        resolved. A silence that was ended by hand is not created again.
        """
        if notification.mark or await self._is_silenced(notification.alert.id):
            return
        asked = to_silence(notification, by, time.time())
        await self._request("POST", "silences", orjson.dumps(asked))

    async def _is_silenced(self, alert_id: str) -> bool:
        """Return whether this alert's reminders have a silence, active or expired."""
        status, body = await self._request("GET", f'silences?filter=alertname="{REMINDER}"')
        try:
            matchers = [one for silence in orjson.loads(body) for one in silence["matchers"]]
            return any((one["name"], one["value"]) == ("id", alert_id) for one in matchers)
        except (ValueError, TypeError, KeyError) as error:
            raise _not_alertmanager(status, body) from error

    async def send_heartbeat(self) -> None:
        """Check that it answers; Alertmanager needs no heartbeat."""
        await self._request("GET", "status")

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, alerts: list[dict[str, Any]]) -> str:
        status, body = await self._request("POST", "alerts", orjson.dumps(alerts))
        if body.strip() not in ("", "{}"):
            raise _not_alertmanager(status, body)
        return str(status)

    async def _request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        """Return status and the beginning of the body of an answer that is not an error."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.timeout_s)
            self._session = aiohttp.ClientSession(timeout=timeout)
        headers = {"Content-Type": "application/json"}
        url = f"{self._url}/{path}"
        try:
            async with self._session.request(method, url, data=body, headers=headers) as answer:
                text = (await _read_limited(answer.content)).decode(errors="replace")
                check_answer(answer.status, answer.headers.get("Retry-After", ""), text)
                return answer.status, text
        except TimeoutError as error:
            raise UnansweredError(f"no answer within {self.timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UnansweredError(str(error) or repr(error)) from error


def to_alerts(
    notification: Notification, now_s: float, *, changed: bool
) -> Iterator[dict[str, Any]]:
    """Yield a notification as alerts of the API.

    Parameters
    ----------
    notification
        Notification of any phase.
    now_s
        Wall clock, Unix seconds.
    changed
        Whether the phase is new; an escalation then also ends the lower severities.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> message = write(example(), UTC)
    >>> notification = Notification(example(), message, published_ms=1_767_189_960_000)
    >>> alert, reminder = to_alerts(notification, 1_767_190_000.0, changed=True)
    >>> alert["labels"]
    {'alertname': 'BrandCrisis', 'brand': 'Air Paradis', 'severity': 'critical'}
    >>> alert["startsAt"], alert["endsAt"]
    ('2025-12-31T14:06:00Z', '2025-12-31T20:06:40Z')
    >>> reminder["labels"]["alertname"], reminder["labels"]["id"]
    ('BrandCrisisReminder', 'Air Paradis/1767189600000')
    """
    for alert in _alerts(notification, now_s, changed=changed):
        yield alert
        if not notification.mark:
            yield _reminder(alert)


def to_silence(notification: Notification, by: str, now_s: float) -> dict[str, Any]:
    """Return a silence of the API for an alert's reminders.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> message = write(example(), UTC)
    >>> notification = Notification(example(), message, published_ms=1_767_189_960_000)
    >>> silence = to_silence(notification, "camille", 1_767_190_000.0)
    >>> [(one["name"], one["value"]) for one in silence["matchers"]]
    [('alertname', 'BrandCrisisReminder'), ('id', 'Air Paradis/1767189600000')]
    >>> silence["startsAt"], silence["endsAt"], silence["createdBy"]
    ('2025-12-31T14:06:40Z', '2026-01-01T02:06:40Z', 'camille')
    """
    matched = {"alertname": REMINDER, "id": notification.alert.id}
    return {
        "matchers": [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in matched.items()
        ],
        "startsAt": _rfc3339(now_s),
        "endsAt": _rfc3339(now_s + _SILENCE_S),
        "createdBy": by,
        "comment": f"{notification.alert.brand}: acknowledged in badbuzz",
    }


def _alerts(notification: Notification, now_s: float, *, changed: bool) -> Iterator[dict[str, Any]]:
    alert = notification.alert
    starts_s = min(notification.published_ms / 1000, now_s)
    if alert.phase == "resolved":
        ends_s = now_s
    else:
        ends_s = now_s + (_TEST_END_AHEAD_S if notification.mark == "test" else _END_AHEAD_S)
    yield _alert(notification, alert.severity, alert.phase, (starts_s, ends_s))
    if alert.phase == "escalated" and changed:
        for severity in takewhile(lambda lower: lower != alert.severity, _SEVERITIES):
            yield _alert(notification, severity, "replaced", (starts_s, now_s))


def _alert(
    notification: Notification, severity: str, phase: str, span_s: tuple[float, float]
) -> dict[str, Any]:
    alert, message = notification.alert, notification.message
    labels = {"alertname": ALERTNAME, "brand": alert.brand, "severity": severity}
    if notification.mark:
        labels["mark"] = notification.mark
    posted: dict[str, Any] = {
        "labels": labels,
        "annotations": {
            **message.annotations(),
            "id": alert.id,
            "change": notification.change,
            "phase": phase,
        },
        "startsAt": _rfc3339(span_s[0]),
        "endsAt": _rfc3339(span_s[1]),
    }
    if message.dashboard:
        posted["generatorURL"] = message.dashboard
    return posted


def _reminder(alert: Mapping[str, Any]) -> dict[str, Any]:
    labels = {**alert["labels"], "alertname": REMINDER, "id": alert["annotations"]["id"]}
    return {**alert, "labels": labels}


async def _read_limited(content: aiohttp.StreamReader) -> bytes:
    """Read the body, up to a limit; a single read returns only what has arrived."""
    body = bytearray()
    while len(body) < _MAX_BYTES and (more := await content.read(_MAX_BYTES - len(body))):
        body += more
    return bytes(body)


def _not_alertmanager(status: int, body: str) -> UnansweredError:
    return UnansweredError(
        f"not an Alertmanager: answered {status} with {body[:_MAX_QUOTE_CHARS]!r}; "
        "check BADBUZZ_ALERTMANAGER_URL"
    )


def _rfc3339(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat().replace("+00:00", "Z")
