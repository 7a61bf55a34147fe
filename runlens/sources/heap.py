"""Freed memory stays with the process, ready for the next array."""

from __future__ import annotations

import numpy as np

_LARGE = 16 << 20  # bytes; must be below glibc's DEFAULT_MMAP_THRESHOLD_MAX of 32 MiB to have an effect


def keep_freed_memory() -> None:
    """Have the C library keep memory that arrays give back, instead of returning it to the system each time.

    Work on columns makes and frees arrays of a megabyte again and again. By default glibc maps and unmaps each of
    them, and every page is faulted in and zeroed anew: a quarter of the time that reading takes. Its threshold for
    that is dynamic (mallopt(3), M_MMAP_THRESHOLD): once a large block was freed, smaller ones come from the heap, of
    which up to twice that size may be idle. The block asked for here is never touched, so it costs no memory. With
    another C library nothing happens.
    """
    np.empty(_LARGE, np.uint8)
