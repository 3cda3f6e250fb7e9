"""Mistakes in an EasyRec config: a DSSM on a tiny CSV, two steps and an evaluation each.

Wants `easy_rec` on PYTHONPATH (a checkout whose protos are compiled) and TensorFlow 2.12.
"""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import easy_rec
from easy_rec.python.main import train_and_evaluate
from watching import Mistake, Watcher, watch_all

CONFIG = """
train_input_path: "DIR/train.csv"
eval_input_path: "DIR/train.csv"
model_dir: "DIR/model"
train_config { num_steps: 2 log_step_count_steps: 1
  optimizer_config {
    adagrad_optimizer { learning_rate { constant_learning_rate { learning_rate: 0.05 } } }
    use_moving_average: false } }
eval_config { metrics_set { recall_at_topk { topk: 1 } } }
data_config {
  input_type: CSVInput batch_size: 64 separator: "," num_epochs: 1 label_fields: "label"
  with_header: true
  input_fields { input_name: "label" input_type: INT32 }
  input_fields { input_name: "user" input_type: STRING }
  input_fields { input_name: "item" input_type: STRING }
  input_fields { input_name: "city" input_type: STRING }
  input_fields { input_name: "price" input_type: DOUBLE }
  input_fields { input_name: "time" input_type: INT64 }
}
feature_configs {
  input_names: "user" feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 99 }
feature_configs {
  input_names: "item" feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 99 }
feature_configs {
  input_names: "city" feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 99 }
feature_configs { input_names: "price" feature_type: RawFeature }
feature_configs { input_names: "time" feature_type: RawFeature }
model_config { model_class: "DSSM"
  feature_groups { group_name: "user" feature_names: "user" feature_names: "city" wide_deep: DEEP }
  feature_groups { group_name: "item" feature_names: "item" feature_names: "price" wide_deep: DEEP }
  dssm { user_tower { id: "user" dnn { hidden_units: [16, 8] } }
    item_tower { id: "item" dnn { hidden_units: [16, 8] } }
    simi_func: INNER_PRODUCT l2_regularization: 1e-6 scale_simi: false }
  loss_type: SOFTMAX_CROSS_ENTROPY embedding_regularization: 0 }
export_config { exporter_type: "none" }
"""
HEADER = "label,user,item,city,price,time"
USER = 'feature_names: "user" feature_names: "city"'
ITEM = 'feature_names: "item" feature_names: "price"'
CROSS = (
    'feature_configs { feature_name: "cross" input_names: "%s" input_names: "%s" '
    "feature_type: ComboFeature embedding_dim: 8 hash_bucket_size: %d }\nmodel_config {"
)
WITH_CROSS = (USER, USER + ' feature_names: "cross"')
TOWER = "dnn { hidden_units: [16, 8] }"
RATE = "learning_rate: 0.05"
OPTIMIZER = "adagrad_optimizer { learning_rate { constant_learning_rate { learning_rate: 0.05 } } }"
DSSM = "simi_func: INNER_PRODUCT"


def row(number: int) -> list[str]:
    """Returns a purchase."""
    draw = random.Random(number)
    buyer, product, city = draw.randrange(30), draw.randrange(40), draw.choice("ab")
    return f"1,u{buyer},i{product},{city},{draw.random():.2f},{1600000000 + number * 9}".split(",")


