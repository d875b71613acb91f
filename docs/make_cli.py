"""Writes docs/cli.md from the command line itself: python docs/make_cli.py"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.main import get_command

from vecstack.cli import app

PAGE = Path(__file__).with_name("cli.md")

INTRODUCTION = """\
# The command line

    vecstack VERB INPUT... [-o OUT]

Inputs are files, folders, globs, `-` (standard input) or `@list.txt` (one path a line). `-o` is a file for one input, a
folder for several (made when needed; the tree of an input folder is kept), `-` for standard output; without it, each
output lies beside its input. An existing output is refused unless `--overwrite` or `--skip-existing` is given; one
that is also an input is always refused. Files are written whole or not at all. Data goes to standard output, everything
else to standard error. `vecstack --version` prints the version; `--debug`, anywhere, shows the traceback of an error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | internal error (run again with `--debug`, and report it) |
| 2 | a call that cannot be meant |
| 3 | a picture, document, recipe, training data, script of edits or palette that cannot be read |
| 4 | an output that is refused or cannot be written |
| 5 | a document of a newer version, or of a required kind that is unknown |
| 6 | weights that are missing, damaged, or not as published |
| 7 | several inputs, of which some failed |
| 130, 143 | interrupted, terminated |
| 141 | the reader of standard output has gone |

This page is written by `docs/make_cli.py`.
"""


def page() -> str:
    """The text of docs/cli.md."""
    parts = [INTRODUCTION]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        parts += _sections(name, command)
    return "\n".join(parts)


def _sections(name: str, command: Any) -> list[str]:
    if hasattr(command, "commands"):
        inner = [text for child, sub in command.commands.items() for text in _sections(f"{name} {child}", sub)]
        return [f"## {name}\n\n{command.help}\n", *(text.replace("## ", "### ", 1) for text in inner)]
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    table = "\n| | |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    return [f"## {name}\n\n{command.help}\n{table}"]


def _row(parameter: Any) -> str:
    names = [f"`{name}`" for name in parameter.opts] if parameter.opts[0].startswith("-") else []
    value = parameter.metavar if parameter.metavar and not getattr(parameter, "is_flag", False) else ""
    default = parameter.default
    shown = f" Default: {default}." if isinstance(default, str | int | float) and not isinstance(default, bool) else ""
    left = " ".join([", ".join(names), f"`{value}`" if value else ""]).strip()
    return f"| {left} | {parameter.help}{shown} |".replace("NAME|PATH|REPO@REV", r"NAME\|PATH\|REPO@REV").replace(
        "8|16", r"8\|16"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
