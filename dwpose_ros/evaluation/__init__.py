# SPDX-License-Identifier: Apache-2.0
"""What is done to networks before use: they are measured, and made smaller. No ROS here."""
