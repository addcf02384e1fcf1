# SPDX-License-Identifier: Apache-2.0
"""Substitutions: text that is known only at launch."""

from __future__ import annotations

import importlib
import math
import os
import shutil
from typing import Callable, Iterable

from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure, TextSubstitution  # noqa: F401
from launch.utilities import as_bool, normalize_to_list_of_substitutions, perform_substitutions


class _Composed(Substitution):
    """A substitution made of others."""

    def __init__(self, *parts: SomeSubstitutionsType) -> None:
        self._parts = [normalize_to_list_of_substitutions(p) for p in parts]

    def texts(self, context: LaunchContext) -> list[str]:
        return [perform_substitutions(context, part) for part in self._parts]

    def describe(self) -> str:
        parts = (" + ".join(s.describe() for s in part) for part in self._parts)
        return f"{type(self).__name__}({', '.join(parts)})"


class _Named(_Composed):
    """A substitution that looks up a name, and may have a default."""

    def __init__(
        self, name: SomeSubstitutionsType, default: SomeSubstitutionsType | None = None
    ) -> None:
        super().__init__(name, *([] if default is None else [default]))

    def _look_up(
        self, context: LaunchContext, values: Callable[[str], str | None], what: str
    ) -> str:
        name = perform_substitutions(context, self._parts[0])
        if (value := values(name)) is not None:
            return value
        if len(self._parts) == 1:
            raise SubstitutionFailure(f"{what} {name!r} does not exist")
        return perform_substitutions(context, self._parts[1])


class LaunchConfiguration(_Named):
    """The value of a launch configuration, such as a declared launch argument."""

    def __init__(
        self, variable_name: SomeSubstitutionsType, *, default: SomeSubstitutionsType | None = None
    ) -> None:
        super().__init__(variable_name, default)

    def perform(self, context: LaunchContext) -> str:
        return self._look_up(context, context.launch_configurations.get, "launch configuration")


class EnvironmentVariable(_Named):
    """The value of an environment variable."""

    def __init__(
        self, name: SomeSubstitutionsType, *, default_value: SomeSubstitutionsType | None = None
    ) -> None:
        super().__init__(name, default_value)

    def perform(self, context: LaunchContext) -> str:
        return self._look_up(context, context.environment.get, "environment variable")


class PathJoinSubstitution(_Composed):
    """The parts of a path, joined; each part may be a list of substitutions."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        super().__init__(*substitutions)

    def perform(self, context: LaunchContext) -> str:
        return os.path.join(*self.texts(context))


class PythonExpression(_Composed):
    """The value of a Python expression, which may use the modules in `python_modules`."""

    def __init__(
        self, expression: SomeSubstitutionsType, python_modules: SomeSubstitutionsType = "math"
    ) -> None:
        super().__init__(expression)
        self._modules = normalize_to_list_of_substitutions(python_modules)

    def perform(self, context: LaunchContext) -> str:
        (text,) = self.texts(context)
        names = [context.perform_substitution(m) for m in self._modules]
        known = dict(vars(math)) if names == ["math"] else {}
        known.update((name, importlib.import_module(name)) for name in names)
        try:
            return str(eval(text, {}, known))
        except Exception as err:
            raise SubstitutionFailure(
                f"Python expression {text!r} has no value: {type(err).__name__}: {err}"
            ) from err


class FindExecutable(_Composed):
    """The path of an executable that is on PATH."""

    def __init__(self, *, name: SomeSubstitutionsType) -> None:
        super().__init__(name)

    def perform(self, context: LaunchContext) -> str:
        (name,) = self.texts(context)
        if (path := shutil.which(name)) is None:
            raise SubstitutionFailure(f"executable {name!r} not found on the PATH")
        return path


class ThisLaunchFile(Substitution):
    """The path of the launch file that is being launched."""

    def perform(self, context: LaunchContext) -> str:
        if not context.launch_file:
            raise SubstitutionFailure("ThisLaunchFile used outside of a launch file (in a script)")
        return context.launch_file


class ThisLaunchFileDir(ThisLaunchFile):
    """The folder of the launch file that is being launched."""

    def perform(self, context: LaunchContext) -> str:
        return os.path.dirname(super().perform(context))


class NotSubstitution(_Composed):
    """`true` if the text means false, else `false`."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        super().__init__(value)

    def perform(self, context: LaunchContext) -> str:
        return _lower(not as_bool(self.texts(context)[0]))


class _Pair(_Composed):
    """`true` or `false`, as two texts say."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)

    def perform(self, context: LaunchContext) -> str:
        return _lower(self._holds(*self.texts(context)))

    def _holds(self, left: str, right: str) -> bool:
        raise NotImplementedError


class AndSubstitution(_Pair):
    """`true` if both texts mean true, else `false`."""

    def _holds(self, left: str, right: str) -> bool:
        return as_bool(left) & as_bool(right)  # both are checked


class OrSubstitution(_Pair):
    """`true` if one of the texts means true, else `false`."""

    def _holds(self, left: str, right: str) -> bool:
        return as_bool(left) | as_bool(right)


class EqualsSubstitution(_Pair):
    """`true` if both are the same text, number or boolean, else `false`."""

    def _holds(self, left: str, right: str) -> bool:
        def same(convert: Callable[[str], float]) -> bool:
            try:
                return math.isclose(convert(left), convert(right))
            except (ValueError, SubstitutionFailure):
                return False

        return left == right or same(float) or same(as_bool)


class NotEqualsSubstitution(EqualsSubstitution):
    """`false` if both are the same text, number or boolean, else `true`."""

    def _holds(self, left: str, right: str) -> bool:
        return not super()._holds(left, right)


class IfElseSubstitution(_Composed):
    """One of two texts, depending on a condition."""

    def __init__(
        self,
        condition: SomeSubstitutionsType,
        if_value: SomeSubstitutionsType = "",
        else_value: SomeSubstitutionsType = "",
    ) -> None:
        if not if_value and not else_value:
            raise RuntimeError("IfElseSubstitution needs if_value, else_value or both")
        super().__init__(condition, if_value, else_value)

    def perform(self, context: LaunchContext) -> str:
        condition, if_value, else_value = self._parts
        chosen = as_bool(perform_substitutions(context, condition))
        return perform_substitutions(context, if_value if chosen else else_value)


def _lower(value: bool) -> str:
    return str(bool(value)).lower()
