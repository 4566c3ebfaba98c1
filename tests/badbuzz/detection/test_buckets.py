from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.detection.buckets import SCALES, Bucket, WindowCounts, adjusted_rate, window_sums


def test_each_scale_sums_its_newest_buckets() -> None:
    recent = [Bucket(n=2**i, n_negative=i, expected=0.5) for i in range(13)]
    assert window_sums(recent) == [
        WindowCounts(2**12, 12, 0.5),
        WindowCounts(2**13 - 2**10, 12 + 11 + 10, 1.5),
        WindowCounts(2**13 - 2**7, sum(range(7, 13)), 3.0),
        WindowCounts(2**13 - 2**1, sum(range(1, 13)), 6.0),
    ]


@given(st.lists(st.integers(0, 99), max_size=14))
def test_a_scale_is_the_plain_sum_of_its_newest_buckets_that_exist(counts: list[int]) -> None:
    recent = [Bucket(n=n, n_negative=n // 2, expected=n / 4) for n in counts]
    for n_buckets, window in zip(SCALES, window_sums(recent), strict=True):
        newest = recent[-n_buckets:]
        assert window.n == sum(bucket.n for bucket in newest)
        assert window.n_negative == sum(bucket.n_negative for bucket in newest)
        assert window.expected == sum(bucket.expected for bucket in newest)


@pytest.mark.parametrize(
    ("adjusted", "n", "rate"),
    [(10_000, 3, 0.3333), (11_000, 1, 1.0), (-1, 1, 0.0), (5_000, 0, 0.0), (5_000, 1, 0.5)],
)
def test_the_adjusted_rate_is_a_rounded_share_between_0_and_1(
    adjusted: int, n: int, rate: float
) -> None:
    assert adjusted_rate(adjusted, n) == rate
