"""Converts a folder of mixed pictures, some of them broken, and checks what became of each; then kills runs at random.

    python benchmarks/mixed.py --count 1000 --kills 10

The pictures are made here (benchmarks/_mixed.py). The command is `vecstack decompose --effort sketch`, in a process of
its own, by a small net of random weights unless `--model` names another: it is the run that is tried here, and not the
layers. Each line of the manifest is held against what was made. A second run with `--resume` is to make nothing. Then
the folder is converted once more by runs that are killed (SIGKILL) at random moments and gone on with by `--resume`,
and what there is at the end is compared byte for byte with what the first run made. Exits with 1 for any fault."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from _common import print_markdown
from _mixed import Made, make_folder

from vecstack.batch.manifest import Record, latest, manifests_in, read_manifests
from vecstack.document.file import load
from vecstack.errors import on_one_line
from vecstack.kinds.mask.encoder import EncoderSizes
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.kinds.mask.net import NetSizes

SIZES = ModelSizes(layers=3, canvas_side=4, net=NetSizes(3, 8, 2), encoder=EncoderSizes(16, 8, (1, 1, 1, 1), False))
SOME_FAILED = 7  # exit code
POLL_SECONDS = 0.02
MAX_TOLD = 20  # faults that are printed


def main() -> None:
    """Run the trial in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="pictures")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1, help="processes of the command (-j)")
    parser.add_argument("--model", help="instead of a small net of random weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new folder, and leave it there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if options.keep is not None:
            options.keep.mkdir(parents=True)
        faults = Trial(options.keep or Path(scratch), options).run()
    for fault in faults[:MAX_TOLD]:
        print(f"fault: {fault}")
    sys.exit(f"{len(faults)} faults" if faults else 0)


class Trial:
    """One trial: what it has made and measured, and the faults that it has found."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder, self.options = folder, options
        self.random = random.Random(options.seed)
        self.faults: list[str] = []
        self.rows: list[list[str]] = []

    def run(self) -> list[str]:
        """All steps, each a row of a table; the faults."""
        model = self.options.model or str(self.folder / "tiny.safetensors")
        if self.options.model is None:
            Path(model).write_bytes(weights_to_bytes(Predictor(SIZES)))
        self.words = ["decompose", str(self.folder / "in"), "--model", model, "--effort", "sketch", "--json"]
        made = make_folder(self.folder / "in", self.options.count, self.options.seed)
        ways = Counter(entry.way for entry in made if entry.sides is None)
        print(f"{len(made)} pictures, {sum(ways.values())} of them broken: {dict(ways)}", flush=True)
        whole = self.folder / "whole"
        self._note("first run", self._converted(whole))
        self.faults += check(whole, made)
        tree, times = tree_of(whole), times_of(whole)
        self._note("second run", self._converted(whole, "--resume"))
        if times_of(whole) != times:
            self.faults.append("the second run wrote outputs")
        if self.options.kills:
            self._kill_and_go_on(tree)
        print_markdown("Folders of mixed pictures", ("run", "done", "skipped", "failed", "CPU s", "clock s"), self.rows)
        return self.faults

    def _converted(self, out: Path, *more: str) -> dict[str, float]:
        """What a run says of itself, and what it took."""
        before, began = cpu_seconds(), time.monotonic()
        command = self._command(out, *more)
        result = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", check=False)
        if result.returncode != SOME_FAILED:
            self.faults.append(f"exit code {result.returncode}: {result.stderr[-1000:]}")
        unnamed = [line["message"] for line in map(json.loads, result.stdout.splitlines()) if line.get("message")]
        unnamed = [message for message in unnamed if f"vecstack: {message}\n" not in result.stderr]
        self.faults += [f"not told on standard error: {message}" for message in unnamed]
        last = (result.stdout.splitlines() or ["{}"])[-1]
        told: dict[str, float] = json.loads(last).get("summary", {})
        return {**told, "cpu": cpu_seconds() - before, "clock": time.monotonic() - began}

    def _kill_and_go_on(self, wanted: dict[str, bytes]) -> None:
        """Convert into another folder by runs that are killed, and a last one that is not."""
        out = self.folder / "killed"
        before, began = cpu_seconds(), time.monotonic()
        left = sorted(self.random.randrange(self.options.count) for _ in range(self.options.kills))
        reached = [self._killed(out, at) for at in left]
        print(f"killed after {', '.join(map(str, reached))} lines of the manifest", flush=True)
        cost = {"cpu": cpu_seconds() - before, "clock": time.monotonic() - began}
        self._note(f"{self.options.kills} runs killed", cost)
        self._note("last run", self._converted(out, "--resume"))
        found = tree_of(out)
        self.faults += [f"differs: {name!r}" for name in wanted if found.get(name) != wanted[name]]
        self.faults += [f"is left: {name!r}" for name in found if name not in wanted]
        done = [record.output for record in read_manifests(out) if record.status == "done"]
        if (twice := len(done) - len(set(done))) > self.options.kills * self.options.jobs:
            self.faults.append(f"{twice} outputs were made more than once: more than were under way at a kill")

    def _killed(self, out: Path, after: int) -> int:
        """Start a run that goes on, and kill it a moment after the manifest has so many lines; how many it has."""
        command = [*self._command(out, "--resume")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            while run.poll() is None and lines_of(out) < after:
                time.sleep(POLL_SECONDS)
            time.sleep(self.random.uniform(0, 1))
            os.kill(run.pid, signal.SIGKILL)
        return lines_of(out)

    def _command(self, out: Path, *more: str) -> list[str]:
        return [sys.executable, "-m", "vecstack", *self.words, "-j", str(self.options.jobs), "-o", str(out), *more]

    def _note(self, name: str, told: dict[str, float]) -> None:
        counts = [str(told[key]) if key in told else "" for key in ("done", "skipped", "failed")]
        self.rows.append([name, *counts, f"{told['cpu']:.0f}", f"{told['clock']:.0f}"])
        print(name, *self.rows[-1][1:], flush=True)


def check(out: Path, made: list[Made]) -> list[str]:
    """What is wrong with the manifest and the outputs of a run over what was made."""
    records = {record.input: record for record in latest(read_manifests(out)).values()}
    faults = [f"not asked for: {name!r}" for name in set(records) - {str(entry.path) for entry in made}]
    for entry in made:
        record = records.get(str(entry.path))
        wrong = "no line" if record is None else _wrong(record, entry, out)
        if wrong:
            faults.append(f"{entry.path.name!r} ({entry.way or 'good'}): {wrong}")
    known = {record.output for record in records.values() if record.status == "done"}
    return faults + [f"a file that no line tells of: {name!r}" for name in set(tree_of(out)) - known]


def _wrong(record: Record, entry: Made, out: Path) -> str:
    """What is wrong with a line of a manifest; "" where nothing is."""
    if (record.status == "done") != (entry.sides is not None):
        return f"{record.status}: {record.message}"
    if entry.sides is None:
        name = on_one_line(str(entry.path))
        is_told = record.message.startswith(f"{name}: ") and record.message.endswith(".")
        return "" if is_told and record.error in ("PictureError", "TooLargeError") else f"told as {record.message}"
    output = out / record.output
    if record.sha256 != hashlib.sha256(entry.path.read_bytes()).hexdigest():
        return "the sha256 of another input"
    if record.made != (hashlib.sha256(output.read_bytes()).hexdigest(),) or record.bytes != output.stat().st_size:
        return "the sha256 or the bytes of another output"
    canvas = load(output).canvas
    return "" if (canvas.width, canvas.height) == entry.sides else f"{canvas.width} x {canvas.height} of {entry.sides}"


def tree_of(folder: Path) -> dict[str, bytes]:
    """The sha256 of all files of a folder but its manifests, by path; hidden ones too."""
    files = (path for path in folder.rglob("*") if path.is_file() and path not in manifests_in(folder))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).digest() for path in files}


def times_of(folder: Path) -> dict[str, int]:
    """When each output was written."""
    return {name: (folder / name).stat().st_mtime_ns for name in tree_of(folder)}


def lines_of(folder: Path) -> int:
    """How many lines the manifests of a folder have."""
    return sum(path.read_bytes().count(b"\n") for path in manifests_in(folder))


def cpu_seconds() -> float:
    """Of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
