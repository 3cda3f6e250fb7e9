"""The features that a schema.pbtxt of tensorflow-metadata names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import text_format
from google.protobuf.empty_pb2 import Empty
from tensorflow_metadata.proto.v0 import schema_pb2

from recgen.inspect.records.columns import Kind
from recgen.inspect.records.errors import FormatError, limited
from recgen.inspect.records.places import Place
from recgen.inspect.records.stream import read_whole

MAX_SCHEMA = 2**21
"""Bytes of the largest schema that is read: 2 MiB, which ten thousand features take."""

MAX_MESSAGES = 50_000
"""Messages in a schema: five for each of ten thousand features; protobuf takes 0.1 ms for one."""

_MAX_LINE = 2**16  # bytes; protobuf copies the line for each token that it does not expect
_MAX_DIMENSIONS = 254  # of a tensor, as in TensorFlow
_MAX_MESSAGE = 200  # characters of what protobuf says, which repeats the whole line
_KINDS: dict[int, Kind] = {
    schema_pb2.BYTES: "bytes",
    schema_pb2.INT: "int64",
    schema_pb2.FLOAT: "float",
}


@dataclass(frozen=True)
class FeatureSchema:
    """A feature.

    Attributes:
        name: Its name.
        kind: The kind of its values; `none` where the schema does not say it.
        low: The smallest integer that it may have, if there is one.
        high: The largest.
        required: Whether every row has it.
        shape: Its dimensions, `()` for a single value; None where the number of values varies.
    """

    name: str
    kind: Kind
    low: int | None = None
    high: int | None = None
    required: bool = False
    shape: tuple[int, ...] | None = None


def read_schema(path: Place) -> tuple[FeatureSchema, ...]:
    """Return the features in a file, in its order.

    Raises:
        FormatError: The file is not a schema, or is too large.
        OSError: The file cannot be read.
    """
    text = read_whole(path, MAX_SCHEMA)
    if max(map(len, text.split(b"\n"))) > _MAX_LINE:
        raise FormatError(f"a line is longer than {_MAX_LINE:,} bytes")
    if (messages := text.count(b"{") + text.count(b"<")) > MAX_MESSAGES:
        raise FormatError(f"it has {messages:,} messages; at most {MAX_MESSAGES:,} are read")
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(
            text,
            schema,
            allow_unknown_extension=True,
            allow_unknown_field=True,  # of a newer tensorflow-metadata
            descriptor_pool=_AnyType(),
        )
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise FormatError(_shortened(str(error))) from None
    except RecursionError:
        raise FormatError("its messages are nested too deeply") from None
    return tuple(map(_feature, schema.feature))


class _AnyType:
    """Knows a type for whatever an annotation holds, and none of its fields: all are skipped."""

    def FindMessageTypeByName(self, name: str) -> Any:  # noqa: N802 - protobuf calls it
        return Empty.DESCRIPTOR


def _shortened(message: str) -> str:
    if len(message) <= _MAX_MESSAGE:
        return message
    return f"{message[: _MAX_MESSAGE // 2]} … {message[-_MAX_MESSAGE // 2 :]}"


def _feature(message: Any) -> FeatureSchema:
    domain, shape = message.int_domain, message.shape
    dimensions = limited(shape.dim, _MAX_DIMENSIONS, "dimensions of a feature")
    return FeatureSchema(
        name=message.name,
        kind=_KINDS.get(message.type, "none"),
        low=domain.min if domain.HasField("min") else None,
        high=domain.max if domain.HasField("max") else None,
        required=message.presence.min_fraction >= 1,
        shape=tuple(d.size or -1 for d in dimensions) if message.HasField("shape") else None,
    )
