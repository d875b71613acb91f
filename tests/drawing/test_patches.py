from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vecstack.drawing import patches as module
from vecstack.drawing.patches import NODES, Compiler, LayerAt, Patches, Roots, basis
from vecstack.drawing.points import centres, grid
from vecstack.geometry import Rect

CPU = torch.device("cpu")
UNIT = Rect(0.0, 0.0, 1.0, 1.0)
SIDE_PX = 512  # of a picture of UNIT: 6 x 6 root cells of 85 px, which can be split twice
TOLERANCE = 0.3 / 255
WHITE, GREY = (1.0, 1.0, 1.0), (0.25, 0.5, 0.75)


def layer_of(alpha_at: Callable[[Tensor, Tensor], Tensor], color: tuple[float, float, float] = WHITE) -> LayerAt:
    """A layer of one colour behind alpha_at: x [P], y [P] -> [P] in 0..1."""

    def at(points: Tensor) -> tuple[Tensor, Tensor]:
        alpha = alpha_at(points[:, 0], points[:, 1]).float()
        return alpha, torch.tensor(color).expand(len(points), 3)

    return at


def compiled(
    *layers: LayerAt, rect: Rect = UNIT, side_px: int = SIDE_PX, start: tuple[float, ...] = (0.0,) * 4
) -> Patches:
    """The patches of layers for a picture that is `side_px` wide."""
    pixel = rect.width / side_px
    return Compiler(layers, torch.tensor(start), Roots.of_rect(rect, pixel), pixel, TOLERANCE).run()


def painted(patches: Patches, width: int, height: int) -> tuple[Tensor, Tensor]:
    """What the polynomials give at the pixels, [4,H,W] (NaN in cells left to exact evaluation), and how many cells hold
    each pixel [H,W]."""
    rect = patches.roots.rect
    xs, ys = centres(rect.x, rect.width, width, CPU), centres(rect.y, rect.height, height, CPU)
    colors, counts = torch.full((4, height, width), math.nan), torch.zeros(height, width)
    parts = [(leaves.level, leaves.cells, leaves.coefficients) for leaves in patches.leaves]
    for level, cells, coefficients in [*parts, *((level, cells, None) for level, cells in patches.exact)]:
        across, down = patches.roots.across(level, xs), patches.roots.down(level, ys)
        for index, (column, row) in enumerate(cells.tolist()):
            inside = (down.floor() == row)[:, None] & (across.floor() == column)
            counts += inside
            if coefficients is not None:
                by_row, by_column = basis(2 * (down - row) - 1), basis(2 * (across - column) - 1)
                colors = torch.where(inside, by_row @ coefficients[index] @ by_column.T, colors)
    return colors, counts


def counts_of(patches: Patches) -> tuple[int, int]:
    """How many cells are polynomials, and how many are left to exact evaluation."""
    return sum(len(leaves.cells) for leaves in patches.leaves), sum(len(cells) for _, cells in patches.exact)


def test_polynomials_are_chebyshevs() -> None:
    angles = torch.linspace(0, math.pi, 40, dtype=torch.float64)
    expected = torch.cos(angles[:, None] * torch.arange(NODES))
    torch.testing.assert_close(basis(torch.cos(angles)), expected.float(), atol=1e-5, rtol=0)


# What becomes a polynomial, and what does not


def test_a_polynomial_of_low_degree_takes_the_root_cells_only() -> None:
    """Evaluated at the nodes of each and at few points more."""
    patches = compiled(layer_of(lambda x, y: 0.2 + 0.5 * x**3 * y**2 + 0.3 * y, GREY))
    assert counts_of(patches) == (36, 0)
    assert [leaves.level for leaves in patches.leaves] == [0]
    assert 36 * NODES**2 <= patches.evaluations <= 36 * 1.5 * NODES**2
    colors, _ = painted(patches, 96, 96)
    x, y = grid(centres(0, 1, 96, CPU), centres(0, 1, 96, CPU)).float().T
    alpha = (0.2 + 0.5 * x**3 * y**2 + 0.3 * y).view(96, 96)
    expected = torch.tensor([*GREY, 1.0])[:, None, None] * alpha
    torch.testing.assert_close(colors, expected, atol=1e-5, rtol=0)


