"""Runtime of generated trainers: the code that is the same for all configs.

A trainer_module.py has the towers, loss, settings and run_fn, which build on this.
"""

import hashlib
import importlib.util
import os
import pathlib

# TFRS needs Keras 2, and TensorFlow chooses its Keras on first use. Before 2.16, that
# is Keras 2 in any case.
if importlib.util.find_spec("tf_keras"):
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import tensorflow as tf

if not issubclass(tf.keras.Model, tf.Module):  # as in Keras 2 alone
    raise ImportError(
        "This trainer needs Keras 2: install tf-keras, and set TF_USE_LEGACY_KERAS=1 "
        "before TensorFlow's Keras is first used."
    )

# The digest in line 2, if it is that of everything after this line.
_, _stated, _text = pathlib.Path(__file__).read_text("utf-8").split("\n", 2)
_digest = hashlib.sha256(_text.encode()).hexdigest()[:12]
DIGEST = _digest if _stated == f"# digest: {_digest}" else "of an edited file"
