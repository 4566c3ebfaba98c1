from __future__ import annotations

import pytest

from badbuzz.detection.buckets import Bucket, WindowCounts, adjusted_rate, window_sums


def test_each_scale_sums_its_newest_buckets() -> None:
    recent = [Bucket(n=2**i, n_negative=i, expected=0.5) for i in range(13)]
    assert window_sums(recent) == [
        WindowCounts(2**12, 12, 0.5),
        WindowCounts(2**13 - 2**10, 12 + 11 + 10, 1.5),
        WindowCounts(2**13 - 2**7, sum(range(7, 13)), 3.0),
        WindowCounts(2**13 - 2**1, sum(range(1, 13)), 6.0),
    ]


def test_a_scale_longer_than_the_history_sums_all_of_it() -> None:
    assert window_sums([Bucket(n=1), Bucket(n=2), Bucket(n=4)])[1] == WindowCounts(7, 0, 0.0)
    assert window_sums([Bucket(n=1), Bucket(n=2)])[1] == WindowCounts(3, 0, 0.0)


@pytest.mark.parametrize(
    ("adjusted", "n", "rate"),
    [(10_000, 3, 0.3333), (11_000, 1, 1.0), (-1, 1, 0.0), (5_000, 0, 0.0), (5_000, 1, 0.5)],
)
def test_the_adjusted_rate_is_a_rounded_share_between_0_and_1(
    adjusted: int, n: int, rate: float
) -> None:
    assert adjusted_rate(adjusted, n) == rate
