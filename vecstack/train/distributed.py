"""Training in several processes: one for each GPU, started by torchrun, each with its share of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class World:
    """The place of this process among those that train together: the first one writes the files."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """The rows of a batch [B,...] that are this process's: [B/size,...]."""
        return batch[self.rank :: self.size]

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any of the processes. All of them must ask."""
        if self.size == 1:
            return flag
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        flags = torch.tensor(float(flag), device=device)
        distributed.all_reduce(flags, distributed.ReduceOp.MAX)
        return bool(flags)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            distributed.barrier()

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace each gradient by its mean over the processes."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                distributed.all_reduce(parameter.grad)
                parameter.grad /= self.size


def local_device(device: torch.device) -> torch.device:
    """The device of this process: under torchrun, the GPU of its number on its machine, whatever GPU was asked for."""
    local_rank = os.environ.get("LOCAL_RANK")
    if device.type != "cuda" or local_rank is None:
        return device
    return torch.device("cuda", int(local_rank))


@contextmanager
def process_group(device: torch.device) -> Iterator[World]:
    """The world that torchrun describes in the environment; a world of one process without it."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield World()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    yield World(distributed.get_rank(), distributed.get_world_size())
    distributed.barrier()  # without it gloo aborts at times when one process ends before another
    distributed.destroy_process_group()


def is_first_process() -> bool:
    """Whether this is the process that writes: the only one, or rank 0 of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"
