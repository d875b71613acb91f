"""Loops over pixels that are compiled on first use, where numba is installed, and kept compiled for the next run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

NOTE = "compiling what fits paths (once, about ten seconds)"


def is_compiling() -> bool:
    """Whether loops are compiled: without numba they are not, and slower ways are taken."""
    return importlib.util.find_spec("numba") is not None


def compiled(function: Function) -> Function:
    """The function compiled, for arrays and numbers; as it is where there is no numba. It runs beside other threads."""
    try:
        from numba import njit
    except ImportError:
        return function
    result: Any = njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function)
    return cast(Function, result)


def tell_of_first_use(*functions: Any) -> None:
    """Say on stderr that functions are about to be compiled, unless a run before has kept them."""
    if not all(map(_is_kept, functions)):
        print(NOTE, file=sys.stderr)  # noqa: T201


def _is_kept(function: Any) -> bool:
    """Whether a compiled function is among those kept by a run before."""
    if not hasattr(function, "stats"):
        return True
    module = function.py_func.__module__.split(".")[-1]
    folder = Path(function.stats.cache_path)
    return any(folder.glob(f"{module}.{function.py_func.__qualname__}-*.nbc"))
