from __future__ import annotations

import io

import pytest
import torch
from torch import Tensor, nn

from vecstack.errors import ShapeError
from vecstack.train.adversary import (
    Adversary,
    PatchDiscriminator,
    adversarial_loss,
    adversary,
    discriminator_loss,
    gradient_penalty,
)
from vecstack.train.recipe import LossRecipe, smallest_side

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


# Discriminator


@pytest.mark.parametrize(
    ("layers", "height", "width", "scores"),
    [(3, 32, 32, (14, 14)), (5, 128, 128, (14, 14)), (3, 53, 37, (24, 16)), (2, 3, 3, (1, 1)), (8, 192, 192, (1, 1))],
)
def test_scores_have_these_sizes(layers: int, height: int, width: int, scores: tuple[int, int]) -> None:
    with torch.device("meta"):
        assert PatchDiscriminator(layers)(torch.empty(2, 3, height, width)).shape == (2, 1, *scores)


@pytest.mark.parametrize("width", [64, 3])
def test_channels_double_up_to_eight_times_the_width(width: int) -> None:
    with torch.device("meta"):
        convolutions = [module for module in PatchDiscriminator(7, width).modules() if isinstance(module, nn.Conv2d)]
    assert [convolution.out_channels for convolution in convolutions] == [width * n for n in (1, 2, 4, 8, 8, 8)] + [1]


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


def test_a_discriminator_of_groups_sees_how_much_their_pictures_differ() -> None:
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(3, 4, group=2)
    picture = torch.rand(3, 16, 16)
    alike, other = torch.stack([picture, picture]), torch.rand(2, 3, 16, 16)
    within, beside = discriminator(alike), discriminator(torch.cat([alike, other]))
    torch.testing.assert_close(beside[:2], within)  # another group changes nothing
    assert not torch.allclose(discriminator(torch.stack([picture, other[0]]))[0], within[0], atol=1e-3)
    discriminator(alike.requires_grad_()).sum().backward()
    assert alike.grad is not None
    assert alike.grad.isfinite().all()
    with pytest.raises(ShapeError, match="3 pictures are not in groups of 2"):
        discriminator(torch.rand(3, 3, 16, 16))


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


@pytest.mark.slow
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


@pytest.mark.slow
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
