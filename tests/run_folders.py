"""A small run directory as a training leaves it, written without TensorFlow, to be broken."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from metrics_data import metrics_data
from record_files import example, write_records

from recgen.inspect.records.checksum import masked_crc

CONFIG = {
    "name": "shop",
    "features": {
        "buyer_id_column": "buyer",
        "product_id_column": "sku",
        "buyer_model_features": [
            {"column": "buyer", "transforms": {"embedding": {"embedding_dim": 8}}}
            | {"data_type": "text"},
        ],
        "product_model_features": [
            {"column": "sku", "transforms": {"embedding": {"embedding_dim": 16}}}
            | {"data_type": "text"},
            {"column": "price", "data_type": "numeric", "transforms": {"normalize": {}}},
        ],
    },
    "model": {"output_embedding_dim": 32, "epochs": 2},
    "data": {"split": {"kind": "strict_time", "date_column": "day"}},
}
BUYERS, PRODUCTS = 6, 10
ROWS = {"train": 60, "eval": 12, "test": 12}
_START = {"train": 1_700_000_000, "eval": 1_710_000_000, "test": 1_720_000_000}


def rows_of(split: str) -> list[dict[str, Any]]:
    """Returns a split's rows, in which every product and buyer is known and no row is twice."""
    return [
        {
            "buyer": number % BUYERS,
            "sku": number % PRODUCTS,
            "price_norm": number / 7,
            "event_time": _START[split] + number,
        }
        for number in range(ROWS[split])
    ]