def test_layers_are_laid_over_the_start_in_their_order() -> None:
    lower, upper = layer_of(lambda x, y: 0.8 * x, (1.0, 0.0, 0.0)), layer_of(lambda x, y: 0.5 * y, (0.0, 1.0, 0.0))
    colors, _ = painted(compiled(lower, upper, start=(0.0, 0.0, 1.0, 1.0)), 40, 40)
    y, x = torch.meshgrid(*[centres(0, 1, 40, CPU).float()] * 2, indexing="ij")
    red, green = 0.8 * x * (1 - 0.5 * y), 0.5 * y
    expected = torch.stack([red, green, (1 - 0.8 * x) * (1 - 0.5 * y), torch.ones_like(x)])
    torch.testing.assert_close(colors, expected, atol=1e-5, rtol=0)


def edge(x: Tensor, y: Tensor) -> Tensor:
    """A step along a slanted line."""
    return y > 0.213 + 0.5 * x


def crossed(cells: Tensor, side: int) -> Tensor:
    """Which of cells [C,2], `side` of them on a side of UNIT, the line of `edge` crosses: [C]."""
    (left, top), (right, bottom) = (cells / side).T, ((cells + 1) / side).T
    return (top < 0.213 + 0.5 * right) & (bottom > 0.213 + 0.5 * left)


@pytest.mark.parametrize(("side_px", "level"), [(256, 1), (512, 2), (1024, 3)])
def test_a_step_is_left_to_exact_evaluation_along_its_edge_and_nowhere_else(side_px: int, level: int) -> None:
    patches = compiled(layer_of(edge, GREY), side_px=side_px)
    ((deepest, cells),) = patches.exact
    assert deepest == level
    side = 6 << level
    every = torch.cartesian_prod(torch.arange(side), torch.arange(side))
    along = {tuple(cell) for cell in every[crossed(every, side)].tolist()}
    assert {tuple(cell) for cell in cells.tolist()} == along
    colors, _ = painted(patches, 128, 128)
    expected = torch.tensor([*GREY, 1.0])[:, None, None] * edge(*grid(*[centres(0, 1, 128, CPU)] * 2).T).view(128, 128)
    off = (colors - expected).abs()
    assert float(off[~off.isnan()].max()) < TOLERANCE


def test_only_what_is_seen_of_a_step_takes_cells() -> None:
    faint = compiled(layer_of(lambda x, y: 0.5 * TOLERANCE * edge(x, y)))
    assert counts_of(faint) == (36, 0)
    same_color = compiled(layer_of(edge, (0.5, 0.5, 0.5)), start=(0.5, 0.5, 0.5, 1.0))
    assert counts_of(same_color) == (36, 0)


def test_a_layer_that_an_opaque_one_covers_takes_no_cells() -> None:
    busy, cover = layer_of(edge, GREY), layer_of(lambda x, y: torch.ones_like(x))
    alone = compiled(cover)
    together = compiled(busy, cover)
    assert counts_of(together) == counts_of(alone) == (36, 0)
    assert together.evaluations == 2 * alone.evaluations
    assert counts_of(compiled(cover, busy)) != (36, 0)


def counted(at: LayerAt, counts: dict[str, int], name: str) -> LayerAt:
    """The layer, which counts at how many points it is evaluated."""

    def layer(points: Tensor) -> tuple[Tensor, Tensor]:
        counts[name] = counts.get(name, 0) + len(points)
        return at(points)

    return layer


