# SPDX-License-Identifier: Apache-2.0
"""Errors that the user can fix."""

from __future__ import annotations


class DwposeError(ValueError):
    """Base class of errors that the user can fix.

    The message is one line: what was wrong, with the value, and what would be right. Nodes send
    it as their answer, or log it, without a traceback.
    """


class ModelError(DwposeError):
    """An estimator, a model or a device is not available; the message says why."""
