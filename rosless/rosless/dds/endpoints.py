# SPDX-License-Identifier: Apache-2.0
"""Writers, readers and wait sets, any of which another thread may end at any time."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager, suppress
from functools import partial
from typing import AbstractSet, Any, Iterator

import cyclonedds.core
from cyclonedds._clayer import ddspy_take
from cyclonedds.core import (
    DDSException,
    Entity,
    InstanceState,
    ReadCondition,
    SampleState,
    ViewState,
)
from cyclonedds.internal import DDS, SampleInfo
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader

# The C part of the library makes a SampleInfo for each sample. It crashes (11.0.1) if that raises,
# as it does if a signal handler raises (Ctrl-C!) while Python code of the class runs. So the C
# part gets `partial(SampleInfo, <figures>)` instead, which runs no Python code: see `info_of`.
SampleInfo.__new__ = staticmethod(partial(partial))


def info_of(made_in_c: partial) -> SampleInfo:
    """Return the SampleInfo for what the C part made instead of one."""
    info = object.__new__(SampleInfo)
    info.__init__(*made_in_c.args)
    return info


_INFINITE_NS = 2**63 - 1  # DDS_INFINITY
_MOST_WRITERS = 1000  # remembered; they come and go


class _Endpoint(ctypes.Structure):
    """What DDS tells of a writer, dds_builtintopic_endpoint_t.

    Not by the library's own method: it makes a Python object with DDS's locks held, which a signal
    handler that raises would leave locked.
    """

    _fields_ = (
        ("key", ctypes.c_uint8 * 16),
        ("participant_key", ctypes.c_uint8 * 16),
        ("participant", ctypes.c_uint64),
        ("topic_name", ctypes.c_char_p),
        ("type_name", ctypes.c_char_p),
        ("qos", ctypes.c_void_p),
    )


_matched_publication = DDS._dll_handle.dds_get_matched_publication_data
_matched_publication.argtypes = [ctypes.c_int32, ctypes.c_uint64]
_matched_publication.restype = ctypes.POINTER(_Endpoint)
_free_endpoint = DDS._dll_handle.dds_builtintopic_free_endpoint
_free_endpoint.argtypes = [ctypes.POINTER(_Endpoint)]
_free_endpoint.restype = None


class Gone(RuntimeError):
    """A reader or writer was used after its end."""


@contextmanager
def or_gone(entity: Entity) -> Iterator[None]:
    """Raise Gone, not DDSException, if the entity has ended."""
    try:
        yield
    except DDSException as err:
        if err.code not in (
            DDSException.DDS_RETCODE_BAD_PARAMETER,
            DDSException.DDS_RETCODE_ALREADY_DELETED,
        ):
            raise
        raise Gone(f"{type(entity).__name__} was destroyed, or its context was") from err


def end(entity: Entity) -> None:
    """End an entity now, not when Python collects it; do nothing if it has ended."""
    entity._delete(entity._ref)


def _count(found: int) -> int:
    # The library's functions that list matches fail if a match was added during the call.
    if found < 0:
        raise DDSException(found, "Occurred while counting the matches of a reader or writer")
    return found


class Writer:
    """Writes CDR to a topic."""

    def __init__(self, writer: DataWriter, raw_type: type) -> None:
        self._dds, self._type = writer, raw_type
        self.gid = writer.get_guid().bytes
        self.identity = writer.get_instance_handle() & (2**64 - 1)

    def write(self, data: bytes) -> bool:
        """Write a message; return False if slow readers left no room for it in time.

        Raises Gone.
        """
        sample = self._type.__new__(self._type)
        sample.raw = data
        try:
            with or_gone(self._dds):
                self._dds.write(sample)
        except DDSException as err:
            if err.code != DDSException.DDS_RETCODE_TIMEOUT:
                raise
            return False
        return True

    def matched(self) -> int:
        """Return the number of its readers. Raises Gone."""
        with or_gone(self._dds):
            return _count(self._dds._get_matched_subscriptions(self._dds._ref, None, 0))

    def wait_for_acks(self, timeout_ns: int) -> bool:
        """Wait until its reliable readers have got everything; return whether they have. A
        negative timeout waits for ever.

        Raises Gone.
        """
        wait_ns = timeout_ns if timeout_ns >= 0 else _INFINITE_NS
        with or_gone(self._dds):
            # Not the library's own method, which fails where the time is up (11.0.1).
            code = self._dds._wait_for_acks(self._dds._ref, wait_ns)
            if code not in (0, DDSException.DDS_RETCODE_TIMEOUT):
                raise DDSException(code, f"Occurred while waiting for acks of {self._dds!r}")
        return code == 0

    def end(self) -> None:
        end(self._dds)


class Reader:
    """Reads CDR from a topic.

    Args:
        type_name: of the topic's type, in DDS. Cyclone DDS compares what types consist of, and
            those here have no members, so writers of other types match, too: what they send is
            dropped.
    """

    def __init__(self, reader: DataReader, type_name: str) -> None:
        self._dds, self._type_name = reader, type_name
        self._same_type: dict[int, bool] = {}  # by writer
        self.condition = ReadCondition(reader, ViewState.Any | InstanceState.Any | SampleState.Any)
        self.gid = reader.get_guid().bytes

    def ready(self) -> bool:
        """Return whether there is a sample to take."""
        try:
            return self.condition.triggered
        except DDSException:  # it has ended
            return False

    def take(self, count: int = 1) -> list[tuple[bytes, Any]]:
        """Take the oldest samples: the CDR and DDS's SampleInfo of each; none if it has ended."""
        try:
            with or_gone(self._dds):
                taken = ddspy_take(self._dds._ref, self.condition.mask, count)
                if isinstance(taken, int):
                    raise DDSException(taken, f"Occurred while taking data in {self._dds!r}")
        except Gone:
            return []
        samples = ((data, info_of(made)) for data, made in taken)
        return [
            (data, info)
            for data, info in samples
            if info.valid_data and self._is_of_this_type(info.publication_handle)
        ]

    def _is_of_this_type(self, writer: int) -> bool:
        """Whether a writer has this topic's type; True of one that has gone already."""
        same = self._same_type.get(writer)
        if same is None:
            found = _matched_publication(self._dds._ref, writer)
            if not found:
                return True
            same = found.contents.type_name.decode() == self._type_name
            _free_endpoint(found)
            if len(self._same_type) >= _MOST_WRITERS:
                self._same_type.clear()
            self._same_type[writer] = same
        return same

    def matched(self) -> int:
        """Return the number of its writers. Raises Gone."""
        with or_gone(self._dds):
            return _count(self._dds._get_matched_publications(self._dds._ref, None, 0))

    def end(self) -> None:
        end(self._dds)


class WaitSet(cyclonedds.core.WaitSet):
    """Waits until one of several conditions is true."""

    _kept: AbstractSet[Entity] = frozenset()

    def keep(self, conditions: set[Entity]) -> None:
        """Wait for exactly these conditions from now on, except those of ended readers."""
        if conditions == self._kept:
            return
        self._kept = conditions
        for condition, _ in list(self.attached):
            if condition not in conditions:
                self._waitset_detach(self._ref, condition._ref)
        self.attached = [a for a in self.attached if a[0] in conditions]
        for condition in conditions - {a[0] for a in self.attached}:
            with suppress(Gone), or_gone(condition):
                self.attach(condition)
