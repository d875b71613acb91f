from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vecstack.kinds

EXAMPLE_KINDS = Path(__file__).parents[1] / "example_kinds"


@pytest.fixture
def _with_example_kinds() -> Iterator[None]:
    """The kinds that live in the tests, found as if their folders lay beside the others."""
    vecstack.kinds.__path__.append(str(EXAMPLE_KINDS))
    vecstack.kinds.find_kind.cache_clear()
    yield
    vecstack.kinds.__path__.remove(str(EXAMPLE_KINDS))
    vecstack.kinds.find_kind.cache_clear()
    for folder in EXAMPLE_KINDS.iterdir():
        for name in [name for name in sys.modules if name.startswith(f"vecstack.kinds.{folder.name}")]:
            del sys.modules[name]
        vars(vecstack.kinds).pop(folder.name, None)
