# SPDX-License-Identifier: Apache-2.0
"""The parameters of other nodes, asked for without blocking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python

from dwpose_ros.core.text import printable
from dwpose_ros.ros.parameters import ONLY_UNCONFIGURED
from dwpose_ros.ros.steady import STEADY

ROS_2S_OWN = ("use_sim_time", "qos_overrides.", "start_type_description_service")
ANSWER_S = 5.0
ASK_S = 1.5  # the same, where something else will do
TYPES = {
    "bool": Parameter.Type.BOOL,
    "integer": Parameter.Type.INTEGER,
    "double": Parameter.Type.DOUBLE,
    "string": Parameter.Type.STRING,
}


class RemoteParameters:
    """Asks nodes for their parameters, and sets them. Use it from the node's executor only.

    Answers come by callback, with None where no answer came in time.
    """

    def __init__(self, node) -> None:
        self._node = node

    def list(self, name: str, done: Callable[[list[dict[str, Any]] | None], None]) -> None:
        """Ask for all parameters of a node, by its full name, as dictionaries for a page."""

        def listed(answer) -> None:
            if answer is None:
                return done(None)
            names = sorted(n for n in answer.result.names if not n.startswith(ROS_2S_OWN))

            def described(descriptors) -> None:
                if descriptors is None:
                    return done(None)
                self._ask(
                    GetParameters,
                    f"{name}/get_parameters",
                    lambda values: done(
                        None
                        if values is None
                        else [
                            _about(*pair) for pair in zip(descriptors.descriptors, values.values)
                        ]
                    ),
                    names=names,
                )

            self._ask(DescribeParameters, f"{name}/describe_parameters", described, names=names)

        self._ask(ListParameters, f"{name}/list_parameters", listed)

    def get(self, name: str, parameter: str, done: Callable[[Any], None]) -> None:
        """Ask for the value of a parameter of a node; None if it has none, or does not answer."""
        self._ask(
            GetParameters,
            f"{name}/get_parameters",
            lambda answer: done(answer and parameter_value_to_python(answer.values[0])),
            ASK_S,
            names=[parameter],
        )

    def set(self, name: str, parameter: str, value: Any, done: Callable[[str], None]) -> None:
        """Set a parameter of a node, and tell why it was refused; empty if it was not."""
        self._ask(
            SetParameters,
            f"{name}/set_parameters",
            lambda answer: done(_refusal(name, answer)),
            parameters=[
                ParameterMsg(
                    name=parameter, value=Parameter(parameter, value=value).get_parameter_value()
                )
            ],
        )

    def _ask(
        self,
        srv_type,
        service: str,
        done: Callable[[Any], None],
        answer_s: float = ANSWER_S,
        **fields: Any,
    ) -> None:
        node = self._node
        client = node.create_client(srv_type, service)
        answered = []

        def finish(answer) -> None:
            if not answered:
                answered.append(True)
                node.destroy_timer(timer)
                node.destroy_client(client)
                done(answer)

        timer = node.create_timer(answer_s, lambda: finish(None), clock=STEADY)
        waiting = node.create_timer(0.05, lambda: call(), clock=STEADY)

        def call() -> None:
            """Call as soon as the service is there: a client that was just made knows none."""
            if answered:
                node.destroy_timer(waiting)
            elif client.service_is_ready():
                node.destroy_timer(waiting)
                client.call_async(srv_type.Request(**fields)).add_done_callback(
                    lambda future: finish(future.result())
                )


def _refusal(name: str, answer) -> str:
    if answer is None:
        return f"{name} does not answer"
    result = answer.results[0]
    return "" if result.successful else printable(result.reason) or "it was refused"


def _about(descriptor, value) -> dict[str, Any]:
    constraints = descriptor.additional_constraints.split("; ")
    told = dict(c.split(": ", 1) for c in constraints if ": " in c)
    limits = [*descriptor.integer_range, *descriptor.floating_point_range]
    found = parameter_value_to_python(value)
    kind = Parameter.Type(descriptor.type).name.lower()
    return {
        "name": descriptor.name,
        "type": kind,
        "value": found if isinstance(found, (bool, int, float, str)) else str(found),
        "description": descriptor.description,
        "unit": told.get("unit", ""),
        "choices": told["one of"].split(", ") if "one of" in told else [],
        "minimum": limits[0].from_value if limits else None,
        "maximum": limits[0].to_value if limits else None,
        "editable": kind in TYPES
        and not descriptor.read_only
        and ONLY_UNCONFIGURED not in constraints,
    }
