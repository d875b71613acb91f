"""A worker process: it makes a job ready once, and then works on the items that it is sent, one after the other."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from vecstack.atomic import written_by
from vecstack.batch.attempt import attempt
from vecstack.batch.items import Job, Report
from vecstack.errors import VecstackError

TOLD_SECONDS = 0.5  # between messages of how far an item is
# What libraries read when they are first used: how many threads they start.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def work(connection: Connection, job: Job, threads: int) -> None:
    """Answer each item (Item, name of the writer) that comes through a connection by its Outcome, until None comes or
    the other end closes. Before the first, "ready" is sent, or the error that would be the same for all items; and
    between, how far an item is (share, note). The process ends with the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all: the run's own process decides
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as an exception, so that half-written files are removed
    threading.Thread(target=_end_with_parent, daemon=True).start()
    use_threads(threads)
    try:
        _answer(connection, job)
    except (EOFError, ConnectionError):  # the run is gone
        return


def use_threads(count: int) -> None:
    """Have libraries that are loaded from now on start so many threads."""
    for name in THREADS:
        os.environ[name] = str(count)


def _answer(connection: Connection, job: Job) -> None:
    try:
        act = job.ready()
    except VecstackError as error:
        connection.send(error)
        return
    connection.send("ready")
    while (message := connection.recv()) is not None:
        item, name = message
        with written_by(name):
            outcome = attempt(job, act, item, Report(Teller(connection)))
        connection.send(outcome)


class Teller:
    """Sends how far an item is, now and then."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.told = time.monotonic()

    def __call__(self, done: float, total: float, note: str = "") -> None:
        if time.monotonic() - self.told >= TOLD_SECONDS:
            self.told = time.monotonic()
            self.connection.send((done / total, note))


def _end_with_parent() -> None:
    """End this process when the one that started it has: nobody would hear of its work."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
