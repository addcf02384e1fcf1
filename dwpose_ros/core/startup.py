# SPDX-License-Identifier: Apache-2.0
"""What a process of ours needs before its other imports; the executables import this first."""

from __future__ import annotations

import os
import signal

# Ctrl-C while imports run just ends it.
signal.signal(signal.SIGINT, signal.SIG_DFL)

# NumPy's OpenBLAS makes its threads when it is imported: their start takes 0.1 s of CPU time, and
# the matrices here are too small for more than one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
