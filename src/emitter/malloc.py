"""The C library's allocator, told to keep the blocks that large messages are made in.

By default glibc gives blocks of a megabyte back to the system at once and gets them anew, page by
page, for the next message; that costs more than making the codes in them.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MMAP_BYTES = 32 << 20  # the largest value that glibc takes
_TRIM_BYTES = 256 << 20


def keep_large_blocks() -> bool:
    """Let this process reuse blocks of up to 32 MiB; False where the C library is not glibc.

    Meant for programs (server, command line), not for libraries: it is a setting of the process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES) and mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES))
