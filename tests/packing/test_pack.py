from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.packing.shapes import HOOK, MIX, ROOM, box, disc, ring, star
from vecstack.errors import UsageError
from vecstack.packing import exact
from vecstack.packing.layout import polygon_at
from vecstack.packing.options import Packing, Pose
from vecstack.packing.pack import Losses, Packed, pack

TWENTY = MIX * 4
QUICK = Packing(effort="sketch")


def polygons(outlines: list[exact.Outline], packed: Packed) -> list:  # type: ignore[type-arg]
    pairs = zip(outlines, packed.poses, strict=True)
    return [polygon_at(exact.polygon(rings), pose) for rings, pose in pairs if pose is not None]


def assert_sound(outlines: list[exact.Outline], packed: Packed, container: exact.Outline) -> None:
    """All are placed, within the container, and no two have a point in common."""
    placed = polygons(outlines, packed)
    assert len(placed) == len(outlines)
    assert not len(exact.touching(placed)[0])
    assert all(exact.polygon(container).contains(shape) for shape in placed)
    assert packed.overlap == packed.outside == 0


@pytest.fixture(scope="module")
def twenty() -> Packed:
    return pack(TWENTY, ROOM, replace(QUICK, scales=(0.5, 1.5)), seed=3)


def test_nothing_touches_and_much_is_covered(twenty: Packed) -> None:
    assert_sound(TWENTY, twenty, ROOM)
    assert 0.65 < twenty.coverage < 1
    assert sum(shape.area for shape in polygons(TWENTY, twenty)) / 1200 == pytest.approx(twenty.coverage)


def test_sizes_keep_to_their_range(twenty: Packed) -> None:
    sides = [math.sqrt(shape.area / (1200 / 20)) for shape in polygons(TWENTY, twenty)]
    assert min(sides) >= 0.5 * (1 - 1e-9)
    assert max(sides) <= 1.5 * (1 + 1e-9)


def test_the_same_seed_gives_the_same_poses(twenty: Packed) -> None:
    assert pack(TWENTY, ROOM, replace(QUICK, scales=(0.5, 1.5)), seed=3).poses == twenty.poses


def test_moves_gain_and_rounds_are_told() -> None:
    heard: list[Losses] = []
    fast = pack(TWENTY, ROOM, Packing(effort="fast", scales=(0.5, 1.5)), seed=3, told=heard.append)
    assert_sound(TWENTY, fast, ROOM)
    assert heard == list(fast.losses)
    assert heard[-1].share == 1
    assert 1 - heard[-1].uncovered == pytest.approx(fast.coverage)
    settled = next(losses for losses in heard if losses.share == 0.2)
    assert heard[-1].uncovered < settled.uncovered


def test_fixed_items_keep_their_poses() -> None:
    fixed = {0: Pose(110, 60, 0.3, 5.0), 1: Pose(130, 60, 1.0, 2.0, mirrored=True)}
    packed = pack(TWENTY, ROOM, replace(QUICK, fixed=fixed))
    assert packed.poses[0] == fixed[0]
    assert packed.poses[1] == fixed[1]
    assert_sound(TWENTY, packed, ROOM)


def test_padding_is_kept() -> None:
    packed = pack(TWENTY, ROOM, replace(QUICK, padding=0.7))
    placed = polygons(TWENTY, packed)
    assert_sound(TWENTY, packed, ROOM)
    assert min(a.distance(b) for k, a in enumerate(placed) for b in placed[:k]) >= 0.7 * (1 - 1e-9)
    wall = exact.polygon(ROOM).exterior
    assert min(shape.distance(wall) for shape in placed) >= 0.7 * (1 - 1e-9)


def test_angles_are_those_that_are_allowed() -> None:
    packed = pack(TWENTY, ROOM, replace(QUICK, angles=(0.0, math.pi / 2), tilt=0.1))
    assert_sound(TWENTY, packed, ROOM)
    for pose in packed.poses:
        assert pose is not None
        assert min(abs(pose.angle), abs(pose.angle - math.pi / 2)) <= 0.1 + 1e-9


