# SPDX-License-Identifier: Apache-2.0
"""Substitutions: text that is only known while launching."""

from __future__ import annotations

import importlib
import math
import os
import shutil
from typing import Callable, Iterable

from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure
from launch.utilities import as_bool, normalize_to_list_of_substitutions, perform_substitutions


class TextSubstitution(Substitution):
    """Text as it is."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution(text={text!r}): text must be a str")
        self.text = text

    def perform(self, context: LaunchContext) -> str:
        return self.text

    def describe(self) -> str:
        return repr(self.text)


class _Composed(Substitution):
    """A substitution made from the text of others."""

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
    """Parts of a path, joined; each may be several substitutions in a row."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        super().__init__(*substitutions)

    def perform(self, context: LaunchContext) -> str:
        return os.path.join(*self.texts(context))


class PythonExpression(_Composed):
    """What Python makes of the text; the names of `python_modules` may stand in it."""

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
    """The path of an executable on PATH."""

    def __init__(self, *, name: SomeSubstitutionsType) -> None:
        super().__init__(name)

    def perform(self, context: LaunchContext) -> str:
        (name,) = self.texts(context)
        if (path := shutil.which(name)) is None:
            raise SubstitutionFailure(f"executable {name!r} not found on the PATH")
        return path


class ThisLaunchFile(Substitution):
    """The path of the launch file that is being visited."""

    def perform(self, context: LaunchContext) -> str:
        if not context.launch_file:
            raise SubstitutionFailure("ThisLaunchFile used outside of a launch file (in a script)")
        return context.launch_file


class ThisLaunchFileDir(ThisLaunchFile):
    """The folder of the launch file that is being visited."""

    def perform(self, context: LaunchContext) -> str:
        return os.path.dirname(super().perform(context))


class NotSubstitution(_Composed):
    """`true` if the text means false, else `false`."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        super().__init__(value)

    def perform(self, context: LaunchContext) -> str:
        return _lower(not as_bool(self.texts(context)[0]))


class _Pair(_Composed):
    """`true` or `false`, from two texts."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)

    def perform(self, context: LaunchContext) -> str:
        return _lower(self._holds(*self.texts(context)))

    def _holds(self, left: str, right: str) -> bool:
        raise NotImplementedError


class AndSubstitution(_Pair):
    """Whether both are true."""

    def _holds(self, left: str, right: str) -> bool:
        return as_bool(left) & as_bool(right)  # both are checked


class OrSubstitution(_Pair):
    """Whether one is true."""

    def _holds(self, left: str, right: str) -> bool:
        return as_bool(left) | as_bool(right)


class EqualsSubstitution(_Pair):
    """Whether both are the same text, the same number or the same truth."""

    def _holds(self, left: str, right: str) -> bool:
        def same(convert: Callable[[str], float]) -> bool:
            try:
                return math.isclose(convert(left), convert(right))
            except (ValueError, SubstitutionFailure):
                return False

        return left == right or same(float) or same(as_bool)


class NotEqualsSubstitution(EqualsSubstitution):
    """Whether EqualsSubstitution is false."""

    def _holds(self, left: str, right: str) -> bool:
        return not super()._holds(left, right)


class IfElseSubstitution(_Composed):
    """One of two texts."""

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