def test_a_layer_is_evaluated_no_deeper_than_it_needs() -> None:
    counts: dict[str, int] = {}
    smooth = counted(layer_of(lambda x, y: 0.5 + 0.4 * x * y, GREY), counts, "smooth")
    step = counted(layer_of(lambda x, y: 0.5 * edge(x, y)), counts, "step")
    patches = compiled(smooth, step)
    assert counts["smooth"] < 0.36 * counts["step"]  # at the nodes of root cells, and where polynomials are checked
    assert patches.evaluations == sum(counts.values())


def test_a_covered_layer_is_evaluated_no_deeper_where_its_cover_is() -> None:
    counts: dict[str, int] = {}

    def waves(points: Tensor) -> tuple[Tensor, Tensor]:
        return torch.ones(len(points)), (0.5 + 0.4 * torch.sin(90 * points)).float()[:, [0, 1, 0]]

    busy = counted(layer_of(lambda x, y: 0.5 + 0.5 * torch.sin(300 * (x - y)), GREY), counts, "busy")
    compiled(busy, counted(waves, counts, "cover"))
    assert counts["busy"] < 0.5 * counts["cover"]


@pytest.mark.slow
@pytest.mark.parametrize("height", [0.4, 2 * TOLERANCE])
def test_what_vanishes_at_all_nodes_of_a_cell_is_found_between_them(height: float) -> None:
    """A wave that is the first polynomial past those of a cell."""

    def wave(x: Tensor, y: Tensor) -> Tensor:
        angle = torch.acos((2 * (6 * x).frac() - 1).clamp(-1, 1))
        return 0.5 + height * torch.cos(NODES * angle)

    patches = compiled(layer_of(wave))
    assert all(leaves.level > 0 or not len(leaves.cells) for leaves in patches.leaves)
    colors, _ = painted(patches, 90, 90)
    expected = wave(*grid(*[centres(0, 1, 90, CPU)] * 2).T).float().view(90, 90)
    off = (colors[3] - expected).abs()
    assert float(off[~off.isnan()].max()) < 2 / 255


def bar(x: Tensor, y: Tensor) -> Tensor:
    """A line from the left edge to within the fourth root cell, 1.5 px wide with a smooth profile."""
    start, along = torch.tensor([0.0, 0.21]), torch.tensor([0.6, 0.04])
    points = torch.stack([x, y], 1) - start
    share = (points @ along.double() / along.square().sum()).clamp(0, 1)
    distance = (points - share[:, None] * along).norm(dim=1)
    return torch.exp(-((distance * SIDE_PX / 0.9) ** 2))  # 1.5 px wide at half its height


