"""How alike two sets of pictures are, by the features of an encoder, and how many of one are covered by the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from vecstack.errors import ShapeError
from vecstack.kinds.base import Sees
from vecstack.models import load_model
from vecstack.train.trainee import Trainee

BATCH = 128  # pictures that are seen, and rows of distances, at once
NEIGHBOUR = 3  # whose distance is the radius around a picture (Kynkäänniemi et al.)


def seen_by(model: str, pictures: Tensor) -> Tensor:
    """The features that a shipped model's encoder has of pictures [N,3,S,S] in 0..1: [N,F], float64 on the CPU. Raises
    WeightsError."""
    maker = _seeing(model)
    return torch.cat([maker.features(batch).double().cpu() for batch in torch.split(pictures, BATCH)])


@cache
def _seeing(model: str) -> Sees:
    maker: Any = load_model(model, "cpu").maker
    return maker  # type: ignore[no-any-return]


@torch.no_grad()
def pictures_of_generator(trainee: Trainee, model: nn.Module, like: Tensor) -> Tensor:
    """As many pictures of a generator as there are in `like` [N,3,S,S] uint8, after each of its layers: [N,T,3,S,S]."""
    return torch.cat(list(trainee.draw(model, like, range(1, trainee.layers + 1))))


def kernel_distance(one: Tensor, other: Tensor) -> float:
    """The squared maximum mean discrepancy of two sets of features [N,F] and [M,F] under the kernel (x.y / F + 1)^3,
    its unbiased estimate: about 0 for two samples of the same pictures (Binkowski et al., *Demystifying MMD GANs*, ICLR
    2018, where it is called KID; the features there are another network's, so figures compare only with one another).
    Raises ShapeError for fewer than two of each."""
    if one.ndim != 2 or other.shape[1:] != one.shape[1:] or min(len(one), len(other)) < 2:
        raise ShapeError(f"features are {list(one.shape)} and {list(other.shape)}, and must be [N,F], two or more each")
    within = [_mean_kernel(part, part, without_diagonal=True) for part in (one, other)]
    return sum(within) - 2 * _mean_kernel(one, other)


def _mean_kernel(one: Tensor, other: Tensor, without_diagonal: bool = False) -> float:
    kernel = (one @ other.T / one.shape[1] + 1) ** 3
    if without_diagonal:
        return float((kernel.sum() - kernel.diagonal().sum()) / (len(one) * (len(one) - 1)))
    return float(kernel.mean())


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """The squared Frechet distance of two normal distributions with the means and covariances of features [N,F] and
    [M,F] (Heusel et al., NIPS 2017, where it is called FID, of another network's features)."""
    means, covariances = zip(*((part.mean(0), torch.cov(part.T)) for part in (one, other)), strict=True)
    root = _root(covariances[0])
    cross = torch.linalg.eigvalsh(root @ covariances[1] @ root).clamp_min(0).sqrt().sum()
    traces = covariances[0].trace() + covariances[1].trace()
    return float((means[0] - means[1]).square().sum() + traces - 2 * cross)


def _root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root


@dataclass(frozen=True)
class Coverage:
    """Of two sets of pictures: the share of drawn ones that lie among real ones (precision), and of real ones among
    drawn ones (recall)."""

    precision: float
    recall: float


def coverage(drawn: Tensor, real: Tensor) -> Coverage:
    """How far two sets of features [N,F] and [M,F] cover each other: one lies among others where it is within the
    distance of one of them to its third neighbour (Kynkaanniemi et al., NeurIPS 2019)."""
    return Coverage(_share_among(drawn, real), _share_among(real, drawn))


def _share_among(these: Tensor, those: Tensor) -> float:
    """The share of features that lie within the radius of one of those."""
    radii = torch.cat([near.kthvalue(min(NEIGHBOUR + 1, len(those)), 1).values for near in _distances(those, those)])
    return float(torch.cat([(near <= radii).any(1) for near in _distances(these, those)]).double().mean())


def _distances(one: Tensor, other: Tensor) -> Iterator[Tensor]:
    """Distances of rows to rows, [n,M] for some rows at a time."""
    return (torch.cdist(part, other) for part in torch.split(one, BATCH))
