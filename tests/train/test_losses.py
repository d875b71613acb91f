from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

import vecstack.train.losses
from vecstack.errors import ShapeError, WeightsError
from vecstack.train.losses import PerceptualLoss, distance, load_perceptual


def pictures(count: int, height: int = 53, width: int = 37, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


# Distance


def test_the_distance_goes_from_the_square_to_the_absolute_error() -> None:
    drawn, truth = torch.tensor([0.5, 0.1]), torch.tensor([0.1, 0.4])
    assert torch.allclose(distance(drawn, truth, 0), torch.tensor([0.16, 0.09]))
    assert torch.allclose(distance(drawn, truth, 1), torch.tensor([0.4, 0.3]))
    assert torch.allclose(distance(drawn, truth, 0.25), 0.75 * torch.tensor([0.16, 0.09]) + torch.tensor([0.1, 0.075]))


def test_the_distance_of_every_canvas_to_one_truth_is_not_averaged() -> None:
    canvases, truth = torch.rand(2, 5, 3, 7), torch.rand(2, 1, 3, 7)
    assert distance(canvases, truth, 0.5).shape == (2, 5, 3, 7)


# Perceptual loss


def chain(numbers: list[int], channels: int = 4) -> dict[str, Tensor]:
    """Random convolutions at these places: `channels` of the first, one more of each other."""
    generator, tensors, inputs = torch.Generator().manual_seed(0), {}, 3
    for outputs, number in enumerate(numbers, start=channels):
        weight = torch.randn(outputs, inputs, 3, 3, generator=generator)
        tensors[f"features.{number}.weight"] = weight / (3 * inputs**0.5)
        tensors[f"features.{number}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
        inputs = outputs
    return tensors


VGG16 = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
VGG19 = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "vgg.safetensors"
    save_file({**chain(VGG16), "classifier.0.weight": torch.zeros(2, 2)}, path)
    return path


def test_equal_pictures_have_no_perceptual_distance_and_others_have_one(network: Path) -> None:
    loss = load_perceptual(str(network))
    first, second = pictures(2), pictures(2, seed=1)
    assert float(loss(first, first)) == 0
    assert 0 < float(loss(first, second)) < 2
    assert torch.allclose(loss(first, second), loss(second, first))


def test_the_perceptual_distance_draws_a_picture_closer_and_leaves_the_network_alone(network: Path) -> None:
    loss = load_perceptual(str(network))
    before = {name: tensor.clone() for name, tensor in loss.state_dict().items()}
    drawn, truth = pictures(2).requires_grad_(), pictures(2, seed=1)
    first = loss(drawn, truth)
    first.backward()
    assert drawn.grad is not None
    assert bool(drawn.grad.isfinite().all())
    moved = drawn.detach() - 0.1 * drawn.grad / drawn.grad.norm()
    assert float(loss(moved, truth)) < first.item()
    assert not any(parameter.requires_grad for parameter in loss.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in loss.state_dict().items())


def test_features_without_any_activation_give_no_nan() -> None:
    tensors = {name: torch.zeros_like(tensor) for name, tensor in chain([0, 2]).items()}
    drawn = pictures(1).requires_grad_()
    PerceptualLoss(tensors)(drawn, pictures(1, seed=1)).backward()
    assert drawn.grad is not None
    assert bool((drawn.grad == 0).all())


def test_the_perceptual_distance_is_the_formula_written_out() -> None:
    tensors = chain([0, 3, 5])
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])

    def layer(x: Tensor, number: int) -> Tensor:
        return conv2d(x, tensors[f"features.{number}.weight"], tensors[f"features.{number}.bias"], padding=1).relu()

    def direction(x: Tensor) -> Tensor:
        return x / x.square().sum(1, keepdim=True).sqrt().clamp_min(1e-3)

    def ends(x: Tensor) -> tuple[Tensor, Tensor]:
        first = layer((x - mean.view(3, 1, 1)) / deviation.view(3, 1, 1), 0)
        second = layer(layer(max_pool2d(first, 2), 3), 5)
        return direction(first), direction(second)

    drawn, truth = pictures(2), pictures(2, seed=1)
    distances = [(a - b).square().sum(1).mean() for a, b in zip(ends(drawn), ends(truth), strict=True)]
    assert torch.allclose(PerceptualLoss(tensors)(drawn, truth), (distances[0] + distances[1]) / 2)


