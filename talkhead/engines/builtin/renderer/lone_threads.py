"""Threads in which torch does not split its work.

The operations of a frame take microseconds. Split over the cores of a busy machine they wait for
each other: 0.6 s a frame were measured instead of 0.01 s. So each thread computes alone, and the
cores share the work by whole runs of frames.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch


def lone_threads(count: int) -> ThreadPoolExecutor:
    """A pool of `count` threads, all started, with one torch thread each."""
    usual = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "renderer", initializer=_alone)
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
