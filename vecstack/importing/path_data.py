"""The data of a path (the attribute `d`) as an outline."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from vecstack.importing.outlines import Contour, Outline, Point, line_to
from vecstack.importing.values import LARGEST, NUMBER, numbers

COUNTS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7, "z": 0}
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)")
FLAT = 1e-9  # radius of an arc that is a line
_GAP, _FLAG = re.compile(r"[\s,]*"), re.compile("[01]")


def outline_of_data(data: str) -> Outline:
    """The contours of path data, up to its first mistake, as SVG asks for. Arcs are cubics off by 0.03 % of their
    radius at most."""
    pen = _Pen()
    for command, values in _steps(data):
        if not pen.contours and not pen.points and command not in "Mm":
            break
        pen.draw(command, values)
    pen.end(closed=False)
    return tuple(pen.contours)


def _steps(data: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with its numbers, one set at a time."""
    start = len(data) - len(data.lstrip())
    for match in _COMMAND.finditer(data, start):
        if match.start() != start:  # something that is no command
            return
        start = match.end()
        command, text = match[1], match[2]
        values, whole = _arcs(text) if command in "Aa" else _numbers(text)
        size = COUNTS[command.lower()]
        if size == 0:
            yield command, []
            if text.strip():
                return
            continue
        for at in range(0, len(values) - size + 1, size):
            yield command, values[at : at + size]
            command = {"M": "L", "m": "l"}.get(command, command)
        if not whole or not values or len(values) % size:
            return


def _numbers(text: str) -> tuple[list[float], bool]:
    """The numbers up to the first mistake, and whether there was none."""
    return numbers(text), not NUMBER.sub("", text).strip(" ,\t\r\n")


def _arcs(text: str) -> tuple[list[float], bool]:
    """The numbers of arcs, whose flags need no space between them, and whether there was no mistake."""
    values: list[float] = []
    at = 0
    while True:
        at = _GAP.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        pattern = _FLAG if len(values) % 7 in (3, 4) else NUMBER
        match = pattern.match(text, at)
        if match is None or abs(float(match[0])) > LARGEST:
            return values, at == len(text)
        values.append(float(match[0]))
        at = match.end()


class _Pen:
    """Follows commands, and keeps what they draw."""

    def __init__(self) -> None:
        self.contours: list[Contour] = []
        self.points: list[Point] = []
        self.at: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        self._handle: tuple[str, Point] = ("", self.at)  # the last curve's letter and its last handle

    def end(self, *, closed: bool) -> None:
        """Finish the contour that is being drawn. One without a piece is drawn by its caps where it was closed."""
        if self.points and (closed or len(self.points) > 1):
            if len(self.points) == 1:
                line_to(self.points, self.points[0])
            self.contours.append(Contour(tuple(self.points), closed))
        self.points = []

    def draw(self, command: str, values: list[float]) -> None:
        """One command with its numbers."""
        letter = command.lower()
        if letter == "z":
            self.end(closed=True)
            self.at = self._start
        elif letter == "m":
            self.end(closed=False)
            self.at = self._start = self._points(command, values)[0]
            self.points = [self.at]
        else:
            self.points = self.points or [self.at]  # after z, the next contour begins where the last did
            self._piece(command, letter, values)
        if letter not in "csqt":
            self._handle = ("", self.at)

    def _points(self, command: str, values: list[float]) -> list[Point]:
        """Pairs of numbers as places."""
        x, y = self.at if command.islower() else (0.0, 0.0)
        return [(x + values[i], y + values[i + 1]) for i in range(0, len(values), 2)]

    def _piece(self, command: str, letter: str, values: list[float]) -> None:
        x, y = self.at
        if letter == "h":
            self._line((values[0] + (x if command == "h" else 0.0), y))
        elif letter == "v":
            self._line((x, values[0] + (y if command == "v" else 0.0)))
        elif letter == "a":
            self._arc(values, self._points(command, values[5:])[0])
        elif letter == "l":
            self._line(self._points(command, values)[0])
        elif letter in "cs":
            *first, second, end = self._points(command, values)
            self._cubic(first[0] if first else self._mirrored("c"), second, end)
        else:
            *handle, end = self._points(command, values)
            self._quadratic(handle[0] if handle else self._mirrored("q"), end)

    def _mirrored(self, letter: str) -> Point:
        """The last curve's handle on the other side of where it ended, if it was one of that letter."""
        last, (x, y) = self._handle
        return (2 * self.at[0] - x, 2 * self.at[1] - y) if last == letter else self.at

    def _line(self, end: Point) -> None:
        line_to(self.points, end)
        self.at = end

    def _cubic(self, first: Point, second: Point, end: Point) -> None:
        self.points += [first, second, end]
        self.at, self._handle = end, ("c", second)

    def _quadratic(self, handle: Point, end: Point) -> None:
        (ax, ay), (bx, by), (cx, cy) = self.at, handle, end
        self.points += [
            (ax + 2 * (bx - ax) / 3, ay + 2 * (by - ay) / 3),
            (cx + 2 * (bx - cx) / 3, cy + 2 * (by - cy) / 3),
        ]
        self.points.append(end)
        self.at, self._handle = end, ("q", handle)

    def _arc(self, values: list[float], end: Point) -> None:
        rx, ry, turn, large, sweep = abs(values[0]), abs(values[1]), math.radians(values[2]), values[3], values[4]
        if end == self.at:
            return
        if min(rx, ry) < FLAT:
            self._line(end)
            return
        self.points += arc(self.at, end, (rx, ry), turn, large=bool(large), sweep=bool(sweep))
        self.at = end


def arc(start: Point, end: Point, radii: Point, turn: float, *, large: bool, sweep: bool) -> list[Point]:
    """Handles and knots of cubics for an elliptical arc: from its ends to its centre as in SVG 2, appendix B.2.4."""
    cos, sin = math.cos(turn), math.sin(turn)
    half = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = cos * half[0] + sin * half[1], -sin * half[0] + cos * half[1]
    rx, ry = radii
    excess = math.hypot(x / rx, y / ry)
    if excess > 1:
        rx, ry = rx * excess, ry * excess
    below = (rx * y) ** 2 + (ry * x) ** 2
    factor = math.sqrt(max(0.0, (rx * ry) ** 2 - below) / below) if below else 0.0
    factor = -factor if large == sweep else factor
    u, v = factor * rx * y / ry, -factor * ry * x / rx
    first = math.atan2((y - v) / ry, (x - u) / rx)
    span = math.atan2((-y - v) / ry, (-x - u) / rx) - first
    if sweep and span < 0:
        span += 2 * math.pi
    elif not sweep and span > 0:
        span -= 2 * math.pi
    middle = cos * u - sin * v + (start[0] + end[0]) / 2, sin * u + cos * v + (start[1] + end[1]) / 2

    def place(p: float, q: float) -> Point:
        return middle[0] + cos * rx * p - sin * ry * q, middle[1] + sin * rx * p + cos * ry * q

    points = [place(*point) for point in _unit_arc(first, span)]
    return [*points[:-1], end]


def _unit_arc(first: float, span: float) -> Iterator[Point]:
    """Handles and knots of an arc of the unit circle."""
    count = max(1, math.ceil(abs(span) / (math.pi / 2) - 1e-9))
    step = span / count
    reach = 4 / 3 * math.tan(step / 4)
    for index in range(count):
        a, b = first + index * step, first + (index + 1) * step
        yield math.cos(a) - reach * math.sin(a), math.sin(a) + reach * math.cos(a)
        yield math.cos(b) + reach * math.sin(b), math.sin(b) - reach * math.cos(b)
        yield math.cos(b), math.sin(b)
