"""SLURM jobs, through submitit: commands that go on where they were cut off, queued again where they are preempted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from vecstack.errors import ExportError, UsageError
from vecstack.extras import install

MAX_TIMEOUTS = 1000  # after which a job that its time limit has ended is not queued again


class Command:
    """What runs in a job: a program that resumes. submitit calls `checkpoint` when the job is preempted, and queues
    what it gives."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        """Run it. Raises CalledProcessError where it fails."""
        with subprocess.Popen(self.words) as self.process:
            code = self.process.wait()
        if code:
            raise subprocess.CalledProcessError(code, self.words)

    def checkpoint(self) -> Any:
        """The job to queue in this one's place: the same, since it resumes. Has this one save and end first."""
        from submitit.helpers import DelayedSubmission

        if self.process is not None:
            self.process.terminate()  # SLURM tells only the process that it started
            with suppress(ChildProcessError):  # already waited for
                # Not Popen.wait: submitit calls from a signal handler, in the middle of that of __call__.
                os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(Command(self.words))


def queue(
    commands: Sequence[Sequence[str]],
    logs: Path,
    name: str,
    *,
    partition: str | None,
    gpus: int,
    cpus: int,
    minutes: int,
    cluster: str = "slurm",
) -> list[str]:
    """Queue commands, each as a job on one machine with so many GPUs and cores and that time limit, and return the
    numbers of the jobs; what they print goes to the folder `logs`. `cluster` "local" runs them on this machine, at
    once. Raises UsageError: submitit is not installed; ExportError: the cluster refuses them, or there is none."""
    try:
        import submitit
    except ImportError as error:
        raise UsageError(f"SLURM jobs need the package submitit. {install('slurm')}") from error
    try:
        executor = submitit.AutoExecutor(folder=logs, cluster=cluster, slurm_max_num_timeout=MAX_TIMEOUTS)
        executor.update_parameters(
            name=name,
            **({} if partition is None else {"slurm_partition": partition}),
            nodes=1,
            tasks_per_node=1,
            gpus_per_node=gpus,
            cpus_per_task=cpus,
            timeout_min=minutes,
        )
        jobs = [Command(words) for words in commands]
        with executor.batch() if len(jobs) > 1 else nullcontext():  # an array of jobs
            queued = [executor.submit(job) for job in jobs]
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ExportError(f"{logs}: the cluster rejected the job ({reason}). Check that sbatch works.") from error
    return [str(job.job_id) for job in queued]
