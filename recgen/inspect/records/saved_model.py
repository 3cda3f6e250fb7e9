"""What a saved_model.pb says of its signatures and variables. Its graphs are not looked at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recgen.inspect.records.errors import FormatError, limited
from recgen.inspect.records.messages import message_class, parse
from recgen.inspect.records.places import Place
from recgen.inspect.records.stream import read_whole
from recgen.inspect.records.tensors import Shape, shape_of, type_name

FILE_NAME = "saved_model.pb"
MAX_OBJECTS = 100_000
"""Objects of a model that are looked through for variables."""

_SAVED_MODEL = message_class("SavedModel")
_MAX_SIZE = 2**25  # bytes
_MAX_TENSORS = 10_000  # of all signatures together
_MAX_PATH = 1000  # characters
_KERAS_LISTS = {"keras_api", "layers", "metrics", "variables"}
_KERAS_LISTS |= {f"{kind}_variables" for kind in ("trainable", "non_trainable", "_all")}
_INIT = "__saved_model_init_op"  # a signature that initializes, and that nobody calls


@dataclass(frozen=True)
class Tensor:
    """A tensor's type and shape."""

    dtype: str
    shape: Shape


@dataclass(frozen=True)
class Signature:
    """What a client sends to a model, and what it gets."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


@dataclass(frozen=True)
class SavedModel:
    """What a saved_model.pb says.

    Attributes:
        tensorflow: The version that wrote it, if it says so.
        signatures: By name.
        variables: By the attributes that lead to them, such as `query_tower.projection.kernel`.
    """

    tensorflow: str
    signatures: Mapping[str, Signature]
    variables: Mapping[str, Tensor]


def read_saved_model(path: Place) -> SavedModel:
    """Return what a file says.

    Raises:
        FormatError: It is not a SavedModel, or is too large.
        OSError: The file cannot be read.
    """
    return parse_saved_model(read_whole(path, _MAX_SIZE))


def parse_saved_model(data: bytes) -> SavedModel:
    """Return what a SavedModel message says, of its first graph.

    Raises:
        FormatError: It is not one, or holds too much.
    """
    graphs = parse(_SAVED_MODEL, data).meta_graphs
    if not graphs:
        raise FormatError("it holds no graph")
    graph = graphs[0]
    defined = graph.signature_def
    if sum(1 + len(each.inputs) + len(each.outputs) for each in defined.values()) > _MAX_TENSORS:
        raise FormatError(f"its signatures have more than {_MAX_TENSORS:,} inputs and outputs")
    signatures = {
        name: Signature(_tensors(each.inputs), _tensors(each.outputs))
        for name, each in defined.items()
        if name != _INIT
    }
    objects = limited(graph.object_graph_def.nodes, MAX_OBJECTS, "objects")
    return SavedModel(graph.meta_info_def.tensorflow_version, signatures, _variables(objects))


def _tensors(infos: Mapping[str, Any]) -> dict[str, Tensor]:
    return {
        name: Tensor(type_name(info.dtype), shape_of(info.tensor_shape))
        for name, info in infos.items()
    }


def _variables(objects: Sequence[Any]) -> dict[str, Tensor]:
    """Return the variables by the shortest path to each from the root, which is first."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    paths = OrderedDict({0: ""} if objects else {})
    later: OrderedDict[int, str] = OrderedDict()  # Keras' own lists do not name a layer
    while paths or later:
        number, path = (paths or later).popitem(last=False)
        if number in seen:
            continue
        seen.add(number)
        if objects[number].HasField("variable"):
            variable = objects[number].variable
            found[path] = Tensor(type_name(variable.dtype), shape_of(variable.shape))
        for child in objects[number].children:
            way = later if child.local_name in _KERAS_LISTS else paths
            is_new = child.node_id not in seen and child.node_id not in way
            if is_new and 0 <= child.node_id < len(objects):
                way[child.node_id] = _joined(path, child.local_name)
    return found


def _joined(path: str, name: str) -> str:
    joined = f"{path}.{name}" if path else name
    if len(joined) > _MAX_PATH:
        raise FormatError(f"an object's path is longer than {_MAX_PATH:,} characters")
    return joined