def train(*edits: tuple[str, str], header: str = HEADER, column: int = 0, value: str = "") -> None:
    """Trains the config with `edits`; a `column` of the rows may have one `value` throughout."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(number) for number in range(200)]
        for cells in rows if column else ():
            cells[column] = value
        text = "\n".join([header, *(",".join(cells) for cells in rows)]) + "\n"
        Path(folder, "train.csv").write_text(text)
        config = CONFIG
        for old, new in edits:
            assert old in config, old
            config = config.replace(old, new)
        path = Path(folder, "pipeline.config")
        path.write_text(config.replace("DIR", folder))
        train_and_evaluate(str(path))


def edit(rules: str, what: str, *edits: tuple[str, str], **data: object) -> Mistake:
    """A mistake that is some edits of the config, or another table."""
    return Mistake(rules, what, lambda: train(*edits, **data))  # type: ignore[arg-type]


def rate(rules: str, optimizer: str, value: float, tower: str = TOWER) -> Mistake:
    """A mistake in optimizer and rate."""
    new = OPTIMIZER.replace("adagrad", optimizer).replace("0.05", str(value))
    return edit(rules, f"{optimizer} at {value}", (OPTIMIZER, new), (TOWER, tower))


DEEP = "dnn { hidden_units: [16, 16, 16, 16, 16, 8] use_bn: false }"
MISTAKES = [
    Mistake("RG001", "a config that does not exist", lambda: train_and_evaluate("none.config")),
    edit("RG002", "a brace that is never closed", ("export_config {", "export_config { {")),
    edit("RG003", "batch_size twice", ("batch_size: 64", "batch_size: 64 batch_size: 32")),
    edit("RG005", "an empty config", (CONFIG, "")),
    edit("RG010", "learning_rte", (RATE, "learning_rte: 0.05")),
    edit("RG011", "a tower without its required id", ('id: "user" ', "")),
    edit("RG012", 'learning_rate: "0.05"', (RATE, 'learning_rate: "0.05"')),
    edit("RG013", "an optimizer that is not known", ("adagrad_optimizer", "adagard_optimizer")),
    edit("RG013+", "a learning rate of -1", (RATE, "learning_rate: -1")),
    edit("RG101", "a feature twice in a group", (USER, USER + ' feature_names: "city"')),
    edit(
        "RG102 RG107",
        "two columns with one feature_name, of different widths",
        (
            'feature_configs { input_names: "price"',
            'feature_configs { feature_name: "city" input_names: "item" embedding_dim: 4 '
            'hash_bucket_size: 9 feature_type: IdFeature }\nfeature_configs { input_names: "price"',
        ),
    ),
    edit("RG105", "item_id that is no feature", (DSSM, 'item_id: "nothing" ' + DSSM)),
    edit("RG106", "a feature in no group", (USER, 'feature_names: "user"')),
    edit(
        "RG108",
        "a feature with the name that a cross makes",
        ("model_config {", CROSS % ("user", "city", 99)),
        WITH_CROSS,
        ('input_names: "time"', 'feature_name: "cross_1" input_names: "time"'),
        (ITEM, ITEM + ' feature_names: "cross_1"'),
    ),
    edit(
        "RG109",
        "a column crossed with itself",
        ("model_config {", CROSS % ("city", "city", 99)),
        WITH_CROSS,
    ),
    edit(
        "RG110 RG128",
        "an ID of digits as a number",
        ('input_name: "item" input_type: STRING', 'input_name: "item" input_type: INT64'),
        (
            'input_names: "item" feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 99',
            'input_names: "item" feature_type: RawFeature',
        ),
        column=2,
        value="7",
    ),
    edit(
        "RG111",
        "text as a number",
        (
            'input_names: "city" feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 99',
            'input_names: "city" feature_type: RawFeature',
        ),
    ),
    edit(
        "RG112",
        "num_buckets beside hash_bucket_size",
        ("hash_bucket_size: 99", "hash_bucket_size: 99 num_buckets: 5"),
    ),
    edit("RG113", "a group without features", (USER, "")),
    edit(
        "RG114",
        "both towers have the same ID alone",
        (USER, 'feature_names: "item"'),
        (ITEM, 'feature_names: "item"'),
    ),
    edit("RG115", "the item in the user tower", (USER, USER + ' feature_names: "item"')),
    edit(
        "RG116",
        "the label as a feature",
        ('input_names: "time"', 'input_names: "label"'),
        (USER, USER + ' feature_names: "label"'),
    ),
    edit("RG117", "raw time as a feature", (ITEM, ITEM + ' feature_names: "time"')),
    edit("RG118 RG527", "a column in both towers", (ITEM, ITEM + ' feature_names: "city"')),
    edit(
        "RG119 RG512",
        "a vocabulary without most of the IDs",
        (
            'input_names: "item" feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 99',
            'input_names: "item" feature_type: IdFeature embedding_dim: 8 vocab_list: "i1"',
        ),
    ),
    edit(
        "RG120 RG510",
        "64 numbers for 2 values",
        (
            'input_names: "city" feature_type: IdFeature embedding_dim: 8 hash_bucket_size: 99',
            'input_names: "city" feature_type: IdFeature embedding_dim: 64 hash_bucket_size: 2',
        ),
    ),
    edit(
        "RG122 RG519",
        "many boundaries for one value",
        (
            'input_names: "price"',
            'input_names: "price" embedding_dim: 4 boundaries: ' "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]",
        ),
        column=4,
        value="1",
    ),
    edit(
        "RG123 RG511",
        "IDs of 2 numbers, an output of 64",
        ("embedding_dim: 8", "embedding_dim: 2"),
        (TOWER, "dnn { hidden_units: [64] }"),
    ),
    edit(
        "RG124", "a cross of the user", ("model_config {", CROSS % ("user", "city", 99)), WITH_CROSS
    ),
    edit(
        "RG125 RG513",
        "60 combinations in 3 buckets",
        ("model_config {", CROSS % ("user", "city", 3)),
        WITH_CROSS,
    ),
    edit(
        "RG127",
        "shared embeddings of two widths",
        ('input_names: "user"', 'input_names: "user" embedding_name: "e"'),
        (
            'input_names: "city" feature_type: IdFeature embedding_dim: 8',
            'input_names: "city" embedding_name: "e" feature_type: IdFeature embedding_dim: 4',
        ),
    ),
    rate("RG201 RG203", "adagrad", 0.1, DEEP),
    rate("RG202", "adagrad", 1.0),
    rate("RG206", "adam", 0.5),
    rate("RG228", "adagrad", 1e-7),
    rate("RG232", "momentum", 0.05),
    edit("RG207", "a batch of one", ("batch_size: 64", "batch_size: 1")),
    edit("RG209", "accidental hits removed (item_id)", (DSSM, 'item_id: "item" ' + DSSM)),
    edit("RG211", "cosines at the default temperature, 1", (DSSM, "simi_func: COSINE")),
    edit("RG212", "cosines at 0.001", (DSSM, "simi_func: COSINE temperature: 0.001")),
    edit("RG213 RG112+", "a temperature without cosines", (DSSM, DSSM + " temperature: 0.5")),
    edit("RG215", "no metric", ("metrics_set { recall_at_topk { topk: 1 } }", "")),
    edit(
        "RG216",
        "linear layers",
        (TOWER, 'dnn { hidden_units: [16, 8] activation: "tf.identity" use_bn: false }'),
    ),
    edit("RG217", "a layer of 2 before an output of 64", (TOWER, "dnn { hidden_units: [2, 64] }")),
    edit(
        "RG218",
        "sigmoid layers",
        (TOWER, 'dnn { hidden_units: [16, 16, 16, 8] activation: "tf.nn.sigmoid" use_bn: false }'),
    ),
    edit(
        "RG220",
        "selu with batch norm",
        (TOWER, 'dnn { hidden_units: [16, 8] activation: "tf.nn.selu" }'),
    ),
    edit(
        "RG221 RG222",
        "dropout of 0.95 before batch norm",
        (TOWER, "dnn { hidden_units: [16, 16, 8] dropout_ratio: [0.95, 0.95, 0.95] }"),
    ),
    edit("RG223", "batch norm over 2 rows", ("batch_size: 64", "batch_size: 2")),
    edit("RG225", "l2 of 10", ("l2_regularization: 1e-6", "l2_regularization: 10")),
    edit(
        "RG226",
        "l2 with Adam",
        (OPTIMIZER, OPTIMIZER.replace("adagrad", "adam")),
        ("l2_regularization: 1e-6", "l2_regularization: 1e-4"),
    ),
    edit(
        "RG227",
        "clipping at 1000",
        ("num_steps: 2", "num_steps: 2 gradient_clipping_by_norm: 1000"),
    ),
    edit("RG229", "a thousand epochs (two steps tried)", ("num_epochs: 1 ", "num_epochs: 1000 ")),
    edit("RG307", "no evaluation data", ('eval_input_path: "DIR/train.csv"', "")),
    edit("RG404 RG515", "a batch of 65536 for 200 rows", ("batch_size: 64", "batch_size: 65536")),
    edit("RG407 RG514", "top 100 of 40 products", ("topk: 1", "topk: 100")),
    edit("RG501", "a column that the data lacks", header="label,user,item,town,price,time"),
    edit(
        "RG502",
        "a column twice in the data",
        ('  input_fields { input_name: "time" input_type: INT64 }\n', ""),
        ('feature_configs { input_names: "time" feature_type: RawFeature }\n', ""),
        header="label,user,item,city,price,price",
    ),
    edit("RG503", "text among numbers", column=4, value="cheap"),
    edit("RG504", "a column without values", column=4, value=""),
    edit("RG505", "a column with one value", column=3, value="a"),
    edit("RG506", "rows without a user", column=1, value=""),
    edit("RG507", "one product only", column=2, value="i1"),
    edit(
        "RG518",
        "an outlier beyond min_val and max_val",
        ('input_names: "price"', 'input_names: "price" min_val: 0 max_val: 1000000'),
    ),
]

if __name__ == "__main__":
    watcher = Watcher("Done running local_init_op", train)
    watch_all("easyrec", easy_rec.__version__, watcher, MISTAKES)
