"""Training as a SLURM job, through submitit: torchrun on one machine, requeued where it is preempted."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecstack.errors import ExportError, RecipeError, UsageError
from vecstack.extras import install

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


class Training:
    """What runs in the job. submitit calls `checkpoint` when the job is preempted, and queues what it gives."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        """Train. Raises CalledProcessError where the training fails."""
        with subprocess.Popen(self.job.command()) as self.process:
            code = self.process.wait()
        if code:
            raise subprocess.CalledProcessError(code, self.process.args)

    def checkpoint(self) -> Any:
        """The job to queue in this one's place: the same, since it resumes. Has this one save and end first."""
        from submitit.helpers import DelayedSubmission

        if self.process is not None:
            self.process.terminate()  # SLURM tells only the process that it started
            with suppress(ChildProcessError):  # already waited for
                # Not Popen.wait: submitit calls from a signal handler, in the middle of that of __call__.
                os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(Training(self.job))


def submit(job: Job, cluster: str = "slurm") -> str:
    """Submit a training and return the number of its job; its output goes to the folder `jobs` of the training's
    folder. Raises UsageError: no time limit, which SLURM needs, or one too short to save in; RecipeError: submitit
    is not installed, or there are no such data; ExportError: the cluster refuses the job, or there is none."""
    if not 2 * SAVING_SECONDS <= job.seconds < math.inf:
        raise UsageError(
            f"time_limit must be at least {2 * SAVING_SECONDS // 60}m for a SLURM job, whose own it becomes.",
            parameter="time_limit",
        )
    missing = next((path for path in job.inputs if not path.exists()), None)
    if missing is not None:
        raise RecipeError(f"{missing}: no such file or folder. The job could not read it.")
    try:
        import submitit
    except ImportError as error:
        raise RecipeError(f"SLURM jobs need the package submitit. {install('train')}") from error
    try:
        executor = submitit.AutoExecutor(folder=job.out / "jobs", cluster=cluster)
        executor.update_parameters(
            name=f"vecstack-{job.out.name}",
            slurm_partition=job.partition,
            nodes=1,
            tasks_per_node=1,
            gpus_per_node=job.gpus,
            cpus_per_task=CPUS_PER_GPU * max(1, job.gpus),
            timeout_min=math.ceil(job.seconds / 60),
        )
        return str(executor.submit(Training(job)).job_id)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ExportError(f"{job.out}: the cluster rejected the job ({reason}). Check that sbatch works.") from error
