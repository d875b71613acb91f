"""Every error a user can meet, in one tree, so that a caller can catch one class and a shell can read one exit code."""

from __future__ import annotations

from typing import TypeVar

Error = TypeVar("Error", bound="VecstackError")


class VecstackError(Exception):
    """Base of every error of this library; `exit_code` is what the command line returns for it.

    Messages are written for Python callers. One about the value of an argument starts with the argument's name, which
    is also given as `parameter`; other arguments are mentioned in backticks, such as `overwrite=True`. The command line
    replaces both by its flags (vecstack/cli/flags.py)."""

    exit_code = 1

    def __init__(self, message: str = "", *, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class UsageError(VecstackError):
    """Wrong usage: an argument out of its range, or arguments that exclude each other."""

    exit_code = 2


class PictureError(VecstackError):
    """A picture that cannot be read: missing, damaged, not a picture, or larger than the limit."""

    exit_code = 3


class TooLargeError(PictureError):
    """A picture of more pixels than the limit, which can be raised."""


class DocumentError(VecstackError):
    """A layer file that cannot be read or does not follow docs/format.md."""

    exit_code = 3


class UnknownKindError(DocumentError):
    """A layer file that requires a kind of layer or a feature that this version does not have."""

    exit_code = 5


class NewerFormatError(DocumentError):
    """A layer file of a later format version than this program reads."""

    exit_code = 5


class WeightsError(VecstackError):
    """Model weights that are missing, damaged, or not the published ones."""

    exit_code = 6


class DeviceError(VecstackError):
    """A device that this machine does not have, or that ran out of memory."""

    exit_code = 2


class ExportError(VecstackError):
    """An output that is refused (it exists, or is the input) or cannot be written."""

    exit_code = 4


class OutputExistsError(ExportError):
    """An output that exists, and may not be replaced."""


class RecipeError(VecstackError):
    """A training recipe, training data, an edit script or a palette that cannot be used."""

    exit_code = 3


class BatchError(VecstackError):
    """A run over several inputs, some of which failed; the message counts them."""

    exit_code = 7


class ShapeError(VecstackError, ValueError):
    """A tensor of another shape than the function needs; the message gives both shapes."""


def named(error: Error, name: str) -> Error:
    """The error with the name of a picture or layer file before its message, unless the message begins with it."""
    text = str(error)
    return error if text.startswith(name) else type(error)(f"{name}: {text}", parameter=error.parameter)


def on_one_line(text: str) -> str:
    """The text with what would break a line, move the cursor or be no text at all escaped: names may hold anything."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