def test_sizes_by_data_are_strict() -> None:
    sizes = tuple(1 + k % 4 for k in range(20))
    packed = pack(TWENTY, ROOM, replace(QUICK, sizes=sizes, angles=(0.0,)))
    assert_sound(TWENTY, packed, ROOM)
    factors = [pose.scale / size for pose, size in zip(packed.poses, sizes, strict=True) if pose is not None]
    assert max(factors) == pytest.approx(min(factors))
    assert all(abs(pose.angle) < 1e-9 for pose in packed.poses if pose is not None)


def test_items_nest_in_holes_of_others_and_keep_out_of_those_of_the_container() -> None:
    frame: exact.Outline = (box(10, 10), box(9, 9, 0.5, 0.5)[::-1])
    container: exact.Outline = (box(10.5, 22), box(1, 1, 3, 3))
    items = [frame, (disc(1),), (disc(1),), (star(),)]
    packed = pack(items, container, replace(QUICK, sizes=(1.0, 2.0, 1.0, 1.0), angles=(0.0,), start="greedy"))
    assert_sound(items, packed, container)
    hole = exact.polygon([box(9, 9, 0.5, 0.5)])
    assert packed.poses[0] is not None
    inside = polygon_at(hole, packed.poses[0])
    assert any(inside.contains(shape) for shape in polygons(items, packed)[1:])


def test_mirrored_items_are_told() -> None:
    items = [HOOK] * 12
    packed = pack(items, ROOM, replace(QUICK, mirror=True))
    assert_sound(items, packed, ROOM)
    assert {pose.mirrored for pose in packed.poses if pose is not None} == {True, False}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scales": (0.0, 1.0)}, "scales must be two numbers above 0"),
        ({"scales": (1.2, 2.0)}, "scales must have 1, the mean size, between them"),
        ({"sizes": (1.0, math.nan)}, "sizes must be numbers above 0"),
        ({"sizes": (1.0, -1.0)}, "sizes must be numbers above 0"),
        ({"padding": -1.0}, "padding must be 0 or more"),
        ({"angles": ()}, "angles must be one angle or more"),
        ({"tilt": math.inf}, "tilt must be 0 or more"),
        ({"gravity": 2.0}, "gravity must be from 0 to 1"),
        ({"down": (0.0, 0.0)}, "down must be a direction"),
        ({"axis": (math.nan, 0.0)}, "axis must be a direction"),
        ({"fixed": {0: Pose(0, 0, 0, 0)}}, "fixed has a pose for item 0"),
        ({"effort": "much"}, "effort must be one of sketch, fast, good, best, not 'much'"),
        ({"start": "luck"}, "start must be one of image, greedy, not 'luck'"),
    ],
)
def test_bad_options_are_refused_in_a_line(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        replace(QUICK, **change)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert caught.value.parameter in change


@pytest.mark.parametrize(
    ("outlines", "container", "options", "message"),
    [
        ([], ROOM, QUICK, "there are no items"),
        ([(ring((0, 0), (1, 1), (2, 2)),)], ROOM, QUICK, "outline 0 holds no area"),
        ([(ring((0, 0), (1, math.nan), (2, 0)),)], ROOM, QUICK, "outline 0 holds no area"),
        (MIX, (ring((0, 0), (1, 0)),), QUICK, "container holds no area"),
        (MIX, ROOM, replace(QUICK, sizes=(1.0,)), "sizes must be one for each of the 5 items"),
        (MIX, ROOM, replace(QUICK, fixed={7: Pose(0, 0)}), "fixed names item 7"),
    ],
)
def test_what_does_not_fit_is_refused(
    outlines: list[exact.Outline], container: exact.Outline, options: Packing, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        pack(outlines, container, options)
