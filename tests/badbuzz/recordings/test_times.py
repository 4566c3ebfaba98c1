from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.recordings.times import parse_time

offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
instants = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=offsets)  # noqa: DTZ001


@given(instants)
def test_any_iso_time_with_an_offset_is_its_instant(instant: datetime) -> None:
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_time(instant.isoformat()) == since // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-02-24T19:35:52Z", 1424806552000),
        ("2015-02-24T19:35:52.500Z", 1424806552500),
        ("2015-02-24 11:35:52 -0800", 1424806552000),
        ("Tue Feb 24 19:35:52 +0000 2015", 1424806552000),
        ("Tue Feb 24 11:35:52 PST 2015", 1424806552000),
        ("1424806552", 1424806552000),
        (1424806552, 1424806552000),
        (1424806552.25, 1424806552250),
    ],
)
def test_times_of_networks_are_read(text: object, expected: int) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2015-02-24T19:35:52", "an offset from UTC"),
        ("2015-02-24", "an offset from UTC"),
        ("Tue Feb 24 11:35:52 XYZ 2015", "expected a time such as"),
        ("yesterday", "expected a time such as"),
        ("", "expected a time such as"),
        (None, "expected a time such as"),
        (True, "expected a time such as"),
        (-1, "Unix seconds"),
        (float("nan"), "Unix seconds"),
        (1e300, "Unix seconds"),
        ("9" * 5000, "expected a time such as"),
    ],
)
def test_a_time_that_is_not_certain_is_refused(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_time(value)


@pytest.mark.parametrize("text", ["2027-01-01", "2027-01-01T08:00", "2027-W01-1", "2027-01-01 08"])
def test_the_remedy_of_an_error_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"as in (\S.*), found") as caught:
        parse_time(text)
    parse_time(str(caught.value).partition(" as in ")[2].partition(", found")[0])
