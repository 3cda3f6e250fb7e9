"""Averages of the weights over the steps."""

import tensorflow as tf

AVERAGE_EVERY = 32  # steps between two updates of averaged weights


class WeightAverage(tf.keras.callbacks.Callback):
    """Averages the weights over the steps (Polyak and Juditsky, 1992).

    From the last step of an epoch to the next epoch, the model has the averages, which are
    validated, stored and served. Training then continues with the weights themselves.
    """

    def __init__(self, decay):
        super().__init__()
        self.decay = decay  # share of itself that the average keeps per step

    def on_epoch_begin(self, epoch, logs=None):
        self.done = 0  # steps of this epoch
        self._exchange()

    def on_train_batch_end(self, batch, logs=None):
        is_last = batch + 1 == self.params["steps"]
        if (batch + 1) % AVERAGE_EVERY and not is_last:
            return
        steps, self.done = batch + 1 - self.done, batch + 1
        # At first, the plain mean of all steps so far.
        plain = steps / int(self.model.optimizer.iterations.numpy())
        share = max(1 - self.decay**steps, plain)
        for average, weight in self._pairs():
            average.assign_add(share * (weight - average))
        if is_last:
            self._exchange()

    def _pairs(self):
        return zip(self.model.averages, self.model.trainable_variables, strict=True)

    def _exchange(self):
        for average, weight in self._pairs():
            mean = tf.identity(average)
            average.assign(weight)
            weight.assign(mean)
