# SPDX-License-Identifier: Apache-2.0
"""Message fields: defaults, validation of assigned values, and conversion for rosbags.

Invalid values raise AssertionError, as in ROS 2.
"""

from __future__ import annotations

import math
from array import array
from typing import Any, Callable, NamedTuple

import numpy as np

CODES = {
    "int8": "b",
    "uint8": "B",
    "char": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
_FLOAT32_MAX = float(np.finfo(np.float32).max)


class Field(NamedTuple):
    """A field's IDL name, default, validation, and conversion for rosbags."""

    idl: str
    default: Callable[[], Any]
    check: Callable[[str, Any], Any]  # (field name, value) -> stored value
    to_wire: Callable[[Any], Any] | None = None
    from_wire: Callable[[Any], Any] | None = None


def checked(name: str, field: Field) -> property:
    """Return the property of a message class for a field."""
    slot = "_" + name
    return property(
        lambda self: getattr(self, slot),
        lambda self, value: setattr(self, slot, field.check(name, value)),
    )


def require(holds: Any, name: str, what: str, value: Any) -> None:
    if not holds:
        raise AssertionError(f"The '{name}' field must be {what}, not {value!r}")


def scalar(base: str, bound: int, default: Any) -> Field:
    """Make a field of a primitive type; `bound` is the maximum length of a string, 0 for none."""
    if base == "string":
        return _string(bound, default)
    if base == "bool":
        return _bool(default)
    if base == "byte":
        return _byte(default)
    if base.startswith("float"):
        return _float(base, default)
    if base in CODES:
        return _integer(base, default)
    raise NotImplementedError(f"rosless has no fields of type {base!r}; a full ROS 2 has them")


def _string(bound: int, default: Any) -> Field:
    def check(name: str, value: Any) -> Any:
        require(isinstance(value, str), name, "of type 'str'", value)
        fits = not bound or len(value) <= bound
        require(fits, name, f"of at most {bound} characters", value)
        return value

    return Field(f"string<{bound}>" if bound else "string", lambda: default or "", check)


def _bool(default: Any) -> Field:
    def check(name: str, value: Any) -> Any:
        require(isinstance(value, bool), name, "of type 'bool'", value)
        return value

    return Field("boolean", lambda: bool(default), check)


def _byte(default: Any) -> Field:
    def check(name: str, value: Any) -> Any:
        one = isinstance(value, bytes) and len(value) == 1
        require(one, name, "of type 'bytes' with length 1", value)
        return value

    return Field(
        "octet",
        lambda: bytes([default or 0]),
        check,
        lambda v: int.from_bytes(v, "little", signed=True),
        lambda v: v.to_bytes(1, "little", signed=True),
    )


def _float(base: str, default: Any) -> Field:
    idl, limit = ("float", _FLOAT32_MAX) if base == "float32" else ("double", math.inf)

    def check(name: str, value: Any) -> Any:
        require(isinstance(value, float), name, "of type 'float'", value)
        fits = abs(value) <= limit or not math.isfinite(value)
        require(fits, name, f"a {idl} in [-{limit}, {limit}]", value)
        return value

    return Field(idl, lambda: float(default or 0), check)


def _integer(base: str, default: Any) -> Field:
    low, high = (int(v) for v in (np.iinfo(_dtype(base)).min, np.iinfo(_dtype(base)).max))
    kind = f"an integer in [{low}, {high}]"

    def check(name: str, value: Any) -> Any:
        require(isinstance(value, int), name, "of type 'int'", value)
        require(low <= value <= high, name, kind, value)
        return value

    return Field("uint8" if base == "char" else base, lambda: int(default or 0), check)


def _dtype(base: str) -> np.dtype:
    return np.dtype(CODES[base])


def numbers(base: str, length: int, fixed: bool, idl: str, default: Any) -> Field:
    """Make a field of numbers: a numpy array if the length is fixed, else an `array.array`."""
    dtype, code = _dtype(base), CODES[base]

    def check(name: str, value: Any) -> Any:
        require(
            hasattr(value, "__len__") and not isinstance(value, (str, set)),
            name,
            f"a sequence of {base}",
            value,
        )
        _require_length(name, value, length, fixed)
        if fixed:
            if isinstance(value, np.ndarray):
                require(
                    (value.dtype, value.ndim) == (dtype, 1),
                    name,
                    f"one-dimensional with dtype {dtype}",
                    f"{value.ndim}-dimensional {value.dtype}",
                )
                return value
        elif isinstance(value, array) and value.typecode == code:
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            value = np.frombuffer(value, np.uint8)
        try:
            exact = _exact(value, dtype)
            return exact if fixed else _array(code, np.ascontiguousarray(exact).ravel())
        except (TypeError, ValueError, OverflowError) as err:
            raise AssertionError(
                f"The '{name}' field must hold only {base} values: {err}"
            ) from err

    if fixed:
        return Field(
            idl,
            lambda: np.array(default or [0] * length, dtype),
            check,
            np.ascontiguousarray,
            np.array,
        )
    return Field(
        idl,
        lambda: array(code, default or []),
        check,
        lambda v: np.frombuffer(v, dtype) if len(v) else np.empty(0, dtype),
        lambda v: _array(code, v),
    )


def _require_length(name: str, value: Any, length: int, fixed: bool) -> None:
    wrong = len(value) != length if fixed else length and len(value) > length
    require(
        not wrong,
        name,
        f"a sequence of {'exactly' if fixed else 'at most'} {length} elements",
        f"{len(value)} elements",
    )


def _array(code: str, values: np.ndarray) -> array:
    made = array(code)
    made.frombytes(memoryview(values).cast("B") if len(values) else b"")  # copies once
    return made


def _exact(value: Any, dtype: np.dtype) -> np.ndarray:
    """Convert to `dtype`; raise if that would change a value (300 as uint8, 0.5 as an int)."""
    given = np.asarray(value)
    if given.size and not np.can_cast(given.dtype, dtype, "same_kind"):
        if given.dtype.kind not in "iu" or dtype.kind == "b":
            raise TypeError(f"{given.dtype} is not {dtype}")
    if given.size and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if given.min() < limits.min or given.max() > limits.max:
            raise ValueError(f"outside [{limits.min}, {limits.max}]")
    return given.astype(dtype)


def many(
    element: Field, base: str | None, length: int, fixed: bool, idl: str, default: Any
) -> Field:
    """Make a field of a list of anything else.

    Args:
        length: the exact length if `fixed`, else the maximum length, 0 for none.
    """

    def check(name: str, value: Any) -> Any:
        require(
            hasattr(value, "__iter__") and not isinstance(value, (str, bytes)),
            name,
            f"a sequence of {element.idl}",
            value,
        )
        checked = [element.check(name, v) for v in value]
        _require_length(name, checked, length, fixed)
        return value if isinstance(value, list) else checked

    if base == "byte" and default:
        default = [bytes([value & 0xFF]) for value in default]

    def make() -> list:
        return list(default) if default else [element.default() for _ in range(fixed * length)]

    if base == "bool":
        return Field(idl, make, check, lambda v: np.array(v, np.bool_), lambda v: v.tolist())
    if base == "byte":
        return Field(
            idl,
            make,
            check,
            lambda v: np.frombuffer(b"".join(v), np.int8),
            lambda v: [bytes([b]) for b in v.view(np.uint8).tolist()],
        )
    return Field(idl, make, check)
