"""Nets of Hugging Face's libraries: where they are found, loaded whole and without their chatter."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vecstack.errors import WeightsError
from vecstack.hub.download import fetch_folder
from vecstack.hub.names import is_repository


def folder_of(name: str, weights: str | None) -> Path:
    """The folder of a net, given as its path, or as a Hub repository at a revision. Raises WeightsError, in which
    `name` says who needs it."""
    if weights is None:
        raise WeightsError(
            f"{name} needs its weights: name their folder or repository, {name}:PATH or {name}:OWNER/NAME@REVISION."
        )
    if is_repository(weights):
        return fetch_folder(weights)
    if not Path(weights).is_dir():
        raise WeightsError(
            f"{name}: there is no folder {weights!r:.80}; name one, or a Hub repository as OWNER/NAME@REVISION."
        )
    return Path(weights)


@contextmanager
def loading(name: str, folder: Path, *libraries: Any) -> Iterator[None]:
    """Within it a net is loaded from a folder, and what some libraries (their modules `logging`) would say is not said.
    Raises WeightsError in place of what they raise: files that are missing, damaged, or of another shape."""
    from safetensors import SafetensorError

    before = [(library.get_verbosity(), library.is_progress_bar_enabled()) for library in libraries]
    for library in libraries:
        library.set_verbosity(library.CRITICAL)
        library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise WeightsError(f"{folder}: damaged, or no model for {name} ({reason:.120}).") from error
    finally:
        for library, (verbosity, has_bars) in zip(libraries, before, strict=True):
            library.set_verbosity(verbosity)
            if has_bars:
                library.enable_progress_bar()
