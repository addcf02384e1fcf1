# SPDX-License-Identifier: Apache-2.0
"""What the C library does with memory that was freed. Nothing, where it is not glibc."""

from __future__ import annotations

import ctypes

# mallopt(3): for blocks up to the greatest limit that it takes, keep what is freed; and one arena,
# for with one for each of the middleware's threads memory grew with every process that came and
# went (guidance: 12 kB each after 300 of them; with one arena nothing).
_MALLOPT = {
    -3: 32 * 1024**2,  # M_MMAP_THRESHOLD
    -1: 256 * 1024**2,  # M_TRIM_THRESHOLD
    -8: 1,  # M_ARENA_MAX
}


def keep_freed_memory() -> None:
    """Let the C library reuse the memory of one image for the next.

    By default it would return it to the system after each image and request it again page by page,
    which was half of the work of the camera node.
    """
    if mallopt := _function("mallopt"):
        for limit, size in _MALLOPT.items():
            mallopt(limit, size)


def return_freed_memory() -> None:
    """Return all that is free now to the system, as after networks were loaded."""
    if malloc_trim := _function("malloc_trim"):
        malloc_trim(0)


def _function(name: str):
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another C library
        return None
