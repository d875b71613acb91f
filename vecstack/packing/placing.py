"""Packed items as layers of a stack."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vecstack.color import Color
from vecstack.geometry import Affine
from vecstack.kinds import placing_kind
from vecstack.packing.items import Item
from vecstack.packing.options import Pose
from vecstack.packing.outlines import Outline, area_of_rings
from vecstack.stack import Canvas, Group, Layer, Stack, asset_id


@dataclass(frozen=True, eq=False)
class Placed:
    """An item, where it is on the canvas, and the one colour that it has there, if it has not its own."""

    item: Item
    pose: Pose
    color: Color | None = None

    @property
    def outline(self) -> Outline:
        """The rings around it, in canvas units."""
        return moved(self.item.outline, self.pose)

    @property
    def area(self) -> float:
        """The area within its rings, in square canvas units."""
        return area_of_rings(self.item.outline) * self.pose.scale**2


def moved(outline: Outline, pose: Pose) -> Outline:
    """Rings where a pose takes them."""
    cos, sin = pose.scale * math.cos(pose.angle), pose.scale * math.sin(pose.angle)
    flip = np.array([-1.0 if pose.mirrored else 1.0, 1.0])
    turn = np.array([[cos, sin], [-sin, cos]])
    return tuple(ring * flip @ turn + (pose.x, pose.y) for ring in outline)


def stack_of(placed: Sequence[Placed], canvas: Canvas, **about: Any) -> Stack:
    """A stack of items on a canvas, the largest lowest, those of one item in a group; `about` are further fields of the
    stack. An item is kept once, however often it is placed. Raises DocumentError where a layer file cannot hold it."""
    kind = placing_kind()
    ordered = sorted(placed, key=lambda each: -each.area)
    counts = Counter(id(each.item) for each in ordered)
    groups: dict[int, Group] = {}
    names: dict[int, str] = {}
    assets: dict[str, bytes] = {}
    layers: list[Layer] = []
    for number, each in enumerate(ordered, 1):
        item = each.item
        if id(item) not in names:
            data = kind.item(item.content)
            names[id(item)] = asset_id(data)
            assets[asset_id(data)] = data
            if counts[id(item)] > 1:
                groups[id(item)] = Group(f"item-{len(names)}", item.name)
        group = groups.get(id(item))
        common = {
            "id": f"placed-{number}",
            "name": item.name,
            "transform": _transform(each.pose),
            "group": None if group is None else group.id,
        }
        layers.append(kind.placed(common, names[id(item)], each.color))
    return Stack(canvas, tuple(layers), assets, groups=tuple(groups.values()), **about)


def _transform(pose: Pose) -> Affine:
    return Affine.similarity(pose.x, pose.y, pose.scale, math.degrees(pose.angle), mirrored=pose.mirrored)
