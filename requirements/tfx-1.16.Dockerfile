# TFX 1.16 with what generated modules need: `docker build -f requirements/tfx-1.16.Dockerfile requirements`.
# For compiling pipelines, and for all components that run without a GPU.
FROM python:3.10-slim-bookworm
# For pyfarmhash, which TFX needs and which has no wheel.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
COPY tfx-1.16.txt /tmp/
RUN pip install --no-cache-dir --requirement /tmp/tfx-1.16.txt
# Before anything uses TensorFlow's Keras: TFRS does not run on Keras 3.
ENV TF_USE_LEGACY_KERAS=1
RUN python -c "import tensorflow as tf; assert tf.keras.__name__.startswith('tf_keras')" \
    && python -c "import tfx.v1, tensorflow_recommenders, tensorflow_transform"
