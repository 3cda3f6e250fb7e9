"""The table of optimizers against Keras: each class is there and keeps what the table says."""

from __future__ import annotations

from typing import get_args

import pytest

from recgen.config import ModelConfig, Optimizer
from recgen.optimizers import OPTIMIZERS
from recgen.plan.optimizer import plan_optimizer

pytestmark = pytest.mark.tf


@pytest.mark.parametrize("name", get_args(Optimizer))
def test_keras_has_the_class_and_keeps_as_many_numbers_for_each_weight(name: str) -> None:
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    plan = plan_optimizer(ModelConfig(optimizer=name))
    module = tfrs.experimental.optimizers if plan.is_experimental else tf.keras.optimizers
    arguments = {argument.name: argument.value for argument in plan.arguments}
    optimizer = getattr(module, plan.class_name)(0.01, **arguments)
    table = tf.Variable(tf.ones((7, 3)))
    optimizer.build([table])
    slots = [variable for variable in optimizer.variables if variable.shape == table.shape]
    assert len(slots) == OPTIMIZERS[name].slots
