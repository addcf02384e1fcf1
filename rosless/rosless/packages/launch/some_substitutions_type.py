# SPDX-License-Identifier: Apache-2.0
"""What can be given where text is wanted."""

from os import PathLike
from typing import Iterable, Union

from launch.substitution import Substitution

SomeSubstitutionsType = Union[
    str, PathLike, Substitution, Iterable[Union[str, PathLike, Substitution]]
]
SomeSubstitutionsType_types_tuple = (str, PathLike, Substitution, list, tuple)
