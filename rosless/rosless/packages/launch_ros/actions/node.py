# SPDX-License-Identifier: Apache-2.0
"""The action that starts a node."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Callable, Iterable, Mapping, Union

from launch.actions import ExecuteProcess
from launch.launch_context import LaunchContext
from launch.logging import get_logger
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import text_of
from rosless.executables import command, find_executable

from launch_ros._group_settings import NAMESPACE, PARAMETERS, REMAPPINGS, below
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue, evaluate_parameters
from rosless import parameter_yaml

Parameters = Iterable[Union[Mapping, ParameterFile, SomeSubstitutionsType]]
Remappings = Iterable["tuple[SomeSubstitutionsType, SomeSubstitutionsType]"]


class Node(ExecuteProcess):
    """Starts an executable of a package as a node; without `package`, `executable` is a path."""

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Parameters | None = None,
        remappings: Remappings | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **of_process: Any,
    ) -> None:
        super().__init__(cmd=[executable, *(arguments or ())], name=exec_name, **of_process)
        if isinstance(parameters, (str, Mapping)):
            raise TypeError(
                f"Node(parameters={parameters!r}): it must be a list of dictionaries and files"
            )
        self.node_name = ""  # with its namespace, once it is known
        self._package = package
        self._node_name, self._namespace = name, namespace
        self._parameters, self._remappings = list(parameters or ()), list(remappings or ())
        self._ros_arguments = list(ros_arguments or ())

    def make_argv(self, context: LaunchContext) -> tuple[list[str], str, Callable[[], None]]:
        (executable, *arguments), exec_name, _ = super().make_argv(context)
        argv = (
            [executable]
            if self._package is None
            else command(find_executable(text_of(context, self._package), executable))
        )
        configurations: dict[str, Any] = context.launch_configurations
        name = None if self._node_name is None else text_of(context, self._node_name)
        namespace = configurations.get(NAMESPACE)
        if self._namespace is not None:
            namespace = below(namespace, text_of(context, self._namespace))
        rules = [*configurations.get(REMAPPINGS, ()), *self._remappings]
        remaps = [f"__node:={name}"] * bool(name) + [f"__ns:={namespace}"] * bool(namespace)
        remaps += [f"{text_of(context, a)}:={text_of(context, b)}" for a, b in rules]

        if name:
            self.node_name = below(namespace, name)
        # If the node can have another name, it must take its parameters under any name.
        own = self.node_name if name and namespace else "/**"
        temporary: list[str] = []
        files = []
        try:
            for entry, pattern in [
                *((p, "/**") for p in configurations.get(PARAMETERS, ())),
                *((p, own) for p in self._parameters),
            ]:
                if isinstance(entry, Mapping):
                    temporary.append(
                        write_parameters(pattern, evaluate_parameters(context, entry))
                    )
                    files.append(temporary[-1])
                else:
                    files.append(_existing_file(context, entry))
        except BaseException:
            _remove(temporary)
            raise
        ros = [text_of(context, a) for a in self._ros_arguments]
        ros += [part for rule in remaps for part in ("-r", rule)]
        ros += [part for file in files for part in ("--params-file", file)]
        return ([*argv, *arguments, "--ros-args", *ros], exec_name, lambda: _remove(temporary))


def write_parameters(node: str, parameters: dict[str, Any]) -> str:
    """Write a parameter file for the nodes of this name or pattern; return its path."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="launch_params_", delete=False, encoding="utf-8"
    ) as file:
        file.write(
            parameter_yaml.dump({node: {"ros__parameters": dict(sorted(parameters.items()))}})
        )
    return file.name


def _existing_file(context: LaunchContext, entry: Any) -> str:
    if isinstance(entry, ParameterValue):
        raise TypeError(
            "Node(parameters=...) must list dictionaries and files: put the "
            "ParameterValue into a dictionary, {name: ParameterValue(...)}"
        )
    path = entry.evaluate(context) if isinstance(entry, ParameterFile) else text_of(context, entry)
    if not os.path.isfile(path):
        get_logger("launch_ros.actions.node").warning(f"Parameter file path is not a file: {path}")
    return path


def _remove(files: list[str]) -> None:
    for file in files:
        try:
            os.unlink(file)
        except FileNotFoundError:
            pass
