"""Messages of TensorFlow, with the fields that are read here; protobuf skips all others.

They live in a descriptor pool of their own: nothing clashes with the types that TensorFlow
registers where both are loaded.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from recgen.inspect.records.errors import FormatError

_PACKAGE = "recgen"
# protobuf in pure Python does not wrap what UTF-8 raises; 3.20 in C++ returns a result beside an
# error, which Python refuses.
_ERRORS = (DecodeError, UnicodeDecodeError, SystemError)
_SCALARS = {
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "fixed32": FieldDescriptorProto.TYPE_FIXED32,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "string": FieldDescriptorProto.TYPE_STRING,
}
# A field's number and type. `map` has strings as keys; fields that are `one` exclude each other.
_MESSAGES = {
    # tensorflow/core/example/feature.proto and example.proto
    "BytesList": {"value": (1, "repeated bytes")},
    "FloatList": {"value": (1, "repeated float")},
    "Int64List": {"value": (1, "repeated int64")},
    "Feature": {
        "bytes_list": (1, "one BytesList"),
        "float_list": (2, "one FloatList"),
        "int64_list": (3, "one Int64List"),
    },
    "Features": {"feature": (1, "map Feature")},
    "Example": {"features": (1, "Features")},
    # tensorflow/core/framework/tensor_shape.proto
    "Dim": {"size": (1, "int64")},
    "TensorShapeProto": {"dim": (2, "repeated Dim"), "unknown_rank": (3, "bool")},
    # tensorflow/core/protobuf/saved_object_graph.proto and trackable_object_graph.proto
    "ObjectReference": {"node_id": (1, "int32"), "local_name": (2, "string")},
    "SavedVariable": {"dtype": (1, "int32"), "shape": (2, "TensorShapeProto")},
    "SavedObject": {
        "children": (1, "repeated ObjectReference"),
        "variable": (7, "SavedVariable"),
    },
    "SavedObjectGraph": {"nodes": (1, "repeated SavedObject")},
    # tensorflow/core/protobuf/meta_graph.proto and saved_model.proto
    "TensorInfo": {"dtype": (2, "int32"), "tensor_shape": (3, "TensorShapeProto")},
    "SignatureDef": {"inputs": (1, "map TensorInfo"), "outputs": (2, "map TensorInfo")},
    "MetaInfoDef": {"tensorflow_version": (5, "string")},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"),
        "signature_def": (5, "map SignatureDef"),
        "object_graph_def": (7, "SavedObjectGraph"),
    },
    "SavedModel": {"meta_graphs": (2, "repeated MetaGraphDef")},
    # tensorflow/core/protobuf/tensor_bundle.proto
    "BundleEntryProto": {
        "dtype": (1, "int32"),
        "shape": (2, "TensorShapeProto"),
        "shard_id": (3, "int32"),
        "offset": (4, "int64"),
        "size": (5, "int64"),
        "crc32c": (6, "fixed32"),
    },
}


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="recgen.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, type_) in fields.items():
            _add_field(message, field, number, type_)
    return file


def _add_field(message: DescriptorProto, name: str, number: int, type_: str) -> None:
    label, _, type_ = type_.rpartition(" ")
    field = message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
    if label in ("repeated", "map"):
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if label == "map":  # on the wire, entries of a key and a value
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add_field(entry, "key", 1, "string")
        _add_field(entry, "value", 2, type_)
        type_ = f"{message.name}.{entry.name}"
    if label == "one":
        if not message.oneof_decl:
            message.oneof_decl.add(name="kind")
        field.oneof_index = 0
    if type_ in _SCALARS:
        field.type = _SCALARS[type_]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{type_}"


_POOL = DescriptorPool()
_POOL.AddSerializedFile(_file().SerializeToString())


def message_class(name: str) -> Any:
    """Return the class of a message."""
    descriptor = _POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    # protobuf 3.20, which TensorFlow 2.16's packages want on Python 3.10
    return message_factory.MessageFactory(_POOL).GetPrototype(descriptor)


Example = message_class("Example")
"""A `tf.train.Example`."""


def parse(message: Any, data: bytes) -> Any:
    """Return what bytes say as a message.

    Args:
        message: Its class.
        data: The bytes.

    Raises:
        FormatError: They are not such a message.
    """
    try:
        return message.FromString(data)
    except _ERRORS:
        raise FormatError(
            f"its bytes are not a message of type {message.DESCRIPTOR.name}"
        ) from None
