"""Alerts to Prometheus' Alertmanager, API v2: it groups, routes, silences and sends.

It forgets what it is not told again, and takes an alert for over when its ``endsAt`` passes: open
ones are repeated each minute, and end only when they do, so that a notifier that is down says
nothing false for hours.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import orjson

from badbuzz.config.settings import Settings
from badbuzz.model import Severity
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.sink import UnansweredError, check_answer

ALERTNAME: Final = "BrandCrisis"
REMINDER: Final = "BrandCrisisReminder"
"""Told beside each live alert, under its id: what routes wait with, and acknowledging silences."""
LABELS: Final = ("alertname", "brand", "severity", "mark")
REMINDER_LABELS: Final = ("alertname", "brand", "severity", "id")

_MOST_BYTES: Final = 4_000_000
_SAID: Final = 60
_LASTS_S: Final = 6 * 3600.0
_SILENT_S: Final = 12 * 3600.0
_TEST_LASTS_S: Final = 300.0
_BELOW: Final[dict[Severity, tuple[Severity, ...]]] = {
    "info": (),
    "warning": ("info",),
    "critical": ("info", "warning"),
}


class Alertmanager:
    """One Alertmanager, or what speaks its API.

    Parameters
    ----------
    settings
        Its address, and how long it may take to answer.
    """

    name = "alertmanager"

    def __init__(self, settings: Settings) -> None:
        self.timeout_s = float(settings.notify_timeout_s)
        self._url = f"{settings.alertmanager_url.rstrip('/')}/api/v2"
        self._session: aiohttp.ClientSession | None = None

    async def tell(self, notice: Notification) -> str:
        """Post a change: what fires, and the lesser severity that it replaces or ends."""
        now_s = time.time()
        return await self._post(list(alerts_of(notice, now_s, changed=True)))

    async def repeat(self, notices: Sequence[Notification]) -> None:
        """Post open alerts again."""
        now_s = time.time()
        posted = [alert for notice in notices for alert in alerts_of(notice, now_s, changed=False)]
        if posted:
            await self._post(posted)

    async def silence(self, notice: Notification, by: str) -> None:
        """Silence an alert's reminders for twelve hours, unless that was done before.

        Its own mails are not silenced: whoever acknowledged it hears when it rises or is over. One
        that somebody ended by hand is not made again.
        """
        if notice.mark or await self._is_silenced(notice.alert.id):
            return
        asked = silence_of(notice, by, time.time())
        status, headers, said = await self._ask("POST", "silences", orjson.dumps(asked))
        check_answer(status, headers.get("Retry-After", ""), said)

    async def _is_silenced(self, alert_id: str) -> bool:
        """Whether it has a silence for the reminders of this very alert, ended or not."""
        status, headers, said = await self._ask("GET", f'silences?filter=alertname="{REMINDER}"')
        check_answer(status, headers.get("Retry-After", ""), said)
        try:
            matchers = [one for silence in orjson.loads(said) for one in silence["matchers"]]
            return any((one["name"], one["value"]) == ("id", alert_id) for one in matchers)
        except (ValueError, TypeError, KeyError) as error:
            raise _stranger(status, said) from error

    async def beat(self) -> None:
        """See whether it answers: it has no use for a heartbeat."""
        status, headers, said = await self._ask("GET", "status")
        check_answer(status, headers.get("Retry-After", ""), said)

    async def close(self) -> None:
        """Disconnect."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, alerts: list[dict[str, Any]]) -> str:
        status, headers, said = await self._ask("POST", "alerts", orjson.dumps(alerts))
        check_answer(status, headers.get("Retry-After", ""), said)
        if said.strip() not in ("", "{}"):
            raise _stranger(status, said)
        return str(status)

    async def _ask(
        self, method: str, what: str, body: bytes | None = None
    ) -> tuple[int, Mapping[str, str], str]:
        """Status, headers and the beginning of the body of what it answers."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.timeout_s)
            self._session = aiohttp.ClientSession(timeout=timeout)
        headers = {"Content-Type": "application/json"}
        url = f"{self._url}/{what}"
        try:
            async with self._session.request(method, url, data=body, headers=headers) as answer:
                said = await _begun(answer.content)
                return answer.status, answer.headers, said.decode(errors="replace")
        except TimeoutError as error:
            raise UnansweredError(f"no answer within {self.timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UnansweredError(str(error) or repr(error)) from error


def alerts_of(notice: Notification, now_s: float, *, changed: bool) -> Iterator[dict[str, Any]]:
    """A notice as alerts of the API.

    Parameters
    ----------
    notice
        Any phase.
    now_s
        The wall clock, Unix seconds.
    changed
        Whether it is new: an escalated one then also ends the lesser severities it had.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> notice = Notification(example(), write(example(), UTC), told_ms=1_767_189_960_000)
    >>> alert, reminder = alerts_of(notice, 1_767_190_000.0, changed=True)
    >>> alert["labels"]
    {'alertname': 'BrandCrisis', 'brand': 'Air Paradis', 'severity': 'critical'}
    >>> alert["startsAt"], alert["endsAt"]
    ('2025-12-31T14:06:00Z', '2025-12-31T20:06:40Z')
    >>> reminder["labels"]["alertname"], reminder["labels"]["id"]
    ('BrandCrisisReminder', 'Air Paradis/1767189600000')
    """
    for told in _alerts(notice, now_s, changed=changed):
        yield told
        if not notice.mark:
            yield _reminder(told)


def silence_of(notice: Notification, by: str, now_s: float) -> dict[str, Any]:
    """A silence of the API for an alert's reminders.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> notice = Notification(example(), write(example(), UTC), told_ms=1_767_189_960_000)
    >>> silence = silence_of(notice, "camille", 1_767_190_000.0)
    >>> [(one["name"], one["value"]) for one in silence["matchers"]]
    [('alertname', 'BrandCrisisReminder'), ('id', 'Air Paradis/1767189600000')]
    >>> silence["startsAt"], silence["endsAt"], silence["createdBy"]
    ('2025-12-31T14:06:40Z', '2026-01-01T02:06:40Z', 'camille')
    """
    matched = {"alertname": REMINDER, "id": notice.alert.id}
    return {
        "matchers": [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in matched.items()
        ],
        "startsAt": _rfc3339(now_s),
        "endsAt": _rfc3339(now_s + _SILENT_S),
        "createdBy": by,
        "comment": f"{notice.alert.brand}: acknowledged in badbuzz",
    }


def _alerts(notice: Notification, now_s: float, *, changed: bool) -> Iterator[dict[str, Any]]:
    alert = notice.alert
    starts_s = min(notice.told_ms / 1000, now_s)
    if alert.phase == "resolved":
        ends_s = now_s
    else:
        ends_s = now_s + (_TEST_LASTS_S if notice.mark == "test" else _LASTS_S)
    yield _alert(notice, alert.severity, alert.phase, (starts_s, ends_s))
    if alert.phase == "escalated" and changed:
        for severity in _BELOW[alert.severity]:
            yield _alert(notice, severity, "replaced", (starts_s, now_s))


def _alert(
    notice: Notification, severity: Severity, phase: str, span_s: tuple[float, float]
) -> dict[str, Any]:
    alert, message = notice.alert, notice.message
    labels = {"alertname": ALERTNAME, "brand": alert.brand, "severity": severity}
    if notice.mark:
        labels["mark"] = notice.mark
    told: dict[str, Any] = {
        "labels": labels,
        "annotations": {
            **message.annotations(),
            "id": alert.id,
            "change": notice.change,
            "phase": phase,
        },
        "startsAt": _rfc3339(span_s[0]),
        "endsAt": _rfc3339(span_s[1]),
    }
    if message.dashboard:
        told["generatorURL"] = message.dashboard
    return told


def _reminder(told: Mapping[str, Any]) -> dict[str, Any]:
    labels = {**told["labels"], "alertname": REMINDER, "id": told["annotations"]["id"]}
    return {**told, "labels": labels}


async def _begun(content: aiohttp.StreamReader) -> bytes:
    """All of it, or the beginning of what never ends: one read gives only what has come."""
    said = bytearray()
    while len(said) < _MOST_BYTES and (more := await content.read(_MOST_BYTES - len(said))):
        said += more
    return bytes(said)


def _stranger(status: int, said: str) -> UnansweredError:
    return UnansweredError(f"no Alertmanager: answered {status} with {said[:_SAID]!r}")


def _rfc3339(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat().replace("+00:00", "Z")
