# SPDX-License-Identifier: Apache-2.0
"""Draw poses for people, and export them for image generators."""