@pytest.mark.parametrize(
    ("numbers", "convolutions", "pools"),
    [
        (VGG16, [0, 2, 5, 7, 10, 12, 14], [4, 9]),
        (VGG19, [0, 2, 5, 7, 10, 12, 14, 16], [4, 9]),
        ([0, 2, 5], [0, 2, 5], [4]),
        ([0], [0], []),
    ],
)
def test_pools_are_where_the_numbering_leaves_a_gap_and_three_blocks_are_kept(
    numbers: list[int], convolutions: list[int], pools: list[int]
) -> None:
    features = PerceptualLoss(chain(numbers)).features
    assert [i for i, module in enumerate(features) if isinstance(module, nn.Conv2d)] == convolutions
    assert [i for i, module in enumerate(features) if isinstance(module, nn.MaxPool2d)] == pools
    assert len(features) == convolutions[-1] + 2  # up to the activation, in VGG-16 relu3_3


def test_half_precision_weights_compute_in_float32() -> None:
    loss = PerceptualLoss({name: tensor.half() for name, tensor in chain([0, 2]).items()})
    assert loss(pictures(1), pictures(1, seed=1)).dtype == torch.float32


def test_pictures_for_the_perceptual_distance_are_checked() -> None:
    loss = PerceptualLoss(chain(VGG16))
    loss(pictures(1, 4, 4), pictures(1, 4, 4))
    for drawn, truth in ((pictures(1, 3, 9), pictures(1, 3, 9)), (pictures(2), pictures(1)), (pictures(1)[0],) * 2):
        with pytest.raises(ShapeError):
            loss(drawn, truth)


def without(*names: str) -> Callable[[dict[str, Tensor]], object]:
    return lambda tensors: [tensors.pop(name) for name in names]


def changed(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[dict[str, Tensor]], object]:
    return lambda tensors: tensors.update({name: change(tensors[name]).contiguous()})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda tensors: tensors.clear() or tensors.update(other=torch.zeros(1)), r"no features\.0\.weight"),
        (without("features.2.weight"), r"no features\.2\.weight"),
        (without("features.28.bias"), r"no features\.28\.bias"),
        (without("features.2.weight", "features.2.bias"), r"5 does not follow on features\.0"),
        (lambda tensors: tensors.update({"features.1.weight": torch.ones(4)}), r"1 does not follow on features\.0"),
        (changed("features.0.weight", lambda w: w[:, :1]), r"not \[C,3,3,3\]"),
        (changed("features.7.weight", lambda w: torch.zeros(*w.shape[:2], 5, 5)), r"features\.7\.weight .* not \[C,6,"),
        (changed("features.5.bias", lambda bias: bias[:2]), r"features\.5\.weight and \.bias"),
        (changed("features.28.bias", lambda bias: bias.sum()), r"features\.28\.weight and \.bias"),
        (lambda tensors: tensors.update({n: t[:0] for n, t in tensors.items()}), r"not \[C,3,3,3\]"),
        (changed("features.0.weight", lambda w: w.int()), r"features\.0\.weight must be finite floating"),
        (changed("features.2.bias", lambda bias: bias / 0), r"features\.2\.bias must be finite"),
        (changed("features.2.bias", lambda bias: bias.double() * 1e300), r"features\.2\.bias must be finite"),
        (changed("features.12.weight", lambda w: w * torch.nan), r"features\.12\.weight must be finite"),
    ],
)
def test_a_file_that_is_no_such_network_is_refused(
    tmp_path: Path, damage: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    tensors = chain(VGG16)
    damage(tensors)
    path = tmp_path / "vgg.safetensors"
    save_file(tensors, path)
    with pytest.raises(WeightsError, match=message) as caught:
        load_perceptual(str(path))
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith("Use weights of VGG-16 as torchvision names them.")
    assert "\n" not in text


@pytest.mark.parametrize("cut", [0, 7, 100, -1])
def test_a_truncated_file_is_refused(network: Path, cut: int) -> None:
    network.write_bytes(network.read_bytes()[:cut])
    with pytest.raises(WeightsError, match=r"damaged weights .* Get the file again") as caught:
        load_perceptual(str(network))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "nothing.safetensors", ".", "x" * 300])
def test_a_network_that_is_not_there_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"no such file\. Use the path of a safetensors file, or OWNER/NAME"):
        load_perceptual(name)


def test_a_hub_name_is_fetched_as_models_are(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(name: str) -> Path:
        asked.append(name)
        return network

    monkeypatch.setattr(vecstack.train.losses, "fetch_weights", fetch)
    name = f"owner/vgg@{'a' * 40}"
    from_hub, from_file = load_perceptual(name), load_perceptual(str(network))
    assert asked == [name]
    assert torch.equal(from_hub(pictures(1), pictures(1, seed=1)), from_file(pictures(1), pictures(1, seed=1)))
