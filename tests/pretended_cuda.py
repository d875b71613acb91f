"""Tensors that say they are on a GPU and compute on the CPU: what would mix devices there is an error here.

Python sees the device `cuda:0`; PyTorch's C++ part, which may be built without CUDA, sees the CPU. An operation on such
a tensor and a CPU tensor of more than a number, a CPU generator for one, and `numpy()` of one fail as on a GPU. What
differs: the kernels, their speed, streams, and autocast, which has the CPU's lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

from vecstack.drawing import strips

CUDA = torch.device("cuda", 0)
ATEN = torch.ops.aten
# Take an index, or what is copied from, on another device.
MIXING = {ATEN.index.Tensor, ATEN.index_put_.default, ATEN._index_put_impl_.default, ATEN.copy_.default}


class OnGpu(Tensor):
    """A tensor that pretends; `held` is the one that it stands for."""

    held: Tensor
    device: ClassVar[Any] = property(lambda _: CUDA)
    is_cuda: ClassVar[Any] = property(lambda _: True)

    @staticmethod
    def __new__(cls, real: Tensor) -> OnGpu:
        layout = {"strides": real.stride(), "storage_offset": real.storage_offset(), "dtype": real.dtype}
        made: OnGpu = Tensor._make_wrapper_subclass(cls, real.shape, **layout)  # type: ignore[attr-defined]
        made.held = real
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        leaves = tree_leaves((args, kwargs or {}))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        elsewhere = [tensor for tensor in tensors if not isinstance(tensor, OnGpu) and tensor.ndim]
        if elsewhere and (func not in MIXING or not isinstance(tensors[0], OnGpu)):
            raise RuntimeError(f"{func}: tensors on cuda:0 and on the CPU, {[list(one.shape) for one in elsewhere]}")
        if any(isinstance(leaf, torch.Generator) for leaf in leaves):
            raise RuntimeError(f"{func}: a generator of the CPU for a tensor on cuda:0")
        same = {id(tensor.held): tensor for tensor in tensors if isinstance(tensor, OnGpu)}
        result = func(*tree_map(_real, args), **tree_map(_real, kwargs or {}))
        return tree_map(lambda leaf: same.get(id(leaf), leaf) if id(leaf) in same else _on_gpu(leaf), result)


def _real(leaf: Any) -> Any:
    return leaf.held if isinstance(leaf, OnGpu) else leaf


def _on_gpu(leaf: Any) -> Any:
    return OnGpu(leaf.detach()) if isinstance(leaf, Tensor) and not isinstance(leaf, OnGpu) else leaf


def _copied(leaf: Any) -> Any:
    """A tensor of its own on the CPU."""
    return leaf.detach().held.clone() if isinstance(leaf, OnGpu) else leaf


class Devices(TorchFunctionMode):
    """Makes and moves tensors where Python says, and refuses what a GPU's tensors do not have."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name, own = dict(kwargs or {}), func.__name__, args[0] if args else None
        if name == "pin_memory":
            return own  # which is for CPU tensors alone
        if name == "to" and isinstance(own, Tensor):
            return self._moved(func, own, args[1:], kwargs)
        if isinstance(own, OnGpu):
            if func is Tensor.data.__get__:  # type: ignore[attr-defined]
                return OnGpu(own.held)
            if name == "tolist":
                return own.held.tolist()
            if name in ("numpy", "__array__"):
                raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")
            if name == "cpu":
                return _copied(own)
            if name == "new_tensor":
                return OnGpu(func(own.held, *args[1:], **kwargs))
        device = kwargs.get("device")
        if device is not None and torch.device(device).type == "cuda":
            if kwargs.get("generator") is not None:
                raise RuntimeError("a generator of the CPU for a tensor on cuda:0")
            return _on_gpu(func(*args, **kwargs | {"device": "cpu"}))
        return func(*args, **kwargs)

    def _moved(self, func: Any, own: Tensor, wanted: Any, kwargs: dict[str, Any]) -> Tensor:
        """`Tensor.to`: its dtype as ever, its device by name."""
        target, dtypes = kwargs.get("device"), [kwargs[key] for key in ("dtype",) if key in kwargs]
        for item in wanted:
            if isinstance(item, Tensor):
                target, dtypes = item.device, [*dtypes, item.dtype]
            elif isinstance(item, torch.dtype):
                dtypes.append(item)
            elif isinstance(item, str | torch.device):
                target = item
        moved = func(own, *dtypes) if [one for one in dtypes if one is not None] else own
        if target is None:
            return moved
        return _on_gpu(moved) if torch.device(target).type == "cuda" else _copied(moved)


@contextmanager
def pretended_cuda() -> Iterator[torch.device]:
    """A GPU for what runs within."""
    import torch._dynamo.polyfills.loader  # which optimisers import, and which cannot stand what is patched below

    load, save, autocast = torch.load, torch.save, torch.autocast
    with pytest.MonkeyPatch.context() as patch, Devices():
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "device_count", lambda: 1)
        patch.setattr(torch, "autocast", lambda _, *options, **more: autocast("cpu", *options, **more))
        patch.setattr(torch, "save", lambda what, file: save(tree_map(_copied, what), file))
        patch.setattr(
            torch,
            "load",
            lambda file, map_location, weights_only: tree_map(
                _on_gpu if torch.device(map_location).type == "cuda" else _copied,
                load(file, weights_only=weights_only),
            ),
        )
        patch.setattr(strips, "_painted", torch.no_grad()(strips._painted.__wrapped__))  # type: ignore[attr-defined]
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        try:
            yield CUDA
        finally:
            torch.__future__.set_overwrite_module_params_on_conversion(False)
