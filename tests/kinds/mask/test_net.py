from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from vecstack.errors import ShapeError
from vecstack.kinds.mask.net import MaskNet, NetSizes, PointNorm


def plain(net: MaskNet, points: Tensor, codes: Tensor) -> Tensor:
    """The net as the paper's Table 3 is read aloud, one row for each point of each layer."""
    rows = torch.cat([points.expand(len(codes), -1, -1), codes[:, None].expand(-1, points.shape[1], -1)], -1)
    values = rows.reshape(-1, rows.shape[-1])
    for linear, norm in zip(net.hidden, net.norms, strict=True):
        group = nn.GroupNorm(net.sizes.width // 4, net.sizes.width)
        group.load_state_dict(norm.state_dict())
        values = torch.tanh(group(linear(values)))
    return torch.sigmoid(net.output(values)).view(len(codes), -1)


@pytest.fixture
def net() -> MaskNet:
    torch.manual_seed(0)
    net = MaskNet(NetSizes())
    for norm in net.norms:
        nn.init.normal_(norm.weight)  # type: ignore[arg-type]
        nn.init.normal_(norm.bias)  # type: ignore[arg-type]
    return net


def test_net_equals_the_plain_reading_of_table_3(net: MaskNet) -> None:
    points, codes = torch.rand(1, 41, 2) * 2 - 1, torch.randn(3, 10)
    torch.testing.assert_close(net(points, codes), plain(net, points, codes), atol=1e-5, rtol=1e-4)


def test_norm_equals_group_norm_of_torch_and_so_do_its_gradients() -> None:
    torch.manual_seed(1)
    ours, theirs = PointNorm(128).double(), nn.GroupNorm(32, 128).double()
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    values = torch.randn(128, 50, dtype=torch.double, requires_grad=True)
    rows = values.detach().T.clone().requires_grad_()
    weight = torch.randn(128, 50, dtype=torch.double)
    (ours(values) * weight).sum().backward()
    (torch.tanh(theirs(rows)) * weight.T).sum().backward()
    assert values.grad is not None
    assert rows.grad is not None
    torch.testing.assert_close(values.grad, rows.grad.T)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad)


@torch.no_grad()
def test_no_point_sees_another(net: MaskNet) -> None:
    points, codes = torch.rand(1, 64, 2) * 2 - 1, torch.randn(2, 10)
    together = net(points, codes)
    apart = torch.cat([net(points[:, i : i + 1], codes) for i in range(64)], 1)
    torch.testing.assert_close(together, apart, atol=1e-6, rtol=1e-5)


def test_layers_may_have_points_of_their_own(net: MaskNet) -> None:
    points, codes = torch.rand(2, 9, 2), torch.randn(2, 10)
    both = net(points, codes)
    for layer in range(2):
        torch.testing.assert_close(both[layer], net(points[layer : layer + 1], codes[layer : layer + 1])[0])


@torch.no_grad()
def test_masks_are_in_0_to_1_and_differ_by_code(net: MaskNet) -> None:
    alpha = net(torch.rand(1, 100, 2) * 2 - 1, torch.randn(2, 10) * 5)
    assert float(alpha.min()) >= 0
    assert float(alpha.max()) <= 1
    assert not torch.allclose(alpha[0], alpha[1])


@pytest.mark.parametrize(
    ("points", "codes"), [((1, 5, 2), (2, 9)), ((3, 5, 2), (2, 10)), ((1, 5, 3), (2, 10)), ((5, 2), (2, 10))]
)
def test_wrong_shapes_carry_both_shapes(net: MaskNet, points: tuple[int, ...], codes: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"\["):
        net(torch.zeros(points), torch.zeros(codes))
