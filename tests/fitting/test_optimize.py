from __future__ import annotations

import dataclasses
import time
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from vecstack.composite import over
from vecstack.fitting.optimize import Drawing, Numbers, Part, SlopesAt, View, closest, descend, draw, gauss_newton
from vecstack.kinds.base import Slopes
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.kinds.mask.tune import input_slopes

LAYERS, CODE, POINTS = 3, 4, 41
COLORS = torch.tensor([[0.2, 0.7, 0.4], [0.9, 0.1, 0.5], [0.35, 0.55, 0.75]])


def random(*shape: int, seed: int = 0) -> Tensor:
    """Values in 0..1."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def random_view(points: int = POINTS) -> View:
    """A picture aimed at, something below, and something half transparent above."""
    above = random(4, points, seed=1)
    return View(random(3, points, seed=2), random(3, points, seed=3), 1 - above[3], above[:3] * above[3])


def composed(masks: Tensor, colors: Tensor, view: View) -> Tensor:
    """The canvas as the program composes it anywhere else: [3,P]."""
    canvas = view.below
    for mask, color in zip(masks, colors, strict=True):
        canvas = over(canvas, color[:, None], mask)
    return view.above + view.through * canvas


def tiny_net() -> MaskNet:
    torch.manual_seed(4)
    return MaskNet(NetSizes(CODE, 8, 2)).requires_grad_(False)


def net_slopes(points: int = POINTS) -> SlopesAt:
    """The masks of a tiny net with random weights, and their slopes by the codes."""
    net, places = tiny_net(), random(LAYERS, points, 2, seed=5) * 2 - 1
    return lambda codes: code_slopes(net, places, codes)


def code_slopes(net: MaskNet, places: Tensor, codes: Tensor) -> Slopes:
    """The masks of codes at places, and their slopes by the codes."""
    masks, slopes = input_slopes(net, places, codes)
    return Slopes(masks, slopes[:, 2:])


def fixed(masks: Tensor) -> SlopesAt:
    """Masks that no shape changes."""
    return lambda shapes: Slopes(masks, masks.new_zeros(*shapes.shape, masks.shape[1]))


def start() -> Numbers:
    return Numbers(random(LAYERS, CODE, seed=6) - 0.5, random(LAYERS, 3, seed=7))


def run(slopes: SlopesAt, view: View, steps: int, opacities: Tensor | None = None) -> list[tuple[float, Numbers]]:
    opaque = torch.ones(LAYERS)
    return list(gauss_newton([Part(slopes, view)], start(), opaque if opacities is None else opacities, steps))


# The drawing


def test_what_is_missing_is_the_target_less_the_composed_layers() -> None:
    masks, view = random(LAYERS, POINTS, seed=8), random_view()
    drawing = draw(masks, COLORS[:, :, None], view)
    torch.testing.assert_close(drawing.missing, view.target - composed(masks, COLORS, view))
    assert drawing.error == pytest.approx(float((view.target - composed(masks, COLORS, view)).square().mean()))


def test_how_a_drawing_answers_is_its_gradient() -> None:
    masks, colors, view = random(LAYERS, POINTS, seed=8).double(), COLORS.double(), random_view()
    view = View(*(getattr(view, field.name).double() for field in dataclasses.fields(view)))
    drawing = draw(masks, colors[:, :, None], view)
    by_mask, by_color = torch.autograd.functional.jacobian(
        lambda masks, colors: composed(masks, colors, view), (masks, colors)
    )  # [3,P,L,P], [3,P,L,3]: no point sees another and no channel another
    torch.testing.assert_close(drawing.by_alpha, by_mask.diagonal(dim1=1, dim2=3).permute(1, 0, 2))
    for channel in range(3):
        torch.testing.assert_close(drawing.by_color, by_color[channel, :, :, channel].T)
        assert not by_color[channel, :, :, [other for other in range(3) if other != channel]].any()


@pytest.mark.slow
def test_a_bare_view_has_nothing_above() -> None:
    target, below, masks = random(3, POINTS), random(3, POINTS, seed=1), random(LAYERS, POINTS, seed=2)
    canvas = below
    for mask, color in zip(masks, COLORS, strict=True):
        canvas = over(canvas, color[:, None], mask)
    torch.testing.assert_close(draw(masks, COLORS[:, :, None], View.bare(target, below)).missing, target - canvas)


def test_a_layer_under_a_full_one_answers_to_nothing() -> None:
    masks = torch.stack([random(POINTS), torch.ones(POINTS)])
    drawing = draw(masks, COLORS[:2][:, :, None], View.bare(random(3, POINTS), torch.zeros(3, POINTS)))
    assert not drawing.by_alpha[0].any()
    assert not drawing.by_color[0].any()
    assert drawing.by_color[1].equal(torch.ones(POINTS))


# The method


def test_colours_reach_the_least_squares_where_masks_are_fixed() -> None:
    masks, view = random(LAYERS, POINTS, seed=9), random_view()
    noise = 0.05 * (random(3, POINTS, seed=10) - 0.5)
    view = dataclasses.replace(view, target=composed(masks, COLORS, view) + noise)
    by_color = draw(masks, COLORS[:, :, None], view).by_color
    rest = view.target - composed(masks, torch.zeros_like(COLORS), view)
    best = torch.linalg.lstsq(by_color.T.double(), rest.T.double()).solution.float()
    assert best.min() > 0  # no bound is active, so that this is the optimum
    assert best.max() < 1
    *_, (error, numbers) = run(fixed(masks), view, 80)
    torch.testing.assert_close(numbers.colors, best, atol=1e-3, rtol=0)
    assert error == pytest.approx(draw(masks, best[:, :, None], view).error, rel=1e-4)
    assert numbers.shapes.equal(start().shapes)


@pytest.mark.parametrize(("wanted", "reached"), [(1.5, 1.0), (-0.5, 0.0)])
def test_a_colour_out_of_range_is_wanted_and_the_nearest_is_reached(wanted: float, reached: float) -> None:
    view = View.bare(torch.full((3, POINTS), wanted), torch.zeros(3, POINTS))
    numbers = Numbers(torch.zeros(1, 1), torch.full((1, 3), 0.4))
    *_, (_, last) = gauss_newton([Part(fixed(torch.ones(1, POINTS)), view)], numbers, torch.ones(1), 12)
    assert last.colors.equal(torch.full((1, 3), reached))


def test_shapes_and_colours_find_a_drawing_of_the_same_net() -> None:
    slopes, view = net_slopes(200), random_view(200)
    near, colors = start().shapes + 0.3 * (random(LAYERS, CODE, seed=11) - 0.5), COLORS
    view = dataclasses.replace(view, target=composed(slopes(near).alpha, colors, view))
    errors = [error for error, _ in run(slopes, view, 60)]
    assert errors[-1] < 1e-3 * errors[0]


def test_the_error_falls_for_any_picture() -> None:
    errors = [error for error, _ in run(net_slopes(), random_view(), 24)]
    assert min(errors) < 0.9 * errors[0]  # noise, of which three layers can draw little
    assert errors[-1] < 1.01 * min(errors)  # it ends settled


def test_the_errors_are_those_of_the_numbers() -> None:
    slopes, view, opacities = net_slopes(), random_view(), torch.tensor([1.0, 0.5, 0.8])
    for error, numbers in run(slopes, view, 5, opacities):
        drawn = composed(slopes(numbers.shapes).alpha * opacities[:, None], numbers.colors, view)
        assert error == pytest.approx(float((view.target - drawn).square().mean()), rel=1e-5)


def test_steps_that_see_parts_in_turn_find_what_all_points_show() -> None:
    slopes, view = net_slopes(200), random_view(200)
    near, colors = start().shapes + 0.3 * (random(LAYERS, CODE, seed=11) - 0.5), COLORS
    view = dataclasses.replace(view, target=composed(slopes(near).alpha, colors, view))
    turns = [torch.arange(first, 200, 4) for first in range(4)]

    def at(places: Tensor) -> SlopesAt:
        def slopes_there(shapes: Tensor) -> Slopes:
            found = slopes(shapes)
            return Slopes(found.alpha[:, places], found.by_alpha[:, :, places])

        return slopes_there

    parts = [Part(at(places), view.at(places)) for places in turns]
    tries = list(gauss_newton(parts, start(), torch.ones(LAYERS), 80))
    for step, (error, numbers) in enumerate(tries[:8]):
        part = parts[step % 4]
        missing = draw(part.slopes_at(numbers.shapes).alpha, numbers.colors[:, :, None], part.view)
        assert error == pytest.approx(missing.error, rel=1e-5)
    numbers = tries[-1][1]
    before, after = (draw(slopes(n.shapes).alpha, n.colors[:, :, None], view).error for n in (start(), numbers))
    assert after < 1e-3 * before


def test_of_parts_only_errors_of_the_first_are_compared() -> None:
    numbers = [Numbers(torch.full((1, 1), float(index)), torch.zeros(1, 3)) for index in range(5)]
    tries = list(zip([3.0, 0.1, 2.0, 0.2, 2.5], numbers, strict=True))
    assert closest(iter(tries)) is tries[1]
    assert closest(iter(tries), None, 2) is tries[2]


def test_the_start_comes_first_and_each_step_after_it() -> None:
    first = start()
    pairs = list(gauss_newton([Part(net_slopes(), random_view())], first, torch.ones(LAYERS), 5))
    assert len(pairs) == 6
    assert pairs[0][1] is first
    assert all(not before.shapes.equal(after.shapes) for (_, before), (_, after) in pairwise(pairs))


def test_no_steps_give_the_start() -> None:
    ((_, numbers),) = run(net_slopes(), random_view(), 0)
    assert numbers.shapes.equal(start().shapes)
    assert numbers.colors.equal(start().colors)


def test_numbers_that_were_given_out_are_not_changed_afterwards() -> None:
    kept = start()
    pairs = list(gauss_newton([Part(net_slopes(), random_view())], kept, torch.ones(LAYERS), 3))
    again = run(net_slopes(), random_view(), 1)
    assert kept.shapes.equal(start().shapes)
    assert kept.colors.equal(start().colors)
    assert pairs[0][1].shapes.equal(again[0][1].shapes)


def test_colours_stay_in_range_and_steps_are_short() -> None:
    view = dataclasses.replace(random_view(), target=random(3, POINTS, seed=12).round() * 3 - 1)
    for (_, before), (_, after) in pairwise(run(net_slopes(), view, 20)):
        assert after.colors.min() >= 0
        assert after.colors.max() <= 1
        assert (after.shapes - before.shapes).abs().max() <= 0.5 + 1e-6  # float32 of numbers near 1
        assert (after.colors - before.colors).abs().max() <= 0.2 + 1e-6


def test_a_layer_of_opacity_0_stays_and_hides_no_other() -> None:
    slopes, view = net_slopes(), random_view()
    first = start()
    *_, (error, numbers) = run(slopes, view, 12, torch.tensor([1.0, 0.0, 1.0]))
    assert numbers.shapes[1].equal(first.shapes[1])
    assert numbers.colors[1].equal(first.colors[1])
    others = Numbers(first.shapes[[0, 2]], first.colors[[0, 2]])
    net, places = tiny_net(), (random(LAYERS, POINTS, 2, seed=5) * 2 - 1)[[0, 2]]
    # A third layer that is not seen halves nothing but the mean curvature, and with it the damping: the same place in
    # the end, by other steps.
    *_, (alone, _) = gauss_newton(
        [Part(lambda codes: code_slopes(net, places, codes), view)], others, torch.ones(2), 12
    )
    assert error == pytest.approx(alone, rel=0.1)


def test_opacity_is_a_factor_of_mask_and_slope() -> None:
    slopes, view = net_slopes(), random_view()
    opacities = torch.tensor([0.3, 1.0, 0.6])

    def faded(shapes: Tensor) -> Slopes:
        full = slopes(shapes)
        return Slopes(full.alpha * opacities[:, None], full.by_alpha * opacities[:, None, None])

    for (error, numbers), (expected, same) in zip(run(slopes, view, 6, opacities), run(faded, view, 6), strict=True):
        assert error == expected
        assert numbers.shapes.equal(same.shapes)
        assert numbers.colors.equal(same.colors)


def test_nothing_to_be_seen_changes_nothing() -> None:
    view = dataclasses.replace(random_view(), through=torch.zeros(POINTS))
    *_, (_, numbers) = run(net_slopes(), view, 4)
    assert numbers.shapes.equal(start().shapes)
    assert numbers.colors.equal(start().colors)


def test_a_perfect_drawing_stays_perfect() -> None:
    slopes, view, first = net_slopes(), random_view(), start()
    view = dataclasses.replace(view, target=composed(slopes(first.shapes).alpha, first.colors, view))
    *_, (error, numbers) = run(slopes, view, 10)
    assert error < 1e-12
    torch.testing.assert_close(numbers.shapes, first.shapes, atol=1e-4, rtol=0)


def test_the_same_call_gives_the_same_numbers() -> None:
    for (_, first), (_, second) in zip(*(run(net_slopes(), random_view(), 8) for _ in range(2)), strict=True):
        assert first.shapes.equal(second.shapes)
        assert first.colors.equal(second.colors)


def test_the_error_of_a_drawing_is_a_mean_over_points_and_channels() -> None:
    missing = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]])
    assert Drawing(missing, torch.zeros(1, 3, 2), torch.zeros(1, 2)).error == pytest.approx(5 / 6)


# Descent


def tries(*errors: float) -> list[tuple[float, Numbers]]:
    return [(error, Numbers(torch.full((1, 1), error), torch.zeros(1, 3))) for error in errors]


@pytest.mark.parametrize(
    ("errors", "best"), [((0.4, 0.2, 0.3), 1), ((0.1, 0.2), 0), ((0.2, 0.1, 0.1), 1), ((0.3, float("nan"), 0.2), 2)]
)
def test_the_closest_is_the_first_of_the_least_error(errors: tuple[float, ...], best: int) -> None:
    tried = tries(*errors)
    assert closest(iter(tried)) is tried[best]
    assert closest(iter(tried), time.monotonic() + 1000) is tried[best]


def test_past_the_deadline_only_the_start_is_tried() -> None:
    tried = tries(0.4, 0.2)
    left = iter(tried)
    assert closest(left, time.monotonic()) is tried[0]
    assert list(left) == tried[1:]


def test_descent_changes_the_numbers_and_what_is_shared_but_not_the_start() -> None:
    net, places, view = tiny_net(), random(LAYERS, POINTS, 2, seed=5) * 2 - 1, random_view()
    opacities, first, old = torch.tensor([1.0, 0.5, 0.8]), start(), tiny_net()

    def error(net: MaskNet, numbers: Numbers) -> float:
        masks = net(places, numbers.shapes) * opacities[:, None]
        return float((view.target - composed(masks, numbers.colors, view)).square().mean())

    found = descend(lambda codes: (net(places, codes), None), first, list(net.parameters()), opacities, view, 100)
    net.requires_grad_(False)
    assert error(net, found) < 0.95 * error(old, first)  # noise, of which three layers can draw little
    assert error(net, found) < error(old, found)  # the net does its part
    assert first.shapes.equal(start().shapes)
    assert first.colors.equal(start().colors)
    assert not found.shapes.requires_grad
    assert not found.colors.requires_grad
    assert found.colors.min() >= 0
    assert found.colors.max() <= 1


def test_descent_keeps_colours_in_range() -> None:
    view = View.bare(torch.tensor([1.5, -0.5, 0.5])[:, None].expand(3, POINTS), torch.zeros(3, POINTS))
    numbers = Numbers(torch.zeros(1, 1), torch.full((1, 3), 0.4))
    masks = torch.ones(1, POINTS)
    found = descend(lambda shapes: (masks + 0 * shapes, None), numbers, [], torch.ones(1), view, 400)
    torch.testing.assert_close(found.colors, torch.tensor([[1.0, 0.0, 0.5]]), atol=0.02, rtol=0)
    assert found.colors.min() >= 0
    assert found.colors.max() <= 1
