# SPDX-License-Identifier: Apache-2.0
"""Poses drawn, as people and other programs want to see them."""
