"""What the engines cost: pictures a second against the bare function on one item after the other, and the memory
of worker processes over many pictures.

    python benchmarks/batch.py [--count N] [--effort sketch] [--side PX]
    python benchmarks/batch.py --memory [--count N]
    python benchmarks/batch.py --empty [--count N]
    python benchmarks/batch.py --plan [--count N]
    python benchmarks/batch.py --records [--count N]

Pictures are crops of the examples. The bare function runs in one process, then in two at once, each on half; the engine
runs in this process and with two workers. Rates are of the time from the first item on; CPU seconds are those of all
processes, with their start, so they can be compared on a busy machine too. `--memory` prints the resident size of the
workers as pictures go by. `--empty` does nothing with each item, on two local workers and on two of Ray, and `--plan`
plans a list of so many inputs, as each shard of a run does; `--records` reads a manifest of so many, whole and for
one shard of a hundred. `--run` is a whole run in this process that copies so many
small files, with its manifest, and then again with `--resume`. `--encoder` compares the encoder of the model `photos`
on pictures one by one with batches.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from vecstack.atomic import atomic_writer
from vecstack.batch.actors import work_on_ray
from vecstack.batch.engine import work_here, work_in_processes
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.manifest import NAME, Record, latest, line_of, read_manifests
from vecstack.batch.plan import Shard, plan
from vecstack.batch.runs import Run
from vecstack.cli.course import Course
from vecstack.cli.decompose import Decomposing
from vecstack.cli.making import Making
from vecstack.cli.running import run_all
from vecstack.cli.tuning import Finish
from vecstack.kinds.base import Style

EXAMPLES = Path(__file__).parent.parent / "examples"
SAMPLES = 10  # of the memory


class Silent:
    """Notes when the first item began."""

    def __init__(self) -> None:
        self.first = 0.0

    def began(self, item: Item) -> None:
        self.first = self.first or time.monotonic()

    def moved(self, item: Item, share: float, note: str) -> None:
        pass

    def said(self, line: str) -> None:
        pass


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--side", type=int, default=64, help="of a picture, in px")
    parser.add_argument("--model", default="photos")
    parser.add_argument("--effort", default="fast")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--encoder", action="store_true")
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--records", action="store_true")
    parser.add_argument("--run", action="store_true")
    options = parser.parse_args()
    if options.plan:
        watch_plan(options.count)
        return
    if options.records:
        watch_records(options.count)
        return
    if options.run:
        watch_run(options.count)
        return
    job = Decomposing(
        Making(options.model, options.effort, Style(), 0, "cpu"), Finish(False, False, None, False, "cpu")
    )
    with tempfile.TemporaryDirectory() as folder:
        pictures = make_pictures(Path(folder), options.count, options.side)
        if options.empty:
            compare_engines(pictures)
        elif options.memory:
            watch_memory(pictures, job)
        elif options.encoder:
            compare_encoder(pictures)
        else:
            compare_rates(pictures, job)


def make_pictures(folder: Path, count: int, side: int) -> list[Path]:
    """So many crops of photos, as PNG files."""
    random = np.random.default_rng(0)
    photos = [np.asarray(Image.open(EXAMPLES / name).convert("RGB")) for name in ("coffee.jpg", "scene.png")]
    paths = []
    for number in range(count):
        photo = photos[number % len(photos)]
        top, left = (int(random.integers(size - side)) for size in photo.shape[:2])
        paths.append(folder / f"{number:05}.png")
        Image.fromarray(photo[top : top + side, left : left + side]).save(paths[-1])
    return paths


def items_of(pictures: list[Path], name: str) -> list[Item]:
    """Items whose outputs go to a folder of that name."""
    return [Item(str(path), str(path.parent / name / f"{path.stem}.layers"), in_folder=True) for path in pictures]


def compare_rates(pictures: list[Path], job: Decomposing) -> None:
    """Print pictures a second, and CPU milliseconds of each."""
    count = len(pictures)
    work_bare(items_of(pictures[:4], "warm"), job, None)  # compiles and reads what is kept for later
    rates = {}
    runs: dict[str, Callable[[], float]] = {
        "bare, 1 process": partial(bare_seconds, items_of(pictures, "bare1"), job, 1),
        "bare, 2 processes": partial(bare_seconds, items_of(pictures, "bare2"), job, 2),
        "engine, this process": partial(engine_seconds, items_of(pictures, "engine1"), job, 1),
        "engine, 2 processes": partial(engine_seconds, items_of(pictures, "engine2"), job, 2),
    }
    for name, run in runs.items():
        before = cpu_seconds()
        seconds = run()
        rates[name] = count / seconds
        cpu = (cpu_seconds() - before) / count * 1000
        print(f"{name:<22} {rates[name]:8.2f} pictures/s  {cpu:8.1f} ms of CPU each", flush=True)
    share = rates["engine, 2 processes"] / rates["bare, 2 processes"]
    gain = rates["engine, 2 processes"] / rates["engine, this process"]
    print(f"the engine on two processes: {share:.0%} of the bare function, {gain:.2f} x one process")


def bare_seconds(items: list[Item], job: Decomposing, processes: int) -> float:
    """Seconds that the bare function takes for all items in processes that are ready."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes + 1)
    parts = [items[number::processes] for number in range(processes)]
    workers = [context.Process(target=work_bare, args=(part, job, ready)) for part in parts]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.monotonic()
    for worker in workers:
        worker.join()
    return time.monotonic() - began


def work_bare(items: list[Item], job: Decomposing, ready: object) -> None:
    """Make each item's output, and nothing else."""
    act = job.ready()
    if ready is not None:
        ready.wait()  # type: ignore[attr-defined]
    for item in items:
        Path(item.target).parent.mkdir(exist_ok=True)
        act(item, Report(lambda *_: None))


