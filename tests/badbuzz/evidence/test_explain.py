from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from badbuzz.config.settings import Settings
from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.detection.state import Rules
from badbuzz.evidence.explain import MAX_EXAMPLES, MAX_TERMS, explain
from badbuzz.evidence.reasons import find_reasons
from badbuzz.evidence.sample import BrandEvidence
from badbuzz.model import Alert, Evidence, Prediction, Reason, Tweet
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.reader import LabelledTweet, read_labelled
from tests.support.events import BUCKET_MS, NEGATIVE, START_MS, run

BRAND = "Air Paradis"


def tweet(number: int, text: str, **fields: object) -> Tweet:
    at_ms = START_MS + number
    post = Tweet(str(number), BRAND, text, at_ms, at_ms, source="test", lang="en")
    return replace(post, **fields)  # type: ignore[arg-type]


def explained(tweets: Iterable[Tweet], predictions: Iterable[Prediction] = ()) -> Evidence:
    evidence = BrandEvidence(BRAND, counts={"flight": 40_000_000, "late": 20_000_000})
    given = iter(predictions)
    for post in tweets:
        evidence.add(post, next(given, NEGATIVE))
    summary = explain(evidence, START_MS, START_MS + BUCKET_MS)
    assert summary is not None
    return summary


def summarise(*texts: str) -> Evidence:
    return explained(tweet(i, text) for i, text in enumerate(texts))


def test_over_represented_terms_have_their_document_counts() -> None:
    summary = summarise("Lost my bag on this flight", "Flight late, bag lost", "So late")
    assert [(term.term, term.n) for term in summary.terms] == [("bag", 2), ("lost", 2)]


def test_the_brands_own_name_is_no_term() -> None:
    summary = summarise("Paradis? #AirParadis lost it", "Lost in Air Paradis")
    assert [term.term for term in summary.terms] == ["lost"]


def test_a_masked_name_is_no_term() -> None:
    summary = summarise(
        "lost @jane-smith.bsky.social x.com/jane_doe", "lost @jane-smith.bsky.social"
    )
    assert [term.term for term in summary.terms] == ["lost"]


def test_terms_are_bounded() -> None:
    text = "volcano eruption ashes clouds rumble crater lava smoke tremor danger"
    assert len(summarise(text, text).terms) == MAX_TERMS


def test_a_reason_needs_a_quarter_of_the_sample() -> None:
    others = [
        f"Oh {word} {word}land" for word in ("volcano", "crater", "lava", "smoke", "ashes", "fog")
    ]
    assert summarise("My luggage!", "No luggage", *others).reasons == (Reason("lost_luggage", 2),)
    assert summarise("My luggage!", "No luggage", *others, "Oh dear").reasons == ()


def test_one_tweet_is_no_reason() -> None:
    assert summarise("My luggage!", "Terrible").reasons == ()


def test_a_reason_is_counted_by_all_its_terms() -> None:
    summary = summarise("bag bag bag", "my bag", "valise perdue", "no luggage")
    assert summary.reasons == (Reason("lost_luggage", 4),)


def test_reasons_are_most_frequent_first() -> None:
    summary = summarise("bag bad", "bag cold", "bag old queue", "my queue", "cold")
    assert summary.reasons == (Reason("lost_luggage", 3), Reason("long_lines", 2))


def test_authors_count_once_and_the_unknown_not_at_all() -> None:
    authors = ["ann", "ann", "bob", "", ""]
    summary = explained(tweet(i, f"bag {i}", author=author) for i, author in enumerate(authors))
    assert (summary.n_sampled, summary.n_authors, summary.n_signed) == (5, 2, 3)


def test_a_text_and_its_retweets_are_near_duplicates() -> None:
    summary = summarise(
        "My bag is lost again, thanks for nothing",
        "RT @someone: My bag is lost again, thanks for nothing https://t.example/1",
        "my bag is LOST again thanks for nothing!!",
        "Never flying with you again",
    )
    assert summary.near_duplicate_rate == 0.5


def test_texts_that_share_some_words_are_no_near_duplicates() -> None:
    assert summarise("my bag is lost again", "my flight is late again").near_duplicate_rate == 0.0


def test_texts_without_words_are_no_near_duplicates() -> None:
    assert summarise("😡", "😡 !!", "...").near_duplicate_rate == 0.0


def test_reach_counts_a_text_once_at_its_highest() -> None:
    posts = [("my bag is lost", 30), ("RT @a my bag is lost", 70), ("late", 5)]
    summary = explained(tweet(i, text, n_retweets=n) for i, (text, n) in enumerate(posts))
    assert summary.reach == 75


