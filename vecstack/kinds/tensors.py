"""What weights files hold: tensors and sizes, checked."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from vecstack.errors import WeightsError


def read_tensors(weights: bytes, needed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors in the bytes of a weights file, as float32. Raises WeightsError: damaged, other names or shapes than
    those `needed`, or values that are not finite."""
    try:
        tensors = load(weights)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"damaged weights ({error}). Get the file again.") from error
    shapes = {key: tuple(tensor.shape) for key, tensor in needed.items()}
    found = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    if shapes != found:
        wrong = sorted(key for key in shapes.keys() | found.keys() if shapes.get(key) != found.get(key))
        raise WeightsError(f"the tensors do not fit the sizes in the file, {wrong[0]} first. Get the file again.")
    for key, tensor in tensors.items():
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"{key} must be finite floating point numbers. Get the file again.")
    return {key: tensor.float() for key, tensor in tensors.items()}


def read_sizes(kind: type, values: Any) -> Any:
    """The dataclass `kind` from JSON, every size of its type. Raises WeightsError."""
    types = typing.get_type_hints(kind)
    if not isinstance(values, dict) or values.keys() != types.keys():
        raise WeightsError(f"the sizes in the file must be {', '.join(types)}.")
    return kind(**{key: _size(types[key], key, value) for key, value in values.items()})


def _size(expected: Any, key: str, value: Any) -> Any:
    if dataclasses.is_dataclass(expected):
        return read_sizes(typing.cast(type, expected), value)
    if expected is bool and isinstance(value, bool):
        return value
    if expected in (int, str) and type(value) is expected:
        return value
    if isinstance(value, list) and len(value) == len(typing.get_args(expected)):
        return tuple(_size(int, key, item) for item in value)
    raise WeightsError(f"the size {key} in the file is of another type: {value!r:.40}.")
