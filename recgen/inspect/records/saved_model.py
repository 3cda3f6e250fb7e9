"""What a saved_model.pb says of its signatures and variables. Its graphs are not looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from recgen.inspect.records.tensors import Shape, read_shape, type_name
from recgen.inspect.records.wire import BYTES, VARINT, FormatError, fields, signed, text

FILE_NAME = "saved_model.pb"
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


def read_saved_model(path: Path) -> SavedModel:
    """Returns what a file says.

    Raises:
        FormatError: It is no SavedModel.
        OSError: The file cannot be read.
    """
    return parse_saved_model(memoryview(path.read_bytes()))


def parse_saved_model(data: memoryview) -> SavedModel:
    """Returns what a SavedModel message says, of its first graph.

    Raises:
        FormatError: It is none.
    """
    graph = next(_of(data, 2), None)
    if graph is None:
        raise FormatError("it holds no graph")
    version = ""
    signatures: dict[str, Signature] = {}
    variables: dict[str, Tensor] = {}
    for number, kind, _, content in fields(graph):
        if (number, kind) == (1, BYTES):
            version = next(map(text, _of(content, 5)), version)
        elif (number, kind) == (5, BYTES):
            name, value = _entry(content)
            signatures[name] = Signature(_tensors(value, 1), _tensors(value, 2))
        elif (number, kind) == (7, BYTES):
            variables = _variables([_node(node) for node in _of(content, 1)])
    signatures.pop(_INIT, None)
    return SavedModel(version, signatures, variables)


def _of(data: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yields the messages and strings in a field."""
    for number, kind, _, content in fields(data):
        if (number, kind) == (wanted, BYTES):
            yield content


def _entry(data: memoryview) -> tuple[str, memoryview]:
    """Returns key and value of a map's entry."""
    none = memoryview(b"")
    return text(next(_of(data, 1), none)), next(_of(data, 2), none)


def _tensors(signature: memoryview, wanted: int) -> dict[str, Tensor]:
    """Returns the inputs or outputs of a SignatureDef."""
    entries = map(_entry, _of(signature, wanted))
    return {name: _tensor(info, dtype=2, shape=3) for name, info in entries}


def _tensor(data: memoryview, dtype: int, shape: int) -> Tensor:
    """Returns what a message says in these two fields."""
    found, dimensions = 0, memoryview(b"")
    for number, kind, value, content in fields(data):
        if (number, kind) == (dtype, VARINT):
            found = value
        elif (number, kind) == (shape, BYTES):
            dimensions = content
    return Tensor(type_name(found), read_shape(dimensions))


@dataclass(frozen=True)
class _Node:
    """An object: the numbers of those that its attributes are, and what it is as a variable."""

    children: Mapping[str, int]
    variable: Tensor | None


def _node(data: memoryview) -> _Node:
    children: dict[str, int] = {}
    for child in _of(data, 1):
        to, name = 0, ""
        for number, kind, value, content in fields(child):
            if (number, kind) == (1, VARINT):
                to = signed(value)
            elif (number, kind) == (2, BYTES):
                name = text(content)
        children[name] = to
    variable = next(_of(data, 7), None)
    return _Node(children, _tensor(variable, dtype=1, shape=2) if variable else None)


def _variables(nodes: list[_Node]) -> dict[str, Tensor]:
    """Returns the variables by the shortest path to each from the root, which is first."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    paths = deque([("", 0)] if nodes else [])
    later: deque[tuple[str, int]] = deque()  # Keras' own lists name no layer
    while paths or later:
        path, number = (paths or later).popleft()
        if number in seen:
            continue
        seen.add(number)
        if variable := nodes[number].variable:
            found[path] = variable
        for name, child in nodes[number].children.items():
            if 0 <= child < len(nodes) and child not in seen:
                way = later if name in _KERAS_LISTS else paths
                way.append((f"{path}.{name}" if path else name, child))
    return found