def test_the_most_negative_come_first_and_are_limited() -> None:
    scores = [0.6, 0.9, 0.7, 0.95, 0.8]
    texts = ["ashes", "crater", "volcano", "lava", "smoke"]
    summary = explained(
        (tweet(i, text) for i, text in enumerate(texts)),
        [replace(NEGATIVE, score=score) for score in scores],
    )
    assert [example.score for example in summary.most_negative] == [0.95, 0.9, 0.8]
    assert len(summary.most_negative) == MAX_EXAMPLES


def test_the_most_repeated_are_listed_separately() -> None:
    summary = summarise("bag lost", "so late", "bag lost", "so late", "bag lost", "on fire")
    assert [(e.text, e.n_alike) for e in summary.most_repeated] == [("bag lost", 3), ("so late", 2)]
    assert [e.text for e in summary.most_negative] == ["on fire"]


def test_an_example_hides_names_and_keeps_its_permalink() -> None:
    url = "https://social.example/status/1"
    (example,) = explained([tweet(1, "@jane call 06 12 34 56 78", url=url)]).most_negative
    assert (example.text, example.url, example.id) == ("@user call ☎", url, "1")


def moment(text: str) -> int:
    at = datetime.strptime(f"2015-02-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


@pytest.fixture(scope="module")
def airline(shared_data: Path) -> tuple[list[LabelledTweet], list[Alert]]:
    """The airline recording and its alerts, with the shipped model's labels."""
    path = str(shared_data / "airline" / "airline_tweets.jsonl.gz")
    labelled = list(read_labelled([path]))
    tweets = [row.tweet for row in labelled]
    scored = ScorerSet.read(Settings.read({}).bundles).predict(tweets)
    predictions = {post.id: prediction for post, prediction in zip(tweets, scored, strict=True)}
    events = ((post, predictions.get(post.id)) for post in with_heartbeats(tweets))
    return labelled, run(events, Rules(warmup_hours=36))[1]


@pytest.mark.parametrize(
    ("brand", "start", "end", "human"),
    [
        ("United", "23 04:00", "23 05:30", {"Flight Booking Problems": "booking"}),
        ("US Airways", "23 06:45", "23 07:45", {"Customer Service Issue": "customer_service"}),
        ("Southwest", "24 16:15", "24 17:15", {"Cancelled Flight": "cancelled_flight"}),
    ],
)
def test_the_annotated_reason_is_among_the_reasons_of_the_terms(
    airline: tuple[list[LabelledTweet], list[Alert]],
    brand: str,
    start: str,
    end: str,
    human: dict[str, str],
) -> None:
    labelled, alerts = airline
    alert = next(
        alert
        for alert in alerts
        if alert.brand == brand and moment(start) <= alert.opened_ms <= moment(end)
    )
    given = Counter(
        row.reason
        for row in labelled
        if row.tweet.brand == brand
        and alert.window_start_ms <= row.tweet.created_ms < alert.window_end_ms
        and row.reason not in (None, "Can't Tell")
    )
    commonest = given.most_common(1)[0][0]
    assert alert.evidence is not None
    assert human[str(commonest)] in find_reasons(term.term for term in alert.evidence.terms)


def test_eight_terms_and_three_examples_are_given() -> None:
    text = "volcano eruption ashes clouds rumble crater lava smoke tremor danger"
    summary = summarise(text, text, "ash", "fog", "ice", "mud")
    assert (len(summary.terms), len(summary.most_negative), len(summary.most_repeated)) == (8, 3, 1)
    pairs = [text for word in ("ash", "fog", "ice", "mud") for text in (word, word)]
    assert len(summarise(*pairs).most_repeated) == 3


def test_texts_that_share_seven_words_of_ten_are_near_duplicates() -> None:
    shared = "ash fog ice mud lava dust sand"
    assert summarise(shared, f"{shared} one two three").near_duplicate_rate == 0.5
    assert summarise(shared, f"{shared} one two three four").near_duplicate_rate == 0.0
    assert summarise(f"{shared} one two", f"{shared} three").near_duplicate_rate == 0.5
    assert summarise(f"{shared} one two", f"{shared} three four").near_duplicate_rate == 0.0


def test_of_near_duplicates_the_most_negative_is_shown_and_the_first_of_equals() -> None:
    scores = [0.7, 0.9, 0.9]
    summary = explained(
        (tweet(i, f"bag lost {'!' * i}") for i in range(3)),
        [replace(NEGATIVE, score=score) for score in scores],
    )
    assert [(e.id, e.score, e.n_alike) for e in summary.most_repeated] == [("1", 0.9, 3)]


def test_rates_have_four_decimals() -> None:
    assert summarise("bag lost", "bag lost", "on fire").near_duplicate_rate == 0.3333


def test_an_example_names_the_network_of_its_id() -> None:
    summary = explained([tweet(0, "bag lost", source="mastodon:piaille.fr")])
    assert [(one.id, one.network) for one in summary.most_negative] == [("0", "mastodon")]
