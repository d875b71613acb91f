"""Loops over pixels that are compiled on first use, where numba works, and kept compiled for the next run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    import torch

Function = TypeVar("Function", bound=Callable[..., Any])

NOTE = "compiling what fits and draws layers (once, ten to twenty seconds)"
_told: list[Callable[[str], None]] = []  # who is to hear of it


def is_compiling() -> bool:
    """Whether loops are compiled: without a numba that works they are not, and slower ways are taken."""
    return fault() is None


def is_compiled_on(device: torch.device) -> bool:
    """Whether a device computes by compiled loops; PyTorch does elsewhere."""
    return device.type == "cpu" and is_compiling()


@cache
def fault() -> str | None:
    """Why numba cannot be used here, in a line; None where it can. Imports it."""
    try:
        import numba  # noqa: F401
    except Exception as error:  # a numba that does not fit its numpy raises whatever it likes
        return str(error).split("\n")[0] or type(error).__name__
    return None


def compiled(function: Function) -> Function:
    """The function compiled, for arrays and numbers; as it is where there is no numba. It runs beside other threads."""
    return _compiled(function, is_exact=True)


def compiled_fast(function: Function) -> Function:
    """The same with sums in any order, which processors do faster: for what ends in pixels, not in a choice. It calls
    no compiled function: one that is compiled into another may sum otherwise than by itself."""
    return _compiled(function, is_exact=False)


def _compiled(function: Function, *, is_exact: bool) -> Function:
    if not is_compiling():
        return function
    from numba import njit

    _listen()
    result: Any = njit(cache=True, nogil=True, fastmath=not is_exact, error_model="numpy")(function)
    return cast(Function, result)


def is_kept() -> bool:
    """Whether a run before has kept compiled functions beside their modules."""
    return next(Path(__file__).parent.rglob("__pycache__/*.nbi"), None) is not None


def tell_of_first_use(say: Callable[[str], None]) -> None:
    """Have a line said, once, when functions are about to be compiled: not where a run before has kept them."""
    _told[:] = [say]


@cache
def _listen() -> None:
    """Hear of what numba compiles."""
    import numba.core.event

    event: Any = numba.core.event

    class Listener(event.Listener):  # type: ignore[misc]
        def on_start(self, _: Any) -> None:
            while _told:
                _told.pop()(NOTE)

        def on_end(self, _: Any) -> None:
            pass

    event.register("numba:compile", Listener())
