"""Vectors on their way to and from the database, as binary."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from typing_extensions import override

_FLOAT4_OID = 700
_FLOAT4_ARRAY_OID = 1021
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">f4")])


class Float32ArrayDumper(Dumper):
    """Sends a one-dimensional array as `real[]`, which casts to `vector` on the server.

    Source: PostgreSQL's `array_recv`: dimensions, flags, element type, then length and lower bound, then
    each element behind its size.
    """

    format = Format.BINARY
    oid = _FLOAT4_ARRAY_OID

    @override
    def dump(self, obj: NDArray[np.float32]) -> Buffer:
        """The array in PostgreSQL's binary format."""
        head = np.array([1, 0, _FLOAT4_OID, obj.size, 1], dtype=">i4").tobytes()
        body = np.empty(obj.size, dtype=_ELEMENT)
        body["size"] = 4
        body["value"] = obj
        return head + body.tobytes()


def register_vectors(connection: AsyncConnection[Any]) -> None:
    """Teaches a connection to send numpy arrays."""
    connection.adapters.register_dumper(np.ndarray, Float32ArrayDumper)


def vector_from_bytes(raw: bytes) -> NDArray[np.float32]:
    """A vector out of what `vector_send` gives: width, an unused number, big-endian floats."""
    return np.frombuffer(raw, dtype=">f4", offset=4).astype(np.float32)