def make_run(folder: Path) -> Path:
    """Writes a run in which everything agrees, and returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), "utf-8")
    (folder / "trainer_module.py").write_text("", "utf-8")
    for split in ROWS:
        write_split(folder, split, rows_of(split))
    write_transform(folder / "transform")
    write_model(folder / "serving_model")
    counts = {f"{split}_rows": count for split, count in ROWS.items()}
    content = metrics_data(candidates=PRODUCTS, **counts)
    (folder / "training_metrics.json").write_text(json.dumps(content), "utf-8")
    return folder


def write_split(run: Path, split: str, rows: Sequence[Mapping[str, Any]]) -> None:
    path = run / "examples" / split / "transformed_examples-00000-of-00001.tfrecord"
    write_records(path, [example(**row) for row in rows])


def write_transform(folder: Path) -> None:
    """Writes vocabularies and both schemas."""
    assets = folder / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    write_vocabulary(assets / "buyer_vocab", [f"b{n}" for n in range(BUYERS)])
    write_vocabulary(assets / "sku_vocab", [f"p{n}" for n in range(PRODUCTS)])
    names = {name: name for name in ("buyer_vocab", "sku_vocab")}
    transformed = folder / "transformed_metadata"
    transformed.mkdir()
    (transformed / "asset_map").write_text(json.dumps(names), "utf-8")
    fixed = "presence { min_fraction: 1.0 } shape { }"
    domain = "int_domain {{ min: 0 max: {} is_categorical: true }}"
    features = [
        f'name: "buyer" type: INT {domain.format(BUYERS)} {fixed}',
        f'name: "sku" type: INT {domain.format(PRODUCTS)} {fixed}',
        f'name: "price_norm" type: FLOAT {fixed}',
        f'name: "event_time" type: INT {fixed}',
    ]
    write_schema(transformed, features)
    raw = {"buyer": "BYTES", "sku": "BYTES", "price": "FLOAT", "day": "INT"}
    (folder / "metadata").mkdir()
    write_schema(folder / "metadata", [f'name: "{k}" type: {v}' for k, v in raw.items()])


def write_schema(folder: Path, features: Sequence[str]) -> None:
    text = "\n".join(f"feature {{ {feature} }}" for feature in features)
    (folder / "schema.pbtxt").write_text(text, "utf-8")


def write_vocabulary(path: Path, entries: Sequence[str]) -> None:
    path.write_text("".join(f"{entry}\n" for entry in entries), "utf-8")


def write_model(folder: Path, buyers: int = BUYERS, products: int = PRODUCTS) -> None:
    """Writes a SavedModel: a signature, variables and their checkpoint; it has no graph."""
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    write_vocabulary(folder / "assets" / "buyer_vocab", [f"b{n}" for n in range(BUYERS)])
    write_vocabulary(folder / "assets" / "sku_vocab", [f"p{n}" for n in range(PRODUCTS)])
    variables = {
        "query_tower.buyer_embedding.embeddings": (buyers + 1, 8),
        "index.candidates": (products, 32),
    }
    (folder / "saved_model.pb").write_bytes(saved_model({"buyer": 7}, variables))
    write_checkpoint(folder / "variables", variables)


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """Returns a message: integers as varints, all else with its length."""
    written = b""
    for number, value in fields:
        if isinstance(value, int):
            written += varint(number << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            written += varint(number << 3 | 2) + varint(len(content)) + content
    return written


def varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def shape(*sizes: int) -> bytes:
    return message(*((2, message((1, size % 2**64))) for size in sizes))


def saved_model(inputs: Mapping[str, int], variables: Mapping[str, tuple[int, ...]]) -> bytes:
    """Returns a SavedModel's bytes; inputs are numbers of types, all of shape [batch]."""

    def tensor(name: str, dtype: int, *sizes: int) -> bytes:
        info = message((1, f"{name}:0"), (2, dtype), (3, shape(*sizes)))
        return message((1, name), (2, info))

    outputs = (tensor("product_ids", 7, -1, 10), tensor("scores", 1, -1, 10))
    signature = message(
        *((1, tensor(name, dtype, -1)) for name, dtype in inputs.items()),
        *((2, output) for output in outputs),
    )
    nodes: list[tuple[dict[str, int], bytes]] = [({}, b"")]
    for path, sizes in variables.items():
        at = 0
        for name in path.split("."):
            if name not in nodes[at][0]:
                nodes[at][0][name] = len(nodes)
                nodes.append(({}, b""))
            at = nodes[at][0][name]
        nodes[at] = ({}, message((7, message((1, 1), (2, shape(*sizes))))))
    objects = message(
        *(
            (1, message(*((1, message((1, n), (2, name))) for name, n in own.items())) + variable)
            for own, variable in nodes
        )
    )
    about = message((5, "2.21.0"))
    signatures = message((1, "serving_default"), (2, signature))
    return message((1, 1), (2, message((1, about), (5, signatures), (7, objects))))


def write_checkpoint(folder: Path, variables: Mapping[str, tuple[int, ...]]) -> None:
    """Writes an index of variables of float32, and their data: zeros."""
    data, entries = b"", [(b"", message((1, 1)))]
    for name, sizes in sorted(variables.items()):
        values = bytes(4)
        for size in sizes:
            values *= size
        where = message((1, 1), (2, shape(*sizes)), (4, len(data)), (5, len(values)))
        checksum = varint(6 << 3 | 5) + struct.pack("<I", masked_crc(values))
        entries.append((name.replace(".", "/").encode(), where + checksum))
        data += values
    (folder / "variables.data-00000-of-00001").write_bytes(data)
    blocks = _block(entries)
    first = varint(0) + varint(len(blocks) - 5)
    footer = len(blocks)
    blocks += _block([(b"zzz", first)])
    handles = varint(0) + varint(0) + varint(footer) + varint(len(blocks) - footer - 5)
    magic = struct.pack("<Q", 0xDB4775248B80FB57)
    (folder / "variables.index").write_bytes(blocks + handles.ljust(40, b"\0") + magic)


def _block(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    content = b"".join(
        varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries
    )
    content += struct.pack("<II", 0, 1) + b"\0"  # where it may be entered; not compressed
    return content + struct.pack("<I", masked_crc(content))
