"""The CUDA kernel, run by Triton's interpreter: the same programme, one step at a time and on any machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch

from vecstack.kinds.mask import shade
from vecstack.kinds.mask.net import MaskNet, NetSizes

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Triton is published for Linux alone; the kernel is used nowhere else"
)
LAYERS, CODE = 3, 5


@pytest.fixture(scope="module")
def fused() -> Iterator[ModuleType]:
    """The kernel's module, interpreted."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TRITON_INTERPRET", "1")
    # Triton reads the variable when it is imported, which an earlier test may have done; its C part cannot be anew.
    ours = [name for name in sys.modules if name.split(".")[0] == "triton" and not name.startswith("triton._C")]
    before = {name: sys.modules.pop(name) for name in [*ours, "vecstack.kinds.mask.fused"] if name in sys.modules}
    from vecstack.kinds.mask import fused

    yield fused
    patch.undo()
    sys.modules.pop("vecstack.kinds.mask.fused")
    sys.modules.update(before)


def make_net(width: int, depth: int) -> MaskNet:
    """A random net whose every number matters, its norms' too."""
    torch.manual_seed(width + depth)
    net = MaskNet(NetSizes(CODE, width, depth)).requires_grad_(False)
    for parameter in net.parameters():
        parameter += 0.3 * torch.randn_like(parameter)
    return net


@pytest.mark.parametrize(("width", "depth"), [(16, 1), (16, 3), (32, 2), (128, 3)])
@pytest.mark.parametrize("count", [1, 64, 150])
def test_the_kernel_is_the_net(fused: ModuleType, width: int, depth: int, count: int) -> None:
    net, codes = make_net(width, depth), torch.randn(LAYERS, CODE)
    points = torch.rand(LAYERS, count, 2) * 2 - 1
    masks = fused.FusedMasks(net, codes)(points)
    assert masks.shape == (LAYERS, count)
    assert (masks - net(points, codes)).abs().max() < 1e-5
    assert count == 1 or masks.std() > 0.05  # a flat one would tell nothing


def test_a_kernel_that_agrees_is_trusted(fused: ModuleType) -> None:
    assert fused.is_trusted(make_net(16, 2))


def test_widths_that_the_kernel_cannot_take_are_left_to_the_net(fused: ModuleType) -> None:
    assert not fused.is_trusted(make_net(8, 2))
    assert not fused.is_trusted(make_net(24, 2))


def test_a_kernel_that_draws_something_else_is_not_trusted(fused: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = fused.FusedMasks.__call__
    monkeypatch.setattr(fused.FusedMasks, "__call__", lambda self, points: wrong(self, points) + 2e-3)
    assert not fused.is_trusted(make_net(16, 2))


def test_a_kernel_that_does_not_compile_is_not_trusted(fused: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, points: object) -> None:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(fused.FusedMasks, "__call__", fail)
    assert not fused.is_trusted(make_net(16, 2))


def test_the_processor_evaluates_the_net_itself() -> None:
    net, codes = make_net(16, 2), torch.randn(LAYERS, CODE)
    points = torch.rand(LAYERS, 10, 2) * 2 - 1
    assert (shade.evaluator(net, codes)(points) - net(points, codes)).abs().max() < 1e-5
