# SPDX-License-Identifier: Apache-2.0
"""What goes wrong through no fault of the program."""

from __future__ import annotations


class DwposeError(ValueError):
    """Something that the user can mend.

    Its message is one line that says what was wrong, with the value, and what would be right.
    Nodes answer it, or log it, without a traceback.
    """


class ModelError(DwposeError):
    """An estimator or a model that cannot be had; the message says why and what would be right."""
