"""Writes docs/cli.md from the command line itself: python docs/make_cli.py"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from typer.main import get_command

from vecstack.cli import app_for

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 120  # characters of a line of the page
ESCAPED_BAR = r"\|"  # in a table, where a plain one ends the cell

INTRODUCTION = """\
# The command line

    vecstack VERB INPUT... [-o OUT]

Inputs are files, folders, globs, `-` (standard input) or `@list.txt` (a text file with one path per line). `-o` names a
file for one input, a folder for several (created when needed; the tree of an input folder is kept), or `-` for standard
output; without it, each output goes beside its input. An existing output is refused without `--overwrite`,
`--skip-existing`, `--resume` or `--update` ([whole folders](batch.md)), and inputs are never overwritten. Files are
written whole or not at all. Data goes to standard output, everything else to standard error. `vecstack --version`
prints the version. Anywhere on the line, `--debug` shows the traceback of an error, `--offline` fetches nothing, and
`--lock FILE` loads models of the Hub as that lock says ([security](security.md#weights-of-the-hub)).

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | internal error: run again with `--debug` and report it |
| 2 | wrong usage: an option out of range, or two that exclude each other |
| 3 | a picture, layer file, recipe, training data, edit script or palette cannot be read |
| 4 | an output is refused or cannot be written |
| 5 | a layer file needs a newer version of the format, or an unknown kind of layer |
| 6 | weights are missing, damaged or not the published ones |
| 7 | some of several inputs failed |
| 130, 143 | interrupted, terminated |
| 141 | the reader of standard output closed it |

This page is written by `docs/make_cli.py`.
"""


def page() -> str:
    """The text of docs/cli.md."""
    parts = [INTRODUCTION]
    for name, command in get_command(app_for([])).commands.items():  # type: ignore[attr-defined]
        parts += _sections(name, command)
    return "\n".join(parts)


def _sections(name: str, command: Any) -> list[str]:
    if hasattr(command, "commands"):
        inner = [text for child, sub in command.commands.items() for text in _sections(f"{name} {child}", sub)]
        return [f"## {name}\n\n{command.help}\n", *(text.replace("## ", "### ", 1) for text in inner)]
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    table = "\n| | |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    text = "\n\n".join(textwrap.fill(part, WIDTH) for part in command.help.split("\n\n"))
    return [f"## {name}\n\n{text}\n{table}"]


def _row(parameter: Any) -> str:
    names = (
        [f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts)]
        if parameter.opts[0].startswith("-")
        else []
    )
    value = parameter.metavar if parameter.metavar and not getattr(parameter, "is_flag", False) else ""
    default = parameter.default
    shown = f" Default: {default}." if isinstance(default, str | int | float) and not isinstance(default, bool) else ""
    left = " ".join([", ".join(names), f"`{value}`" if value else ""]).strip()
    return f"| {left.replace('|', ESCAPED_BAR)} | {parameter.help}{shown} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
