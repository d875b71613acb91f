"""Errors that typer finds in a command line, in one line that names the option and the value."""

from __future__ import annotations

import difflib
import re
import reprlib
from typing import Any

ALIKE = 0.75  # similarity, 0..1, from which an option is suggested for a misspelt one
FORMER = {"--refine": "--effort"}  # what an option was called, and what it is called now
NUMBERS = {"int": "a whole number", "float": "a number"}


def explain(complaint: Any) -> str:
    """The message of an exception of typer (whose class is not public); empty where the help was shown instead."""
    if hasattr(complaint, "possibilities"):
        offer = _now_called(complaint) or _alike(str(complaint.option_name), complaint.possibilities or ())
        return str(complaint.message) + (f"; did you mean {offer}?" if offer else "")
    value, wanted = _number_of(complaint)
    parameter = getattr(complaint, "param", None)
    if wanted is not None and parameter is not None:
        return f"{max(parameter.opts, key=len)} must be {wanted}, not {value}"
    return str(complaint.format_message())


def _now_called(complaint: Any) -> str | None:
    """What an unknown option is called now, if it is one that the command had."""
    context, now = getattr(complaint, "ctx", None), FORMER.get(str(complaint.option_name))
    options = () if context is None else (name for parameter in context.command.params for name in parameter.opts)
    return now if now in options else None


def _alike(option: str, others: Any) -> str | None:
    """The option that was probably meant; None where none is similar."""
    names = {other.lstrip("-"): other for other in others}
    near = difflib.get_close_matches(option.lstrip("-"), names, 1, ALIKE)
    return names[near[0]] if near else None


def _number_of(complaint: Any) -> tuple[str, str | None]:
    """A value that is not a number, quoted, and what it should be; None where something else is wrong."""
    errors = getattr(complaint.__cause__, "errors", None)  # of pydantic, which newer versions of typer use
    if callable(errors):
        first = errors()[0]
        kind = str(first["type"]).split("_")[0]
        return reprlib.repr(first["input"]), NUMBERS.get(kind)
    match = re.match(r"('.*') is not a valid (int|float)", str(getattr(complaint, "message", "")), re.DOTALL)
    return (match[1], NUMBERS[match[2]]) if match else ("", None)
