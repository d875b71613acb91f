"""Outlines for tests of the packer."""

from __future__ import annotations

import math

import numpy as np

from vecstack.packing.exact import Outline


def ring(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, float)


def box(width: float, height: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    return ring((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def star(points: int = 5, inner: float = 0.5) -> np.ndarray:
    angle = math.pi * np.arange(2 * points) / points
    radius = np.where(np.arange(2 * points) % 2 == 0, 1.0, inner)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def disc(radius: float = 1.0, corners: int = 24) -> np.ndarray:
    angle = 2 * math.pi * np.arange(corners) / corners
    return radius * np.stack([np.cos(angle), np.sin(angle)], 1)


HOOK: Outline = (ring((0, 0), (3, 0), (3, 1), (1, 1), (1, 4), (0, 4)),)
MIX: list[Outline] = [(star(),), HOOK, (disc(),), (box(2, 1),), (star(3, 0.4),)]
ROOM: Outline = (box(40, 30, 100, 50),)
