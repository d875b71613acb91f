"""Loops over the points of an outline: corners, straight runs, and cubics along it."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.contours import closest_cubic


@compiled
def corners_of(points, reach, least, spread):
    """Which points of a closed outline are corners: where it turns much within a reach, and little more around."""
    n = len(points)
    turn = np.zeros(n)
    away = np.empty((2, 2, 2))  # near, far; behind, ahead; x, y
    for i in range(n):
        for side in range(2):
            step = -1 if side == 0 else 1
            j, gone, found = i, 0.0, 0
            while found < 2:
                k = (j + step) % n
                dx, dy = points[k, 0] - points[j, 0], points[k, 1] - points[j, 1]
                d = math.sqrt(dx * dx + dy * dy)
                wanted = reach * (found + 1)
                while found < 2 and gone + d >= wanted:
                    t = (wanted - gone) / d if d > 0 else 0.0
                    away[found, side, 0] = points[j, 0] + t * dx
                    away[found, side, 1] = points[j, 1] + t * dy
                    found += 1
                    wanted = reach * (found + 1)
                gone += d
                j = k
        near, far = 0.0, 0.0
        for scale in range(2):
            ax, ay = points[i, 0] - away[scale, 0, 0], points[i, 1] - away[scale, 0, 1]
            bx, by = away[scale, 1, 0] - points[i, 0], away[scale, 1, 1] - points[i, 1]
            angle = abs(math.atan2(ax * by - ay * bx, ax * bx + ay * by))
            if scale == 0:
                near = angle
            else:
                far = angle
        if near > least and (far - near < spread * near or near > 1.4):
            turn[i] = near
    found_corners = np.zeros(n, np.bool_)
    for i in range(n):
        if turn[i] == 0:
            continue
        is_top = True
        for step in (-1, 1):
            j, gone = i, 0.0
            while is_top:
                k = (j + step) % n
                gone += math.sqrt((points[k, 0] - points[j, 0]) ** 2 + (points[k, 1] - points[j, 1]) ** 2)
                if gone > reach or k == i:
                    break
                if turn[k] > turn[i] or (turn[k] == turn[i] and step < 0):
                    is_top = False
                j = k
        found_corners[i] = is_top
    return found_corners


@compiled
def runs_of(section, least, error):
    """First and last points of the straight runs of a section [R,2], of a least length."""
    n = len(section)
    found = np.empty((n, 2), np.int64)
    count, i = 0, 0
    while i < n - 1:
        j = i + 1
        while j < n - 1 and math.hypot(section[j, 0] - section[i, 0], section[j, 1] - section[i, 1]) < least:
            j += 1
        if math.hypot(section[j, 0] - section[i, 0], section[j, 1] - section[i, 1]) < least:
            break
        if not is_straight(section, i, j, error):
            i += 1
            continue
        step = 64
        while step:
            if j + step < n and is_straight(section, i, j + step, error):
                j += step
            else:
                step //= 2
        found[count, 0], found[count, 1] = i, j
        count += 1
        i = j
    return found[:count]


@compiled
def is_straight(section, first, last, error):
    """Whether points from one to another are within an error of the line through these."""
    dx, dy = section[last, 0] - section[first, 0], section[last, 1] - section[first, 1]
    length = math.hypot(dx, dy)
    if length == 0:
        return False
    for k in range(first + 1, last):
        if abs(dx * (section[k, 1] - section[first, 1]) - dy * (section[k, 0] - section[first, 0])) > error * length:
            return False
    return True


@compiled
def longest(section, error):
    """The ends of cubics along a section, each as long as it can be within an error: a list of indices."""
    handles = np.zeros((2, 2))
    last = len(section) - 1
    ends = np.empty(len(section), np.int64)
    count, at = 0, 0
    while at < last:
        low, high = min(at + 2, last), last
        if cubic_fit(section, at, last, handles) > error:
            while high - low > 1:
                middle = (low + high) // 2
                if cubic_fit(section, at, middle, handles) <= error:
                    low = middle
                else:
                    high = middle
        else:
            low = last
        ends[count] = low
        count += 1
        at = low
    return ends[:count]


@compiled
def cubic_fit(section, first, last, handles):
    """Write the handles [2,2] of the cubic from one point of a section to another; gives how far points are off it."""
    count = last - first + 1
    ridge = 1e-3 + (0.05 if count < 6 else 0.0)
    return closest_cubic(section, first, last, handles, np.empty(count), ridge, 8, True)
