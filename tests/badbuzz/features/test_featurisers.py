from __future__ import annotations

import pytest

from badbuzz.features.featurisers import KINDS, build_featuriser
from badbuzz.features.hashing import HashedFeaturiser


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind 'phonemes' is unknown; known: hashed, words"):
        build_featuriser({"kind": "phonemes", "features": {}})


def test_a_configuration_without_kind_is_hashed() -> None:
    features = {"n_bits": 18, "shortest": 4, "longest": 4, "width": 64}
    featuriser = build_featuriser({"features": features})
    assert isinstance(featuriser, HashedFeaturiser)
    assert featuriser.padding == (1 << 18,)


def test_the_kinds_of_shipped_and_converted_bundles_are_known() -> None:
    assert set(KINDS) == {"hashed", "words", "subwords", "counts"}