def engine_seconds(items: list[Item], job: Decomposing, processes: int) -> float:
    """Seconds from the first item on, of this process (1) or of so many workers."""
    watch, run = Silent(), Run("benchmark")
    work = work_here if processes == 1 else partial(work_in_processes, processes=processes)
    for outcome in work(items, job, run, watch):
        assert outcome.status == "done", outcome.error
    return time.monotonic() - watch.first


@dataclass(frozen=True)
class Nothing(Job):
    """Does nothing with an item."""

    def ready(self) -> Act:
        return nothing


def nothing(item: Item, report: Report) -> None:
    """Do nothing."""


def compare_engines(pictures: list[Path]) -> None:
    """Print items a second that workers get who have nothing to do, and CPU milliseconds of each in this process."""
    for name, work in (("local", work_in_processes), ("Ray", partial(work_on_ray, most=len(pictures)))):
        watch = Silent()
        outcomes = work(items_of(pictures, name), Nothing(), Run("benchmark"), watch, processes=2)
        next(outcomes)
        began, cpu = time.monotonic(), time.process_time()
        count = sum(1 for _ in outcomes)
        rate, each = count / (time.monotonic() - began), (time.process_time() - cpu) / count * 1000
        print(f"{name:<6} {rate:8.0f} items/s  {each:6.2f} ms of CPU each in this process", flush=True)


def watch_plan(count: int) -> None:
    """Print the seconds of CPU and the memory that a plan of so many inputs takes."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "list.txt"
        inputs.write_text("".join(f"photos/{number % 1000:03}/{number:08}.jpg\n" for number in range(count)))
        before, began = resident(os.getpid()), time.process_time()
        batch = plan([f"@{inputs}"], f"{folder}/out", {".jpg"}, ".layers", shard=Shard(1, 100))
        seconds, size = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"{count} inputs, {len(batch.items)} in the shard: {seconds:.1f} s, {size - before:.0f} MB at most")


def watch_records(count: int) -> None:
    """Print the seconds of CPU and the memory that reading a manifest of so many records takes, first for a shard."""
    with tempfile.TemporaryDirectory() as folder:
        names = [f"2026/trip/{number:08}.layers" for number in range(count)]
        with Path(folder, NAME).open("w", encoding="utf-8") as file:
            for name in names:
                sha256 = hashlib.sha256(name.encode()).hexdigest()
                record = Record(f"photos/{name}", sha256, name, "done", "", "", 1.25, 31.5, 20_000, (), (sha256[::-1],))
                file.write(line_of(dataclasses.replace(record, options="0" * 64, version="0.1.0")) + "\n")
        part = set(names[::100])
        del names
        for told, outputs in (("of a shard", part), ("whole", None)):
            before, began = resident(os.getpid()), time.process_time()
            held = latest(read_manifests(Path(folder)), outputs)
            seconds, size = time.process_time() - began, resident(os.getpid()) - before
            print(f"{count} records, {told}: {len(held)} held, {seconds:.1f} s, {size:.0f} MB", flush=True)


@dataclass(frozen=True)
class Copying(Job):
    """Writes what it reads."""

    def ready(self) -> Act:
        return copy


def copy(item: Item, report: Report) -> None:
    """Write what is read."""
    with atomic_writer(item.target, overwrite=item.overwrite) as file:
        file.write(Path(item.source).read_bytes())


def watch_run(count: int) -> None:
    """Print what a run over so many small files costs, and one that goes on with it and finds all done."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            path = Path(folder, "in", f"{number % 100:02}", f"{number:06}.txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"text {number}")
        for name, resume in (("first run", False), ("second run", True)):
            began = time.process_time()
            course = Course(jobs="1", resume=resume, quiet=True)
            run_all(plan([f"{folder}/in"], f"{folder}/out", {".txt"}, ".out"), Copying(), course, "Copying")
            each = (time.process_time() - began) / count * 1000
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            print(f"{name:<10} {each:6.2f} ms of CPU each; {most:.0f} MB at most", flush=True)


def watch_memory(pictures: list[Path], job: Decomposing) -> None:
    """Print the resident size of two workers as pictures go by."""
    step = max(1, len(pictures) // SAMPLES)
    outcomes = work_in_processes(items_of(pictures, "memory"), job, Run("benchmark"), Silent(), 2)
    for number, outcome in enumerate(outcomes, 1):
        assert outcome.status == "done", outcome.error
        if number % step == 0:
            sizes = ", ".join(f"{resident(child.pid):.0f}" for child in multiprocessing.active_children())
            print(f"{number:6} pictures: {sizes} MB; this process {resident(os.getpid()):.0f} MB", flush=True)


def compare_encoder(pictures: list[Path]) -> None:
    """Print what a prediction takes for a picture, alone and in batches."""
    import torch

    from vecstack.models import load_model
    from vecstack.pictures.fit import fit_to_side
    from vecstack.pictures.read import load_picture

    maker = load_model("photos", "cpu").maker
    whole = torch.stack([torch.from_numpy(load_picture(path).pixels) for path in pictures]).permute(0, 3, 1, 2)
    batch = fit_to_side(whole, maker.predictor.sizes.encoder.side)  # type: ignore[attr-defined]
    torch.set_num_threads(1)
    with torch.no_grad():
        for size in (1, 8, 32):
            began = time.process_time()
            for part in batch.split(size):
                maker.predictor.predict(part, maker.max_layers)  # type: ignore[attr-defined]
            print(f"batches of {size:2}: {(time.process_time() - began) / len(batch) * 1000:.2f} ms of CPU a picture")


def cpu_seconds() -> float:
    """Of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def resident(pid: int | None) -> float:
    """The resident size of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
