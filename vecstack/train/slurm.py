"""Training as a SLURM job, through submitit: torchrun on one machine, requeued where it is preempted."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

from vecstack.errors import RecipeError, UsageError
from vecstack.slurm import queue

SAVING_SECONDS = 120  # of a job's time, kept for saving and for the start of the program
CPUS_PER_GPU = 8


@dataclass(frozen=True)
class Job:
    """A training for a cluster: the recipe and the data, the training's folder, the partition, GPUs on one machine
    (0: none), and the time in seconds after which it saves and stops."""

    inputs: list[Path]
    out: Path
    partition: str
    gpus: int = 1
    seconds: float = math.inf
    tensorboard: bool = False

    def command(self) -> list[str]:
        """What the job runs: it always resumes, so that a job that was cut off goes on when it is queued again."""
        recipe, *data = (str(path.resolve()) for path in self.inputs)
        several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(self.gpus)]
        command = [sys.executable, *(several if self.gpus > 1 else []), "-m", "vecstack", "train", recipe, "--resume"]
        for path in data:
            command += ["--data", path]
        command += ["--out", str(self.out.resolve()), "--time-limit", f"{self.seconds - SAVING_SECONDS:.0f}s"]
        return [*command, "--tensorboard"] if self.tensorboard else command


def submit(job: Job, cluster: str = "slurm") -> str:
    """Submit a training and return the number of its job; its output goes to the folder `jobs` of the training's
    folder. Raises UsageError: no time limit, which SLURM needs, or one too short to save in, or submitit is not
    installed; RecipeError: there are no such data; ExportError: the cluster refuses the job, or there is none."""
    if not 2 * SAVING_SECONDS <= job.seconds < math.inf:
        raise UsageError(
            f"time_limit must be at least {2 * SAVING_SECONDS // 60}m for a SLURM job, whose own it becomes.",
            parameter="time_limit",
        )
    missing = next((path for path in job.inputs if not path.exists()), None)
    if missing is not None:
        raise RecipeError(f"{missing}: no such file or folder. The job could not read it.")
    (number,) = queue(
        [job.command()],
        job.out / "jobs",
        f"vecstack-{job.out.name}",
        partition=job.partition,
        gpus=job.gpus,
        cpus=CPUS_PER_GPU * max(1, job.gpus),
        minutes=math.ceil(job.seconds / 60),
        cluster=cluster,
    )
    return number
