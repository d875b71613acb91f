from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def threads() -> Iterator[None]:
    """Lets a test set the count of threads."""
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)
