"""Threads in which torch does not split its work.

The operations of a frame or a motion window take microseconds. Split over the cores of a busy
machine they wait for each other: 0.6 s a frame were measured instead of 0.01 s, and 4.8 s a window
instead of 0.03. So each thread computes alone, and the cores share the work by whole runs of
frames. Nor do results then depend on the number of cores.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch


def lone_threads(count: int) -> ThreadPoolExecutor:
    """A pool of `count` threads, all started, with one torch thread each."""
    usual = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "alone", initializer=_alone)
    all_started = Barrier(count + 1)
    for _ in range(count):
        pool.submit(all_started.wait)
    all_started.wait()
    # the last call anywhere is also the default for threads to come: give it back
    torch.set_num_threads(usual)
    return pool


def _alone() -> None:
    # a thread takes the common number at its first use of torch: ask first, or it undoes the next
    torch.get_num_threads()
    torch.set_num_threads(1)
