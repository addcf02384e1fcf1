# SPDX-License-Identifier: Apache-2.0
"""The services by which other nodes read and set a node's parameters."""

from __future__ import annotations

from rcl_interfaces.msg import ParameterDescriptor, ParameterType, SetParametersResult
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)

from rclpy.exceptions import ParameterNotDeclaredException
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_parameters


class ParameterService:
    """Offers the parameters of a node to others."""

    def __init__(self, node) -> None:
        self._node = node
        for srv, name, callback in (
            (DescribeParameters, "describe_parameters", self._on_describe),
            (GetParameters, "get_parameters", self._on_get),
            (GetParameterTypes, "get_parameter_types", self._on_get_types),
            (ListParameters, "list_parameters", self._on_list),
            (SetParameters, "set_parameters", self._on_set_each),
            (SetParametersAtomically, "set_parameters_atomically", self._on_set_all),
        ):
            node.create_service(srv, "~/" + name, callback, qos_profile=qos_profile_parameters)

    def _on_describe(self, request, response):
        descriptors = self._node._rcl_descriptors
        response.descriptors = [
            descriptors.get(n, ParameterDescriptor(name=n)) for n in request.names
        ]
        return response

    def _on_get(self, request, response):
        missing = Parameter("")
        response.values = [
            self._node._rcl_parameters.get(n, missing).get_parameter_value() for n in request.names
        ]
        return response

    def _on_get_types(self, request, response):
        parameters = self._node._rcl_parameters
        response.types = [
            parameters[n].type_.value if n in parameters else ParameterType.PARAMETER_NOT_SET
            for n in request.names
        ]
        return response

    def _on_list(self, request, response):
        names = [
            n
            for n in list(self._node._rcl_parameters)
            if not request.prefixes
            or n in request.prefixes
            or any(n.startswith(p + ".") for p in request.prefixes)
        ]
        response.result.names = sorted(names)
        response.result.prefixes = sorted({n.rpartition(".")[0] for n in names if "." in n})
        return response

    def _on_set_each(self, request, response):
        response.results = [self._set([m]) for m in request.parameters]
        return response

    def _on_set_all(self, request, response):
        response.result = self._set(request.parameters)
        return response

    def _set(self, messages) -> SetParametersResult:
        try:
            return self._node.set_parameters_atomically(
                [Parameter.from_parameter_msg(m) for m in messages]
            )
        except (ParameterNotDeclaredException, ValueError) as err:
            return SetParametersResult(successful=False, reason=str(err))
