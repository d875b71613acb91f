"""How a package is installed, in the words of every message that asks for one."""

from __future__ import annotations


def install(extra: str) -> str:
    """What to do for a package that comes with an extra (see pyproject.toml), as a sentence."""
    return f"Install it from the folder of this project: pip install '.[{extra}]'."


def needed(error: ImportError) -> str:
    """Which package is needed that always comes with this project, where one is missing or does not load."""
    reason = " ".join(str(error).split())[:200]
    if error.name is None:
        return f"needs a package that does not load here ({reason}). Install that again, with pip."
    package = error.name.partition(".")[0]
    return f"needs the package {package} ({reason}). Install it: pip install {package}"
