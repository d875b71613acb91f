"""vecstack.batch.engine: items worked on in this process and in several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.jobs import Copying
from vecstack.batch import engine
from vecstack.batch.engine import choose_processes, work_here, work_in_processes
from vecstack.batch.items import Item, Outcome
from vecstack.batch.runs import Run
from vecstack.errors import WeightsError


class Heard:
    """Hears of items."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def began(self, item: Item) -> None:
        self.names.append(Path(item.source).name)

    def moved(self, item: Item, share: float, note: str) -> None:
        pass

    def said(self, line: str) -> None:
        pass


def items_of(folder: Path, *texts: str) -> list[Item]:
    """An item for each text, which its input holds."""
    made = []
    for number, text in enumerate(texts):
        source = folder / f"{number}.txt"
        source.write_text(text)
        made.append(Item(str(source), str(folder / "out" / f"{number}.out"), in_folder=True))
    return made


def statuses(outcomes: list[Outcome]) -> dict[str, str]:
    return {Path(outcome.item.source).stem: outcome.error_class or outcome.status for outcome in outcomes}


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").iterdir())


def test_processes_do_what_one_does_and_a_killed_one_costs_its_item(tmp_path: Path) -> None:
    texts = ("a", "broken", "kill", "b", "fault", "c")
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    alone = [text for text in texts if text != "kill"]
    first = list(work_here(items_of(here, *alone), Copying(), Run("r"), Heard()))
    assert statuses(first) == {"0": "done", "1": "PictureError", "2": "done", "3": "ZeroDivisionError", "4": "done"}
    heard = Heard()
    found = list(work_in_processes(items_of(there, *texts), Copying(), Run("r"), heard, 2, one_first=True))
    assert statuses(found) == {
        "0": "done",
        "1": "PictureError",
        "2": "WorkerDied",
        "3": "done",
        "4": "ZeroDivisionError",
        "5": "done",
    }
    assert len(heard.names) == 6
    died = next(outcome for outcome in found if outcome.error_class == "WorkerDied")
    assert "a worker process died (signal 9)" in str(died.error)
    assert left(there) == ["0.out", "3.out", "5.out"]
    assert (there / "out" / "5.out").read_text() == "c"
    done = next(outcome for outcome in found if outcome.item.source.endswith("0.txt"))
    assert (done.psnr, done.size, len(done.sources), len(done.made)) == (30.0, 1, 1, 1)


def test_no_more_items_are_taken_than_are_worked_on(tmp_path: Path) -> None:
    taken: list[Item] = []

    def items() -> Iterator[Item]:
        for item in items_of(tmp_path, *"abcdefgh"):
            taken.append(item)
            yield item

    outcomes = work_in_processes(items(), Copying(), Run("r"), Heard(), 1)
    next(outcomes)
    assert len(taken) <= 3
    outcomes.close()
    assert len(left(tmp_path)) <= 3


def test_processes_are_spread_over_devices(tmp_path: Path) -> None:
    items = items_of(tmp_path, "meet", "meet")
    job = Copying("cuda:0,cuda:1", tells_device=True)
    outcomes = list(work_in_processes(items, job, Run("r"), Heard(), choose_processes(2, 2)))
    assert statuses(outcomes) == {"0": "done", "1": "done"}
    assert {Path(item.target).read_text() for item in items} == {"cuda:0", "cuda:1"}


def test_what_is_wrong_for_all_is_raised(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such weights"):
        list(work_in_processes(items_of(tmp_path, "a", "b"), Copying(is_broken=True), Run("r"), Heard(), 1))


def test_as_many_processes_are_chosen_as_have_enough_to_do() -> None:
    assert choose_processes(1, 1) == 1
    assert choose_processes(3, 1) == 1
    assert choose_processes(2, 4) == 4


def test_processes_fit_the_memory_that_a_scheduler_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, job = tmp_path / "own", tmp_path / "groups" / "slurm" / "job"
    job.mkdir(parents=True)
    own.write_text("1:name=systemd:/other\n0::/slurm/job\n")
    (job / "memory.max").write_text("max\n")
    (job.parent / "memory.max").write_text(f"{3 << 30}\n")
    monkeypatch.setattr(engine, "OWN_GROUP", own)
    monkeypatch.setattr(engine, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(engine, "cores", lambda: 64)
    assert choose_processes(10_000, 1) == 3
