from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

import vecstack.train.losses
from vecstack.errors import ShapeError, WeightsError
from vecstack.train.losses import (
    Adversary,
    PatchDiscriminator,
    PerceptualLoss,
    adversarial_loss,
    adversary,
    discriminator_loss,
    distance,
    gradient_penalty,
    load_perceptual,
    smallest_side,
)
from vecstack.train.recipe import LossRecipe

RECIPE = LossRecipe(adversarial=0.1, discriminator_rate=1e-3)


def pictures(count: int, height: int = 53, width: int = 37, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.fixture
def discriminator() -> PatchDiscriminator:
    torch.manual_seed(1)
    return PatchDiscriminator(3)


class Scale(nn.Module):
    """D(x) = the sum of x over its length, times `factor`: its gradient has the norm `factor` everywhere."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x.sum((1, 2, 3)).view(-1, 1, 1, 1) / x[0].numel() ** 0.5


# Distance


def test_the_distance_goes_from_the_square_to_the_absolute_error() -> None:
    drawn, truth = torch.tensor([0.5, 0.1]), torch.tensor([0.1, 0.4])
    assert torch.allclose(distance(drawn, truth, 0), torch.tensor([0.16, 0.09]))
    assert torch.allclose(distance(drawn, truth, 1), torch.tensor([0.4, 0.3]))
    assert torch.allclose(distance(drawn, truth, 0.25), 0.75 * torch.tensor([0.16, 0.09]) + torch.tensor([0.1, 0.075]))


def test_the_distance_of_every_canvas_to_one_truth_is_not_averaged() -> None:
    canvases, truth = torch.rand(2, 5, 3, 7), torch.rand(2, 1, 3, 7)
    assert distance(canvases, truth, 0.5).shape == (2, 5, 3, 7)


# Discriminator


@pytest.mark.parametrize(
    ("layers", "height", "width", "scores"),
    [(3, 32, 32, (14, 14)), (5, 128, 128, (14, 14)), (3, 53, 37, (24, 16)), (2, 3, 3, (1, 1)), (8, 192, 192, (1, 1))],
)
def test_scores_have_these_sizes(layers: int, height: int, width: int, scores: tuple[int, int]) -> None:
    with torch.device("meta"):
        assert PatchDiscriminator(layers)(torch.empty(2, 3, height, width)).shape == (2, 1, *scores)


def test_channels_double_up_to_512() -> None:
    with torch.device("meta"):
        convolutions = [module for module in PatchDiscriminator(7).modules() if isinstance(module, nn.Conv2d)]
    assert [convolution.out_channels for convolution in convolutions] == [64, 128, 256, 512, 512, 512, 1]


@pytest.mark.parametrize("layers", [-1, 0, 1, 9])
def test_a_count_of_layers_out_of_range_is_refused(layers: int) -> None:
    with pytest.raises(ValueError, match="2 to 8 layers"):
        PatchDiscriminator(layers)


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_pictures_are_refused_below_the_smallest_side_and_not_from_there(layers: int) -> None:
    side = smallest_side(layers)
    with torch.device("meta"):
        discriminator = PatchDiscriminator(layers)
        assert discriminator(torch.empty(1, 3, side, side)).numel() == 1
        for shape in ((1, 3, side - 1, 99), (1, 3, 99, side - 1), (1, 4, 99, 99), (3, 99, 99)):
            with pytest.raises(ShapeError, match=f">={side}"):
                discriminator(torch.empty(shape))


def test_scores_do_not_depend_on_the_neighbours_in_a_batch(discriminator: PatchDiscriminator) -> None:
    batch = pictures(4)
    alone = torch.cat([discriminator(picture[None]) for picture in batch])
    assert torch.allclose(discriminator(batch), alone, atol=1e-6)  # float32, summed in another order


def test_a_score_depends_on_its_patch_of_16_pixels_alone(discriminator: PatchDiscriminator) -> None:
    picture = pictures(1).requires_grad_()
    discriminator(picture)[0, 0, 10, 8].backward()
    assert picture.grad is not None
    rows, columns = (picture.grad[0].abs().sum((0, other)).nonzero() for other in (2, 1))
    assert (len(rows), len(columns)) == (16, 16)
    assert (int(rows[0]), int(columns[0])) == (2 * 10 - 5, 2 * 8 - 5)


# Gradient penalty and the losses of both sides


@pytest.mark.parametrize(("factor", "penalty"), [(1.0, 0.0), (3.0, 4.0), (0.0, 1.0)])
def test_the_penalty_of_a_linear_function_is_that_of_its_slope(factor: float, penalty: float) -> None:
    real, fake = pictures(4).double(), pictures(4, seed=1).double()
    found = gradient_penalty(Scale(factor), real, fake, seeded())
    assert found.item() == pytest.approx(penalty, abs=1e-12)


def test_the_slope_is_of_the_mean_score_however_many_patches_there_are() -> None:
    class Patches(Scale):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).expand(-1, 1, 5, 3)

    real, fake = pictures(4).double(), pictures(4, seed=1).double()
    assert gradient_penalty(Patches(1.0), real, fake, seeded()).item() < 1e-12


def test_penalties_are_taken_between_each_pair_at_a_point_of_its_own() -> None:
    points = []

    class Recorder(Scale):
        def forward(self, x: Tensor) -> Tensor:
            points.append(x.detach())
            return super().forward(x)

    real, fake = torch.zeros(500, 3, 2, 1), torch.ones(500, 3, 2, 1)
    gradient_penalty(Recorder(1.0), real, fake, seeded())
    shares = points[0].flatten(1)
    assert bool((shares == shares[:, :1]).all())  # one share for all values of a picture
    assert 0 <= float(shares.min()) < 0.02
    assert 0.98 < float(shares.max()) <= 1
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.05)  # the mean of 500 has a deviation of 0.013


def test_the_same_generator_gives_the_same_penalty(discriminator: PatchDiscriminator) -> None:
    first, again = (gradient_penalty(discriminator, pictures(4), pictures(4, seed=1), seeded()) for _ in range(2))
    assert torch.equal(first, again)


def test_the_penalty_needs_pairs(discriminator: PatchDiscriminator) -> None:
    with pytest.raises(ShapeError, match="pairs"):
        gradient_penalty(discriminator, pictures(4), pictures(3), seeded())


def test_the_gradient_of_the_penalty_is_its_slope_along_the_weights(discriminator: PatchDiscriminator) -> None:
    discriminator.double()
    real, fake = pictures(2, 15, 13).double(), pictures(2, 15, 13, seed=1).double()
    gradient_penalty(discriminator, real, fake, seeded()).backward()
    for weight in discriminator.parameters():
        if weight.ndim == 1:  # a bias has no part in a gradient that is linear between the bends of the activations
            continue
        assert weight.grad is not None
        direction = torch.randn(weight.shape, generator=seeded(), dtype=torch.float64)
        slope = float((weight.grad * direction).sum())
        values = []
        for step in (1e-7, -1e-7):
            with torch.no_grad():
                weight += step * direction
            values.append(gradient_penalty(discriminator, real, fake, seeded()).item())
            with torch.no_grad():
                weight -= step * direction
        assert abs(slope) > 1e-3
        assert (values[0] - values[1]) / 2e-7 == pytest.approx(slope, rel=1e-4)


def test_a_discriminator_without_slope_learns_a_slope_and_no_nan() -> None:
    dead = Scale(0.0)
    gradient_penalty(dead, pictures(2), pictures(2, seed=1), seeded()).backward()
    assert dead.factor.grad is not None
    assert bool(dead.factor.grad.isfinite())


def test_the_losses_are_those_of_the_paper(discriminator: PatchDiscriminator) -> None:
    real, fake = pictures(4), pictures(4, seed=1)
    penalty = gradient_penalty(discriminator, real, fake, seeded())
    expected = discriminator(fake).mean() - discriminator(real).mean() + 10 * penalty
    assert torch.allclose(discriminator_loss(discriminator, real, fake, 10, seeded()), expected)
    assert torch.allclose(adversarial_loss(discriminator, fake), -discriminator(fake).mean())


# Adversary


def test_there_is_no_adversary_without_an_adversarial_loss() -> None:
    assert adversary(LossRecipe()) is None
    assert isinstance(adversary(RECIPE), Adversary)


def test_the_adversary_learns_to_tell_the_real_from_the_fake() -> None:
    torch.manual_seed(0)
    critic, generator = Adversary(RECIPE), seeded()
    real, fake = pictures(4, 12, 12), pictures(4, 12, 12, seed=1).square()
    losses = [critic.step(real, fake, generator) for _ in range(30)]
    assert losses[-1] < losses[0] - 1
    assert critic.discriminator(real).mean().item() > critic.discriminator(fake).mean().item()


def test_each_side_moves_only_itself() -> None:
    critic, fake = Adversary(RECIPE), pictures(2, 12, 12).requires_grad_()
    critic.loss(fake).backward()
    assert fake.grad is not None
    assert fake.grad.norm().item() > 0
    assert all(weight.grad is None and weight.requires_grad for weight in critic.discriminator.parameters())
    fake.grad = None
    critic.step(pictures(2, 12, 12, seed=1), fake, seeded())
    assert fake.grad is None


@pytest.mark.parametrize("seed", [0, 1])
def test_adversarial_training_moves_a_colour_to_that_of_the_data(seed: int) -> None:
    torch.manual_seed(seed)
    critic, generator = Adversary(RECIPE), torch.Generator().manual_seed(seed)
    goal, logits = torch.tensor([0.7, 0.3, 0.4]), torch.tensor([-1.0, 1.0, 0.0], requires_grad=True)
    optimizer = torch.optim.Adam([logits], 0.05, betas=(0.0, 0.9))
    start = (logits.sigmoid() - goal).norm().item()
    for _ in range(50):
        real = goal.view(3, 1, 1) + 0.05 * torch.randn(4, 3, 12, 12, generator=generator)
        fake = logits.sigmoid().view(3, 1, 1).expand(4, 3, 12, 12)
        critic.step(real, fake, generator)
        optimizer.zero_grad()
        critic.loss(fake).backward()
        optimizer.step()
    assert (logits.sigmoid() - goal).norm().item() < start / 2


def test_an_adversary_from_a_checkpoint_goes_on_bit_by_bit() -> None:
    real, fake, generator = pictures(4, 12, 12), pictures(4, 12, 12, seed=1), seeded()
    torch.manual_seed(0)
    first = Adversary(RECIPE)
    for _ in range(2):
        first.step(real, fake, generator)
    file = io.BytesIO()
    torch.save({"adversary": first.state_dict(), "generator": generator.get_state()}, file)
    ahead = [first.step(real, fake, generator) for _ in range(3)]

    file.seek(0)
    kept = torch.load(file, weights_only=True)
    second = Adversary(RECIPE)
    second.load_state_dict(kept["adversary"])
    generator.set_state(kept["generator"])
    assert [second.step(real, fake, generator) for _ in range(3)] == ahead
    weights = zip(first.discriminator.parameters(), second.discriminator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)


def test_the_state_of_another_adversary_is_refused() -> None:
    other = Adversary(LossRecipe(adversarial=1.0, discriminator_layers=4)).state_dict()
    with pytest.raises(RuntimeError, match="PatchDiscriminator"):
        Adversary(RECIPE).load_state_dict(other)
    with pytest.raises(KeyError):
        Adversary(RECIPE).load_state_dict({})


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
    assert text.endswith("Give weights of VGG-16 as torchvision names them.")
    assert "\n" not in text


@pytest.mark.parametrize("cut", [0, 7, 100, -1])
def test_a_truncated_file_is_refused(network: Path, cut: int) -> None:
    network.write_bytes(network.read_bytes()[:cut])
    with pytest.raises(WeightsError, match=r"damaged weights .* Get the file again") as caught:
        load_perceptual(str(network))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "nothing.safetensors", ".", "x" * 300, "owner/name@main", "owner/name"])
def test_a_network_that_is_not_there_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"no such file\. Give the path of a safetensors file, or OWNER/NAME"):
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
