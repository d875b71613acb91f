"""The tests. Each process of a parallel run computes with one thread: two with two threads each would wait for each
other on two cores."""

import os
import signal

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before PyTorch and NumPy are imported, and for processes begun here

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a shell's background, and so in all that tests interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
