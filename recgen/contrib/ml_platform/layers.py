"""Stored layers, optimizers and tasks in the library's form, as the former generator read them."""

from __future__ import annotations

from typing import get_args

from recgen.config import Activation, ModelConfig, Optimizer
from recgen.contrib.ml_platform.account import Account
from recgen.contrib.ml_platform.sizes import nearest_size
from recgen.findings import show
from recgen.reading.plain import Plain

ROW_DEFAULTS: Plain = {
    "model_type": "retrieval",
    "output_embedding_dim": 32,
    "optimizer": "adagrad",
    "learning_rate": 0.1,
    "batch_size": 4096,
    "epochs": 5,
    "retrieval_algorithm": "brute_force",
    "top_k": 100,
}
"""What the platform's table has where a row says nothing."""
RANKING_DEFAULTS: Plain = {
    "loss_function": "mse",
    "retrieval_weight": 1.0,
    "ranking_weight": 0.0,
}
DEFAULT_HEAD = (
    {"type": "dense", "units": 256, "activation": "relu"},
    {"type": "dense", "units": 64, "activation": "relu"},
    {"type": "dense", "units": 1, "activation": "linear"},
)
_EMPTY_TOWER = ({"units": 64, "activation": "relu"},)  # without a type, as it was counted
_LAYERS = {
    "dense": ("units", "activation", "l1_reg", "l2_reg"),
    "dropout": ("rate",),
    "batch_norm": (),
    "layer_norm": ("epsilon",),
}
_LAYER_DEFAULTS: dict[str, Plain] = {
    "dense": {"units": 64},
    "dropout": {"rate": 0.2},
    "layer_norm": {"epsilon": 1e-6},
}
_HEAD = ("rating_head_layers", *RANKING_DEFAULTS)
SIZES = ("output_embedding_dim", "batch_size", "epochs", "top_k")
"""Settings that the former trainer took in any size."""
_SCANN = ("scann_num_leaves", "scann_leaves_to_search")
_TASKS = ("ranking", "multitask")
_NEVER = {
    "ranking_weight": "0 by default, with which the head was never trained",
    "retrieval_weight": "0, with which recommendations were served and never trained",
}


def stored_model(row: Plain, account: Account) -> Plain:
    """Return a stored model config in the library's form."""
    given = {key: value for key, value in row.items() if value not in (None, "")}
    found = {**ROW_DEFAULTS, **given}
    optimizer = row.get("optimizer")
    known = get_args(Optimizer)
    if isinstance(optimizer, str) and optimizer not in known and optimizer.lower() in ("", *known):
        account.decide(f"the optimizer is adam, which {show(optimizer)} stood for")
        found["optimizer"] = "adam"
    for key in SIZES:
        found[key] = nearest_size(found[key], ModelConfig, key, "", account)
    for side in ("buyer", "product"):
        key = f"{side}_tower_layers"
        found[key] = _tower(side, found.get(key), found["output_embedding_dim"], account)
    if found.pop("share_tower_weights", False):
        account.ignore("`share_tower_weights`")
    if found["model_type"] in _TASKS:
        head = found.get("rating_head_layers") or list(DEFAULT_HEAD)
        found |= {key: found.get(key, value) for key, value in RANKING_DEFAULTS.items()}
        found["rating_head_layers"] = _layers(head, account, is_head=True)
        if found["model_type"] == "ranking":
            found = {key: found[key] for key in found if not key.endswith("_weight")}
        elif len(idle := [key for key in _NEVER if not found[key]]) == 1:
            account.decide(f"`{idle[0]}`, {_NEVER[idle[0]]}, is 1")
            found[idle[0]] = 1.0
    else:
        found = {key: found[key] for key in found if key not in _HEAD}
    if found["retrieval_algorithm"] != "scann":
        found = {key: found[key] for key in found if key not in _SCANN}
    return found


def _tower(side: str, layers: object, output: object, account: Account) -> object:
    """Return the layers of a tower, with a linear one where the former trainer added it.

    It added one of the output's width unless the last dense layer said that it has it. The library
    does so unless the last layer of all has it.
    """
    if not layers:
        layers = list(_EMPTY_TOWER)
        account.decide(f"the {side} tower, which has no layers, has one of 64 with relu")
    found = _layers(layers, account)
    if not isinstance(layers, list) or not isinstance(found, list):
        return layers
    dense = [e for e in layers if isinstance(e, dict) and e.get("type") == "dense"]
    was_added = not dense or dense[-1].get("units") != output
    last = found[-1] if found and isinstance(found[-1], dict) else {}
    is_added = last.get("type") != "dense" or last.get("units") != output
    if was_added and not is_added:
        return [*found, {"type": "dense", "units": output, "activation": "linear"}]
    if is_added and not was_added:
        kind = str(last.get("type")).replace("_", " ")
        account.decide(f"the {side} tower has a linear layer of {show(output)} after its {kind}")
    return found


def _layers(layers: object, account: Account, *, is_head: bool = False) -> object:
    if not isinstance(layers, list):
        return layers  # reading the config reports it
    found = [_layer(each, account, is_head) for each in layers]
    return [each for each in found if each is not None]


def _layer(layer: object, account: Account, is_head: bool) -> object:
    """Return a layer; None for one that the former generator left out."""
    if not isinstance(layer, dict):
        return layer
    kind = layer.get("type", "dense")
    if not isinstance(kind, str) or kind not in _LAYERS or (is_head and kind == "layer_norm"):
        account.ignore(
            f"a layer of type {show(kind)}" + (" in the head" if is_head else ""),
            is_known=kind == "layer_norm",
        )
        return None
    for key in sorted(layer.keys() - {"type", *_LAYERS[kind]}):
        account.ignore(f"`{key}` of layers", is_known=False)
    given = {key: layer[key] for key in _LAYERS[kind] if layer.get(key) is not None}
    if is_head and given.pop("l1_reg", None):
        account.ignore("`l1_reg` in the head")
    if kind == "dense" and "activation" in layer:
        word = layer["activation"]
        is_none = word is None or (isinstance(word, str) and word.lower() in ("none", "null", ""))
        is_known = isinstance(word, str) and word.lower() in get_args(Activation)
        given["activation"] = "linear" if is_none else str(word).lower() if is_known else word
    return {"type": kind, **_LAYER_DEFAULTS.get(kind, {}), **given}
