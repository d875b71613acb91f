from __future__ import annotations

import json

import pytest
from safetensors.torch import save

from vecstack.errors import WeightsError
from vecstack.kinds import find_kind
from vecstack.kinds.base import METADATA_KEY
from vecstack.kinds.weights import BASELINE, MODEL, Description, describe


def weights(description: object) -> bytes:
    return save({}, metadata={METADATA_KEY: json.dumps(description)})


def test_a_file_says_its_kind_and_its_sizes() -> None:
    kind = find_kind("mask")
    assert kind is not None
    assert describe(weights({"kind": "mask", "sizes": [1]}), "x") == Description(kind, MODEL, [1])
    assert describe(weights({"kind": "baseline", "sizes": 2}), "x") == Description(kind, BASELINE, 2)


@pytest.mark.parametrize("data", [b"", b"junk", save({}), weights(3), weights({"kind": "mask"})])
def test_a_file_of_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsError, match=r"^x: not a vecstack model"):
        describe(data, "x")


@pytest.mark.parametrize("name", ["sparkle", "../mask", 3, None])
def test_a_kind_that_this_version_does_not_have_is_named(name: object) -> None:
    with pytest.raises(WeightsError, match=r"^x: makes layers of kind .*, which this version does not have"):
        describe(weights({"kind": name, "sizes": {}}), "x")
