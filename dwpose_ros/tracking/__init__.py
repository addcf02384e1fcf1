# SPDX-License-Identifier: Apache-2.0
"""Who is who from frame to frame, and poses that are steady."""
