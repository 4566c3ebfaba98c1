"""badbuzz with a publisher that sends tweets without sequence numbers, as other producers do."""

from __future__ import annotations

from dataclasses import replace

from badbuzz import wire
from badbuzz.cli import main
from badbuzz.model import Tweet
from producers import publisher


def encode_unnumbered(tweet: Tweet) -> bytes:
    """Encode a tweet without its number."""
    return wire.encode_tweet(replace(tweet, seq=-1))


class UnnumberedWire:
    """The names of :mod:`badbuzz.wire` that the publisher uses."""

    TWEETS = wire.TWEETS
    encode_tweet = staticmethod(encode_unnumbered)


if __name__ == "__main__":
    vars(publisher)["wire"] = UnnumberedWire
    main()
