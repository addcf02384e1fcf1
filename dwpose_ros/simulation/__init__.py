# SPDX-License-Identifier: Apache-2.0
"""A virtual person before a virtual camera: pictures with the true places of all 133 points."""
