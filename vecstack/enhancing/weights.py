"""The weights file of an enhancer, and enhancers by name or path."""

from __future__ import annotations

import json
import typing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from vecstack.device import resolve_device
from vecstack.enhancing.net import Enhancer, EnhancerSizes, check_enhancer
from vecstack.errors import WeightsError
from vecstack.kinds.base import METADATA_KEY
from vecstack.kinds.tensors import read_sizes, read_tensors
from vecstack.kinds.weights import ENHANCER, describe, read_metadata
from vecstack.models import DEFAULT_ENHANCER, check_use, find_weights


@dataclass(frozen=True)
class Made:
    """What an enhancer was trained for: the layers of a model, by its name and the sha256 of its weights, and the side
    in pixels at which pictures of them were drawn."""

    model: str
    sha256: str
    side: int


@dataclass(frozen=True)
class EnhancerFile:
    """What the weights file of an enhancer says of it."""

    made: Made
    net: EnhancerSizes


@dataclass(frozen=True)
class LoadedEnhancer:
    """An enhancer, the name it was asked for by, the kind of layer whose drawings it takes, and the model they are
    of."""

    name: str
    kind: str
    made: Made
    net: Enhancer


def enhancer_to_bytes(net: Enhancer, kind: str, made: Made) -> bytes:
    """A weights file: the tensors in float16, what they are for in its metadata. The same enhancer gives the same
    bytes."""
    tensors = {key: tensor.detach().cpu().half().contiguous() for key, tensor in net.state_dict().items()}
    description = {"kind": kind, "sizes": asdict(EnhancerFile(made, net.sizes)), "table": ENHANCER}
    return save(tensors, metadata={METADATA_KEY: json.dumps(description, sort_keys=True)})


def read_enhancer(weights: bytes, device: torch.device | None) -> Enhancer:
    """The net in the bytes of an enhancer's weights file, in eval() and computing in float32. Raises WeightsError:
    damaged, of other sizes than it says, or with values that are not finite."""
    sizes = file_of(read_metadata(weights)["sizes"]).net
    try:
        check_enhancer(sizes)
    except ValueError as error:
        raise WeightsError(f"no enhancer can have the sizes in the file: {error}") from error
    with torch.device("meta"):  # shapes without memory
        net = Enhancer(sizes)
    net.load_state_dict(read_tensors(weights, net.state_dict()), assign=True)
    return net.requires_grad_(False).eval().to(device)


def file_of(sizes: Any) -> EnhancerFile:
    """What the sizes in the metadata of an enhancer say. Raises WeightsError."""
    return typing.cast(EnhancerFile, read_sizes(EnhancerFile, sizes))


def load_enhancer(model: str | Path = DEFAULT_ENHANCER, device: str = "auto") -> LoadedEnhancer:
    """The enhancer of a name, path or Hub repository, found and checked as `models.load_model` does. Raises
    WeightsError: no such model, or one that is no enhancer; DeviceError."""
    chosen = resolve_device(device)
    name, data = find_weights(model, use=ENHANCER)
    described = describe(data, str(model))
    check_use(model, described.table, ENHANCER)
    try:
        return LoadedEnhancer(name, described.kind.name, file_of(described.sizes).made, read_enhancer(data, chosen))
    except WeightsError as error:
        raise WeightsError(f"{model}: {error}") from error
