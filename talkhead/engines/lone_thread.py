"""A thread in which torch does not split its work.

The operations of a frame or a motion window take microseconds. Split over the cores of a busy
machine they wait for each other: 0.6 s a frame were measured instead of 0.01 s, and 4.8 s a window
instead of 0.03. Whole runs of frames in several threads of one process cost a fifth more, because
they wait for Python's lock between operations. So each model computes alone, and more cores are
used by more processes. Nor do results then depend on the number of cores.
"""

from concurrent.futures import ThreadPoolExecutor

import torch


def lone_thread() -> ThreadPoolExecutor:
    """A pool of one thread, started, in which torch computes with no other."""
    usual = torch.get_num_threads()
    pool = ThreadPoolExecutor(1, "alone", initializer=_alone)
    pool.submit(torch.get_num_threads).result()
    # the last call anywhere is also the default for threads to come: give it back
    torch.set_num_threads(usual)
    return pool


def _alone() -> None:
    # a thread takes the common number at its first use of torch: ask first, or it undoes the next
    torch.get_num_threads()
    torch.set_num_threads(1)
