"""How an optional package is installed, in the words of every message that asks for one."""

from __future__ import annotations


def install(extra: str) -> str:
    """What to do for a package that comes with an extra (see pyproject.toml), as a sentence."""
    return f"Install it from the folder of this project: pip install '.[{extra}]'."
