# SPDX-License-Identifier: Apache-2.0
"""One thin node a file: parameters in, messages out."""

import sys

from dwpose_ros.ros.middleware_environment import cannot_begin

if _fault := cannot_begin():  # else importing rclpy ends the process, in words of its own
    print(f"dwpose_ros: {_fault}", file=sys.stderr)
    sys.exit(2)  # as ros/node_main.py has it for what the user can mend
