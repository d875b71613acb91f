"""Outlines and where they are, as flat arrays for compiled loops.

Inside the packer the container has area 1 and its centre of gravity at the origin; an item's outline has area 1 about its own, so
that its scale is the square root of its area. A pose is x, y, angle, logarithm of the scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vecstack.compiled import compiled
from vecstack.packing import exact
from vecstack.packing.options import Pose


@dataclass(frozen=True)
class Frame:
    """How units of the container become those of the packer: less `center`, then divided by `side`."""

    center: np.ndarray
    side: float


@dataclass
class Layout:
    """N items and, as item N, what is around the container, turned inside out.

    `points` [V,2] of all rings, items at area 1 about the origin; `ring` [R+1], where each ring starts; `item` [N+2], where each item's
    rings start; `pose` [N,4]; `mirrored` and `placed` [N]; `radius` [N], of each item at scale 1 about its origin."""

    points: np.ndarray
    ring: np.ndarray
    item: np.ndarray
    pose: np.ndarray
    mirrored: np.ndarray
    placed: np.ndarray
    radius: np.ndarray
    at: np.ndarray = field(init=False)  # the points where the poses place them
    box: np.ndarray = field(init=False)  # [N+1,4] of each item: least x, y, greatest x, y

    def __post_init__(self) -> None:
        self.at = self.points.copy()
        self.box = np.zeros((len(self.item) - 1, 4))
        move(
            self.points,
            self.ring,
            self.item,
            np.vstack([self.pose, np.zeros(4)]),
            self.at,
            self.box,
            np.arange(self.count + 1),
        )

    @property
    def count(self) -> int:
        """How many items there are."""
        return len(self.pose)

    @property
    def has_walls(self) -> bool:
        """Whether there is a container."""
        return bool(self.item[-1] > self.item[-2])

    def put(self, items: np.ndarray, poses: np.ndarray) -> None:
        """Give items [M] poses [M,4]."""
        self.pose[items] = poses
        move(self.points, self.ring, self.item, self.pose, self.at, self.box, items)

    def mirror(self, item: int) -> None:
        """Mirror an item about its own y axis, where it is."""
        for k in range(self.item[item], self.item[item + 1]):
            ring = self.points[self.ring[k] : self.ring[k + 1]]
            ring[:] = ring[::-1] * [-1.0, 1.0]
        self.mirrored[item] ^= True
        self.put(np.array([item]), self.pose[item][None])

    def rings_of(self, item: int) -> list[np.ndarray]:
        """The rings of an item at area 1, as views."""
        return [self.points[self.ring[k] : self.ring[k + 1]] for k in range(self.item[item], self.item[item + 1])]

    def areas(self) -> np.ndarray:
        """The area of each item [N], 0 where it is not placed."""
        return np.where(self.placed, np.exp(2 * self.pose[:, 3]), 0.0)


@dataclass(frozen=True)
class Outlines:
    """Items as they were given, made sound: their polygons, their centres of gravity [N,2] and the square roots of their areas [N]."""

    polygons: list[Any]
    centers: np.ndarray
    sides: np.ndarray


def layout_of(outlines: Outlines, container: Any | None, frame: Frame) -> Layout:
    """The items, not placed yet, and the container's walls."""
    rings, item = [], [0]
    for shape, center, side in zip(outlines.polygons, outlines.centers, outlines.sides, strict=True):
        rings += [(points - center) / side for points in exact.rings(shape)]
        item.append(len(rings))
    if container is not None:
        rings += [(points[::-1] - frame.center) / frame.side for points in exact.rings(container)]
    item.append(len(rings))
    count = len(outlines.sides)
    ring = np.cumsum([0] + [len(points) for points in rings])
    points = np.ascontiguousarray(np.concatenate(rings))
    radius = np.array([np.hypot(*points[ring[item[i]] : ring[item[i + 1]]].T).max() for i in range(count)])
    start = np.zeros((count, 4))
    return Layout(points, ring, np.array(item), start, np.zeros(count, bool), np.zeros(count, bool), radius)


def pose_inside(pose: Pose, center: np.ndarray, side: float, frame: Frame) -> np.ndarray:
    """A pose of an outline as the packer has it [4]; `center` and `side` are those of the outline."""
    middle = center * [-1.0 if pose.mirrored else 1.0, 1.0]
    x, y = (np.array([pose.x, pose.y]) + pose.scale * _turned(middle, pose.angle) - frame.center) / frame.side
    return np.array([x, y, pose.angle, math.log(pose.scale * side / frame.side)])


def pose_outside(inside: np.ndarray, mirrored: bool, center: np.ndarray, side: float, frame: Frame) -> Pose:
    """The pose of an outline from that of the packer: the other way of `pose_inside`."""
    scale = math.exp(inside[3]) * frame.side / side
    angle = math.remainder(inside[2], 2 * math.pi)
    middle = center * [-1.0 if mirrored else 1.0, 1.0]
    x, y = inside[:2] * frame.side + frame.center - scale * _turned(middle, angle)
    return Pose(float(x), float(y), angle, scale, mirrored)


def polygon_at(shape: Any, pose: Pose) -> Any:
    """A polygon where a pose places it."""
    from shapely.affinity import affine_transform

    along, across = pose.scale * math.cos(pose.angle), pose.scale * math.sin(pose.angle)
    flip = -1.0 if pose.mirrored else 1.0
    return affine_transform(shape, [flip * along, -across, flip * across, along, pose.x, pose.y])


def _turned(point: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([cos * point[0] - sin * point[1], sin * point[0] + cos * point[1]])


@compiled
def move(points, ring, item, pose, at, box, items):
    """Place the points of items [M] by their poses, and their boxes around them."""
    for i in items:
        scale = math.exp(pose[i, 3])
        along, across = scale * math.cos(pose[i, 2]), scale * math.sin(pose[i, 2])
        box[i, 0] = box[i, 1] = np.inf
        box[i, 2] = box[i, 3] = -np.inf
        for k in range(ring[item[i]], ring[item[i + 1]]):
            x = along * points[k, 0] - across * points[k, 1] + pose[i, 0]
            y = across * points[k, 0] + along * points[k, 1] + pose[i, 1]
            at[k, 0], at[k, 1] = x, y
            box[i, 0], box[i, 1] = min(box[i, 0], x), min(box[i, 1], y)
            box[i, 2], box[i, 3] = max(box[i, 2], x), max(box[i, 3], y)
