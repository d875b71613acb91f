"""Fuzz one reader for minutes, guided by what of the readers' own code each file reaches (needs atheris):

    python -m tests.fuzzing.run TARGET --minutes 30 --into FOLDER

Whatever is not as it should be is a file in the folder, named by what went wrong and where, and a line; the run goes
on. A line a minute says how many files were tried."""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
# Modules whose branches guide the run; compiled loops cannot be followed.
FOLLOWED = (
    *(
        "document",
        "importing",
        "pictures",
        "editing",
        "text_file",
        "tables",
        "color",
        "stack",
        "geometry",
        "train/recipe",
    ),
    *("batch/manifest", "batch/report", "kinds/base", "kinds/fields", "kinds/gradient", "kinds/frame", "kinds/weights"),
)
FOLLOWED_OF_KINDS = ("kind", "layer", "numbers")  # modules in the folder of each


def _unfollowed() -> list[str]:
    """The names of all other modules."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "vecstack").rglob("*.py")]
    return [
        ".".join(path.parts).removesuffix(".__init__") for path in paths if not _is_followed("/".join(path.parts[1:]))
    ]


def _is_followed(name: str) -> bool:
    return name.startswith(FOLLOWED) or (name.startswith("kinds/") and name.endswith(FOLLOWED_OF_KINDS))


with atheris.instrument_imports(include=["vecstack"], exclude=_unfollowed()):
    from tests.fuzzing.targets import MAX_BYTES, MAX_MEMORY, MAX_SECONDS, TARGETS, Target

KIB = 1 << 10
REPORT_SECONDS = 60
HUNG_SECONDS = 60  # after which a run ends: its last file is kept by libFuzzer


class Run:
    """Checks files and keeps those at which something is wrong, once for each fault."""

    def __init__(self, target: str, into: Path) -> None:
        self.target, self.into, self.count = TARGETS[target], into, 0
        self.found: set[str] = set()
        self.start = self.told = time.monotonic()

    def one(self, data: bytes) -> None:
        """Check one file."""
        self.count += 1
        start, held = time.process_time(), _memory()
        try:
            self.target.check(data)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.keep(f"{type(error).__name__}-{Path(place.filename).stem}-{place.lineno}", data, repr(error))
        seconds, grown = time.process_time() - start, _memory() - held
        if seconds > MAX_SECONDS:
            gc.collect()
            self.keep(f"slow-{int(seconds)}", data, f"{seconds:.1f} s")
        if grown > MAX_MEMORY:
            self.keep("memory", data, f"{grown >> 20} MiB")
        if time.monotonic() - self.told > REPORT_SECONDS:
            self.told = time.monotonic()
            print(f"{self.count:,} files in {self.told - self.start:.0f} s, {len(self.found)} faults", flush=True)

    def keep(self, name: str, data: bytes, why: str) -> None:
        """Write the file of a fault that is new, and say so."""
        if name not in self.found:
            self.found.add(name)
            (self.into / name).write_bytes(data)
            print(f"{name}: {why[:300]} ({self.count:,} files)", flush=True)


def _memory() -> int:
    """The most memory that the process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


def _mutator_of(target: Target) -> Callable[[bytes, int, int], bytes]:
    """What makes a mutant: libFuzzer every third time, else what knows the files of the target."""

    def mutator(data: bytes, max_size: int, seed: int) -> bytes:
        dice = random.Random(seed)
        return atheris.Mutate(data, max_size) if dice.random() < 1 / 3 else target.mutate(data, dice)[:max_size]

    return mutator


def main() -> None:
    """Fuzz the reader that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--into", type=Path, required=True)
    chosen = parser.parse_args()
    seeds = chosen.into / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    run = Run(chosen.target, chosen.into)
    for index, data in enumerate(run.target.seeds()):
        (seeds / str(index)).write_bytes(data)
        run.one(data)
    seconds = int(60 * chosen.minutes)
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-timeout={HUNG_SECONDS}", "-rss_limit_mb=4096"]
    os.chdir(chosen.into)  # where libFuzzer leaves a file that hangs
    atheris.Setup(
        [sys.argv[0], *options, "-verbosity=0", str(seeds.resolve())], run.one, custom_mutator=_mutator_of(run.target)
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
