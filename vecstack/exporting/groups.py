"""The groups of a stack as files that nest their layers have them: an element around each run of neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from vecstack.stack import Group

Part = TypeVar("Part")


def grouped(
    parts: Iterable[tuple[Part, str | None]], groups: Sequence[Group], wrap: Callable[[Group, list[Part]], Part]
) -> list[Part]:
    """Parts of a file, lowest first, each given with the id of its group or None: neighbours of one group are made one
    part by `wrap`, and so are neighbouring groups of one parent. A group whose layers are not all neighbours is wrapped
    several times."""
    known = {group.id: group for group in groups}
    levels: list[_Level[Part]] = [_Level(None, [])]
    for part, group_id in parts:
        path = _path(known, group_id)
        _close(levels, _shared(levels, path), wrap)
        levels += [_Level(group, []) for group in path[len(levels) - 1 :]]
        levels[-1].parts.append(part)
    _close(levels, 0, wrap)
    return levels[0].parts


@dataclass(frozen=True)
class _Level(Generic[Part]):
    """What is collected for a group that may go on; for the file itself where there is no group."""

    group: Group | None
    parts: list[Part]


def _path(known: dict[str, Group], group_id: str | None) -> list[Group]:
    """The groups that a group lies in and the group itself, outermost first."""
    path = []
    while group_id is not None:
        path.append(known[group_id])
        group_id = known[group_id].parent
    return path[::-1]


def _shared(levels: list[_Level[Part]], path: list[Group]) -> int:
    """How many of the groups that are open, from the outermost, are on a path."""
    count = 0
    for level, group in zip(levels[1:], path, strict=False):
        if level.group is not group:
            break
        count += 1
    return count


def _close(levels: list[_Level[Part]], count: int, wrap: Callable[[Group, list[Part]], Part]) -> None:
    """Wrap and close the innermost groups until `count` are open."""
    while len(levels) > count + 1:
        level = levels.pop()
        if level.group is not None:
            levels[-1].parts.append(wrap(level.group, level.parts))
