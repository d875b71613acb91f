"""Measure whole commands, each in a fresh process: wall time and peak memory, the median of several runs.

The picture is scikit-learn's photo china.jpg at 768 x 512. The share of torch's import is the time of a process that
imports it and does nothing else, less that of a process that does nothing, out of the command's time. With --beside,
the first command is measured instead: alone and beside so many processes that compute without end, its threads waiting
for each other as OpenMP's own default has it (GNU's looks 300,000 times before it sleeps) and as vecstack has it.
Needs Linux or macOS (os.wait4), and scikit-learn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from types import MappingProxyType

from _common import print_table, write_json
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]

SIZE = (768, 512)  # pixels of the photo
MIB = 1 << 20
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss
VECSTACK = ["-m", "vecstack"]
OWN_WAITING = {"GOMP_SPINCOUNT": "300000"}  # what GNU's OpenMP does where nothing is said

# A process of its own starts the command: on Linux a peak is never below the memory of the process that started it,
# and this one is larger than some commands are.
LAUNCHER = """
import os, sys, time
to_nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
began = time.perf_counter()
child = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ, file_actions=to_nowhere)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - began, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Case:
    """A command line of Python, and how often to run it."""

    name: str
    arguments: list[str]
    runs: int
    imports_torch: bool = False


@dataclass(frozen=True)
class Result:
    """Medians over the runs of a case."""

    seconds: float
    peak_bytes: float


def cases(folder: Path, model: str, layers: int, runs: int, long_runs: int) -> list[Case]:
    photo, document = str(folder / "photo.png"), str(folder / "photo.layers")
    sketch = ["--model", model, "--layers", str(layers), "--effort", "sketch"]
    make = ["decompose", photo, "-o", document, *sketch, "--overwrite", "-q"]
    draw = ["render", document, "-o", str(folder / "big.png"), "--overwrite", "-q", "--size"]
    return [
        Case("python", ["-c", "pass"], runs),
        Case("import torch", ["-c", "import torch"], runs),
        Case("--help", [*VECSTACK, "--help"], runs),
        Case("decompose", [*VECSTACK, *make], runs, imports_torch=True),
        Case("info", [*VECSTACK, "info", document], runs),
        Case("validate", [*VECSTACK, "validate", document], runs),
        Case("render 1024", [*VECSTACK, *draw, "1024"], runs, imports_torch=True),
        Case("render 4096", [*VECSTACK, *draw, "4096"], long_runs, imports_torch=True),
    ]


def run(arguments: list[str], environment: Mapping[str, str] = MappingProxyType({})) -> tuple[float, int]:
    """Wall time in seconds and peak resident memory in bytes of one process; with variables of its own."""
    launcher = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCHER, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    if launcher.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {launcher.stderr.strip()}")
    seconds, peak = launcher.stdout.split()
    return float(seconds), int(peak) * MAXRSS_BYTES


def measure(case: Case) -> Result:
    """The medians; one more run before them fills the disk's cache, unless there is only one to measure."""
    if case.runs > 1:
        run(case.arguments)
    times, peaks = zip(*(run(case.arguments) for _ in range(case.runs)), strict=True)
    return Result(median(times), median(peaks))


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that compute without end."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure_beside(photo: Path, count: int, runs: int) -> None:
    """Print what the first command takes, by how its threads wait, alone and beside so many busy processes."""
    make = [*VECSTACK, "decompose", str(photo), "-o", str(photo.with_suffix(".layers")), "--overwrite", "-q"]
    waits: dict[str, Mapping[str, str]] = {"OpenMP's own": OWN_WAITING, "vecstack's": {}}
    rows = []
    for name, environment in waits.items():
        run(make, environment)
        alone = median(run(make, environment)[0] for _ in range(runs))
        with busy(count):
            beside = median(run(make, environment)[0] for _ in range(runs))
        rows.append([name, f"{alone:.1f}", f"{beside:.1f}"])
    columns = ["how threads wait", "alone, s", f"beside {count} busy, s"]
    print_table(f"The first command; medians of {runs} runs on {os.cpu_count()} cores", columns, rows)


def save_photo(path: Path) -> None:
    photo = Image.fromarray(load_sample_images().images[0])
    ImageOps.fit(photo, SIZE, Image.Resampling.LANCZOS).save(path)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="photos", help="name or path of a model (default: photos)")
    parser.add_argument("--layers", type=int, default=10, help="layers of the photo (default: 10)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default: 5)")
    parser.add_argument("--long-runs", type=int, default=1, help="runs of render 4096; 0 leaves it out (default: 1)")
    parser.add_argument("--beside", type=int, default=0, metavar="N", help="the first command beside N busy processes")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    results: dict[str, Result] = {}
    rows, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        save_photo(Path(folder) / "photo.png")
        if arguments.beside:
            measure_beside(Path(folder) / "photo.png", arguments.beside, arguments.runs)
            return
        for case in cases(Path(folder), arguments.model, arguments.layers, arguments.runs, arguments.long_runs):
            if not case.runs:
                continue
            result = results[case.name] = measure(case)
            share = 0.0
            if case.imports_torch:
                share = (results["import torch"].seconds - results["python"].seconds) / result.seconds
            seconds, peak = f"{result.seconds:.2f}", f"{result.peak_bytes / MIB:.0f}"
            rows.append([case.name, str(case.runs), seconds, peak, f"{share:.0%}" if share else ""])
            figures.append({"command": case.name, "runs": case.runs, **asdict(result), "torch_import_share": share})
            print(f"{case.name}: {result.seconds:.2f} s", file=sys.stderr, flush=True)
    print_table(
        f"Medians; a photo of {SIZE[0]} x {SIZE[1]} px, {arguments.layers} layers",
        ["command", "runs", "seconds", "peak MiB", "torch's import"],
        rows,
    )
    write_json(arguments.json, {"model": arguments.model, "layers": arguments.layers, "commands": figures})


if __name__ == "__main__":
    main()
