from __future__ import annotations

import torch

from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.kind import KIND
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.model import Predictor
from vecstack.kinds.mask.shade import net_from_asset, net_to_asset, shader

CPU = torch.device("cpu")


def layer(predictor: Predictor, **fields: object) -> tuple[MaskLayer, dict[str, bytes]]:
    base = {"id": "a", "color": (0.1, 0.2, 0.3), "code": (0.5, -1.0, 2.0), "net": "net"}
    transform = Affine.of_frame(Rect(0, 0, 37, 53))
    return MaskLayer(**base | {"transform": transform} | fields), {"net": net_to_asset(predictor.net)}  # type: ignore[arg-type]


def test_a_net_comes_back_from_its_asset_as_float16_keeps_it(predictor: Predictor) -> None:
    back = net_from_asset(net_to_asset(predictor.net))
    for name, tensor in predictor.net.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor.half().float())


def test_the_same_net_gives_the_same_bytes(predictor: Predictor) -> None:
    assert net_to_asset(predictor.net) == net_to_asset(predictor.net)


def test_points_are_taken_to_the_local_frame(predictor: Predictor) -> None:
    mask, assets = layer(predictor)
    alpha, rgb = shader([mask], assets, CPU)(torch.tensor([[0.0, 0.0], [37.0, 53.0], [18.5, 26.5]]), 1.0)
    net = net_from_asset(assets["net"])
    expected = net(torch.tensor([[[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0]]]), torch.tensor([mask.code]))
    torch.testing.assert_close(alpha, expected)
    assert rgb.shape == (1, 3, 3)
    torch.testing.assert_close(rgb[0, 1], torch.tensor([0.1, 0.2, 0.3]))


def test_a_window_leaves_nothing_outside_the_local_frame(predictor: Predictor) -> None:
    mask, assets = layer(predictor, transform=Affine.of_frame(Rect(10, 10, 8, 8)), window=0.5)
    alpha, _ = shader([mask], assets, CPU)(torch.tensor([[9.9, 14.0], [14.0, 18.1], [14.0, 14.0]]), 1.0)
    assert alpha[0, :2].tolist() == [0.0, 0.0]
    assert float(alpha[0, 2]) > 0


def test_neighbours_differ_far_from_the_origin(predictor: Predictor) -> None:
    """A canvas a million units wide still tells points a thousandth of a unit apart."""
    mask, assets = layer(predictor, transform=Affine.of_frame(Rect(999_990, 0, 10, 10)))
    shade = shader([mask], assets, CPU)
    x = 999_995 + torch.arange(4, dtype=torch.float64) / 1000
    alpha, _ = shade(torch.stack([x, torch.full_like(x, 5.0)], 1), 0.001)
    assert len(set(alpha[0].tolist())) == 4


def test_a_grid_takes_a_net_no_less_work_than_its_points(predictor: Predictor) -> None:
    for window in (None, 0.5):
        mask, assets = layer(predictor, window=window)
        assert KIND.grid_shader(mask, assets, CPU) is None