@pytest.mark.slow
def test_a_thin_line_that_ends_within_a_cell_is_found_from_its_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies between the nodes of the cell in which it ends."""
    xs = centres(0, 1, SIDE_PX, CPU)
    expected = bar(*grid(xs, xs).T).float().view(SIDE_PX, SIDE_PX)

    def largest_error() -> float:
        colors, _ = painted(compiled(layer_of(bar)), SIDE_PX, SIDE_PX)
        off = (colors[3] - expected).abs()
        return float(off[~off.isnan()].max())

    assert largest_error() < 2 / 255
    monkeypatch.setattr(module, "REPAIRS", 0)
    assert largest_error() > 0.9


# Cells


def blob(x: Tensor, y: Tensor) -> Tensor:
    """A round step and a steep slope, in canvas units."""
    return torch.where((x - 2.1) ** 2 + (y - 9.2) ** 2 < 1.5, 1.0, 0.5 * torch.sigmoid(9 * (x - y + 5)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "height"),
    [(370, 530), (1000, 10), (10, 1000), (3, 5), (1, 1), (65, 64), (100, 1), (1, 100), (23, 25), (97, 301)],
)
def test_every_pixel_lies_in_one_cell_and_cells_fill_the_rectangle(width: int, height: int) -> None:
    rect = Rect(-3.5, 8.25, width / 70, height / 70)
    patches = compiled(layer_of(blob), rect=rect, side_px=width)
    _, counts = painted(patches, width, height)
    assert bool((counts == 1).all())
    whole = patches.roots.columns * patches.roots.rows
    parts = [(leaves.level, leaves.cells) for leaves in patches.leaves] + list(patches.exact)
    assert sum(len(cells) / 4**level for level, cells in parts) == whole
    assert sum(len(cells.unique(dim=0)) for _, cells in parts) == sum(counts_of(patches))


@pytest.mark.parametrize("side_px", [100, 512, 1000])
def test_no_cell_is_smaller_than_its_nodes_are_worth(side_px: int) -> None:
    patches = compiled(layer_of(edge), side_px=side_px)
    ((deepest, _),) = patches.exact
    side = side_px / (patches.roots.columns << deepest)
    assert module.MIN_CELL_PX <= side < 2 * module.MIN_CELL_PX + 5  # rounded to whole cells
    assert max(leaves.level for leaves in patches.leaves) <= deepest


@pytest.mark.parametrize(("width", "height"), [(37.0, 53.0), (20_000.0, 10.0), (10.0, 20_000.0), (1.0, 1.2)])
def test_root_cells_are_nearly_square(width: float, height: float) -> None:
    roots = Roots.of_rect(Rect(5.0, -7.0, width, height), min(width, height) / 1000)
    across, down = width / roots.columns, height / roots.rows
    assert 0.8 < across / down < 1.25
    assert min(roots.columns, roots.rows) == 6
    assert roots.side == pytest.approx((across * down) ** 0.5)


def test_points_of_cells_lie_where_pixels_look_for_them() -> None:
    roots = Roots.of_rect(Rect(-3.5, 8.25, 37.0, 53.0), 0.01)
    cells = torch.tensor([[0, 0], [3, 1], [11, 16]])
    local = torch.rand(3, 20, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    points = roots.points(1, cells, local)
    torch.testing.assert_close(roots.across(1, points[..., 0]), cells[:, None, 0] + local[..., 0])
    torch.testing.assert_close(roots.down(1, points[..., 1]), cells[:, None, 1] + local[..., 1])


# Promises of the whole


def test_compiling_twice_gives_the_same_patches() -> None:
    first, second = (compiled(layer_of(bar), layer_of(edge, GREY)) for _ in range(2))
    assert first.evaluations == second.evaluations
    for one, other in zip(first.leaves, second.leaves, strict=True):
        assert one.cells.equal(other.cells)
        assert one.coefficients.equal(other.coefficients)
    assert first.exact[0][1].equal(second.exact[0][1])


def test_smooth_layers_take_as_much_at_any_size() -> None:
    slope = layer_of(lambda x, y: torch.sigmoid(30 * (x - y * y)))
    small, large = (compiled(slope, side_px=side_px) for side_px in (4096, 65_536))
    assert counts_of(small)[1] == 0
    assert counts_of(small) == counts_of(large)
    assert small.evaluations == large.evaluations


def test_a_step_takes_more_only_along_its_edge() -> None:
    few, many = (compiled(layer_of(edge), side_px=side_px).evaluations for side_px in (1024, 4096))
    assert many < 6 * few  # four times the length in pixels, sixteen times the pixels


def test_nothing_is_evaluated_where_cells_have_fewer_pixels_than_nodes() -> None:
    patches = compiled(layer_of(blob), side_px=11)
    assert patches.evaluations == 0
    assert counts_of(patches) == (0, 1)


def test_no_more_is_in_hand_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """In smaller parts the same patches come out, and no part is larger than what it may be."""
    whole = compiled(layer_of(edge, GREY))
    monkeypatch.setattr(module, "CHUNK_VALUES", 10 * 4 * NODES**2)
    monkeypatch.setattr(module, "CHUNK_POINTS", 1000)
    sizes = []

    def watched(x: Tensor, y: Tensor) -> Tensor:
        sizes.append(len(x))
        return edge(x, y)

    assert counts_of(compiled(layer_of(watched, GREY))) == counts_of(whole)
    assert max(sizes) == 1000
