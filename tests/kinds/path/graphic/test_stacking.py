from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from tests.kinds.path.graphic.pictures import box, disc, drawn, face
from vecstack.kinds.path.graphic.curves import ROUND
from vecstack.kinds.path.graphic.seeds import Parts, parts_of
from vecstack.kinds.path.graphic.stacking import Shape, _fits, shapes_of
from vecstack.kinds.path.graphic.strokes import strokes_of
from vecstack.winding import area_of


def shapes(picture: np.ndarray) -> tuple[Parts, list[Shape]]:
    """The parts of a picture on a white canvas, and the shapes of all but the white ones at its border."""
    parts = parts_of(picture)
    ground = np.zeros(parts.count, bool)
    ground[parts.part[0, 0]] = True
    return parts, shapes_of(parts, ground, strokes_of(parts, ground))


def test_large_shapes_lie_below_small_ones_without_holes_for_them() -> None:
    _, found = shapes(drawn(128, face))
    assert [len(shape.loops) for shape in found] == [1, 1, 1, 1]
    areas = [round(abs(area_of(shape.loops[0]))) for shape in found]
    assert areas == sorted(areas, reverse=True)
    assert abs(areas[0] - np.pi * 2500) < 10


def test_a_disc_goes_on_where_a_bar_hides_its_edge() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        disc(canvas, unit, 64, 64, 40, "#ffcc4d")
        canvas.rectangle(box(84, 56, 124, 72, unit), fill="#dd2e44")

    _, (below, above) = shapes(drawn(128, draw))
    assert abs(abs(area_of(below.loops[0])) - np.pi * 1600) < 12  # not with the bar, and not without its part below it
    assert abs(abs(area_of(above.loops[0])) - 640) < 2


def test_what_a_bar_cuts_in_two_is_one_shape_below_it() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(8, 50, 120, 80, unit), fill="#3b88c3")
        canvas.rectangle(box(60, 30, 68, 100, unit), fill="#dd2e44")

    parts, (below, above) = shapes(drawn(128, draw))
    assert parts.count == 4
    assert len(below.members) == 2
    assert len(below.loops) == 1
    assert below.outlines(0.2)[0].pieces == 4
    assert above.outlines(0.2)[0].pieces == 4


def test_the_canvas_within_a_ring_is_a_hole() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        disc(canvas, unit, 64, 64, 40, "#000000")
        disc(canvas, unit, 64, 64, 20, "#ffffff")

    parts = parts_of(drawn(128, draw))
    ground = np.abs(parts.colors - 1).max(1) < 0.01
    (ring,) = shapes_of(parts, ground)
    outer, inner = ring.outlines(0.2)
    assert outer.kinds.tolist() == inner.kinds.tolist() == [ROUND] * 4
    assert area_of(outer.points[::3]) * area_of(inner.points[::3]) < 0  # the other way round, which cuts


def test_the_edge_that_goes_straight_on_where_three_parts_meet_is_that_of_the_part_above() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(40, 4, 100, 64, unit), fill="#3b88c3")
        disc(canvas, unit, 64, 84, 30, "#ffac33")

    _, (below, above) = shapes(drawn(128, draw))
    assert abs(abs(area_of(above.loops[0])) - np.pi * 900) < 10
    assert abs(abs(area_of(below.loops[0])) - 3600) < 40  # its lower edge goes on behind the disc


def test_an_outline_drawn_around_a_fill_lies_on_it_and_the_fill_reaches_its_middle() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        disc(canvas, unit, 64, 64, 50, "#000000")
        disc(canvas, unit, 64, 64, 46, "#ffcc4d")

    parts, (fill, outline) = shapes(drawn(128, draw))
    assert parts.colors[outline.part].max() < 0.01
    assert len(outline.loops) == 2
    assert abs(abs(area_of(fill.loops[0])) / (np.pi * 48**2) - 1) < 0.02


def test_what_is_seen_through_a_hole_is_no_shape_of_its_own() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(8, 8, 120, 120, unit), fill="#226699")
        disc(canvas, unit, 64, 64, 40, "#f5f8fa")
        disc(canvas, unit, 64, 64, 22, "#226699")

    _, (plate, ring) = shapes(drawn(128, draw))
    assert len(plate.loops) == 1
    assert len(ring.loops) == 2


def test_a_part_that_bulges_into_another_lies_on_it() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(8, 60, 120, 100, unit), fill="#b55c4a")
        canvas.rectangle(box(40, 40, 76, 84, unit), fill="#8ea5b8")

    parts, (below, above) = shapes(drawn(128, draw))
    assert parts.part[70, 60] == above.part
    assert abs(abs(area_of(below.loops[0])) - 112 * 40) < 12
    assert abs(abs(area_of(above.loops[0])) - 36 * 44) < 12


def test_edges_that_cut_off_a_thin_piece_of_a_shape_do_not_fit() -> None:
    part = np.zeros((40, 60), np.int64)
    part[5:30, 5:30] = 1
    part[34:36, 5:30] = 1  # two pixels wide, apart from the rest
    parts = Parts(part, part, np.zeros(part.shape, np.float32), np.eye(3, dtype=np.float32)[:2], part >= 0)
    whole = np.array([[5.0, 5.0], [30.0, 5.0], [30.0, 30.0], [5.0, 30.0]])
    strip = np.array([[5.0, 34.0], [30.0, 34.0], [30.0, 36.0], [5.0, 36.0]])
    member, nothing = np.array([False, True]), np.zeros(part.shape, bool)
    assert _fits(parts, member, nothing, nothing, [whole, strip])
    assert not _fits(parts, member, nothing, nothing, [whole])
    assert _fits(parts, member, nothing, part > 0, [whole])  # nobody sees it below a veil
    assert not _fits(parts, member, nothing, nothing, [whole + np.array([0, 8]), strip])


def test_an_edge_that_is_that_of_the_part_above_stays_within_it() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        disc(canvas, unit, 64, 64, 50, "#3b88c3")
        canvas.chord(box(14, 14, 114, 114, unit), 20, 160, fill="#dd2e44")

    _, (below, _) = shapes(drawn(128, draw))
    away = np.hypot(*(below.loops[0] - 64).T)
    lower = below.loops[0][:, 1] > 100
    assert lower.any()
    assert away[lower].max() < 48.8  # a little inside, so that nothing of it shines through along the rim
    assert abs(away[below.loops[0][:, 1] < 64] - 50).max() < 0.2


def test_a_sharp_tip_is_where_its_sides_meet() -> None:
    corners = [(20.3, 40.2), (110.4, 64.1), (20.3, 72.6)]
    parts, (spike,) = shapes(
        drawn(128, lambda canvas, unit: canvas.polygon([(x * unit, y * unit) for x, y in corners], fill="#000"))
    )
    assert parts.count == 2
    (outline,) = spike.outlines(0.2)
    assert outline.pieces == 3
    assert all(np.hypot(*(outline.points[::3] - corner).T).min() < 0.35 for corner in corners)


def test_the_thin_end_of_a_notch_is_no_hole() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(10, 10, 118, 118, unit), fill="#000")
        canvas.polygon([(x * unit, y * unit) for x, y in ((40.2, 9), (70.3, 88.8), (46.9, 9))], fill="#fff")

    _, (plate,) = shapes(drawn(128, draw))
    assert len(plate.loops) == 1
