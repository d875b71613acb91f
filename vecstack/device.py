"""Which device computes: the name that a user gives, checked against the machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vecstack.errors import DeviceError

if TYPE_CHECKING:
    import torch


def resolve_device(name: str) -> torch.device:
    """The device called `auto` (a CUDA device where there is one, else the CPU), `cpu`, `cuda` (the first one) or
    `cuda:N`. Raises DeviceError for any other name, and where this machine has no such device."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return torch.device("cpu")
    match = re.fullmatch(r"cuda(?::(\d{1,3}))?", name)
    if match is None:
        raise DeviceError(f"device must be auto, cpu, cuda or cuda:N, not {name!r:.40}.", parameter="device")
    if not torch.cuda.is_available():
        raise DeviceError(
            f"{name}: PyTorch {torch.__version__} finds no CUDA device on this machine; use `device='cpu'`."
        )
    index, count = int(match[1] or 0), torch.cuda.device_count()
    if index >= count:
        raise DeviceError(f"{name}: no such device; use cuda:0{f' to cuda:{count - 1}' * (count > 1)}.")
    return torch.device("cuda", index)
