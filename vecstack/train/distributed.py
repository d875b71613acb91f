"""Training in several processes: one for each GPU, started by torchrun, each with its share of every batch."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from vecstack.errors import DeviceError, VecstackError

# How long an error waits that may only follow from another process's: torchrun looks every 0.1 s for one that ended.
TURN_SECONDS = 5


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
        count = len(batch) // self.size
        return batch[self.rank * count : (self.rank + 1) * count]

    @contextmanager
    def share_of_random(self, generator: torch.Generator, count: int) -> Iterator[None]:
        """Within, this process draws from a generator that all have in the same state: `count` numbers, each with
        torch.rand. They are its share of what one process alone would draw, and all are in the same state again
        after."""
        torch.rand(self.rank * count, generator=generator)
        yield
        torch.rand((self.size - 1 - self.rank) * count, generator=generator)

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any of the processes. All of them must ask."""
        if self.size == 1:
            return flag
        flags = torch.tensor(float(flag))  # on the CPU: on a GPU it would wait for the steps before
        distributed.all_reduce(flags, distributed.ReduceOp.MAX)
        return bool(flags)

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.any(False)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of the tensors that the processes give. All of them must."""
        if self.size == 1:
            return values
        values = values.clone()
        distributed.all_reduce(values)
        return values / self.size

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace each gradient by its mean over the processes."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                distributed.all_reduce(parameter.grad)
                parameter.grad /= self.size


def local_device(device: torch.device) -> torch.device:
    """The device of this process: under torchrun, the GPU of its number on its machine, whatever GPU was asked for.
    Raises DeviceError, in all processes, where there are more of them than GPUs."""
    local_rank = os.environ.get("LOCAL_RANK")
    if device.type != "cuda" or local_rank is None:
        return device
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", int(local_rank) + 1))
    count = torch.cuda.device_count()
    if processes > count:
        raise DeviceError(
            f"{processes} processes for a machine of {count} GPU{'s' * (count > 1)}, and each needs one. "
            f"Use torchrun --nproc-per-node {count}, or vecstack --device cpu."
        )
    return torch.device("cuda", int(local_rank))


@contextmanager
def process_group(device: torch.device) -> Iterator[World]:
    """The world that torchrun describes in the environment; a world of one process without it."""
    if process_count() == 1:
        yield World()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    world = World(distributed.get_rank(), distributed.get_world_size())
    yield world
    distributed.barrier()  # without it gloo aborts at times when one process ends before another
    distributed.destroy_process_group()


@contextmanager
def one_complaint() -> Iterator[None]:
    """An error that stops all processes is reported once: our errors in the first process go on at once, others a
    little later, since they may be the same or follow from it. By then torchrun has ended the process, unless the
    error is its own."""
    try:
        yield
    except Exception as error:
        if process_count() > 1 and not (is_first_process() and isinstance(error, VecstackError)):
            time.sleep(TURN_SECONDS)
        raise


def process_count() -> int:
    """How many processes torchrun started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first_process() -> bool:
    """Whether this is the process that writes: the only one, or rank 0 of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"
