# The same for trainers on GPUs: `docker build -f requirements/tfx-1.16-gpu.Dockerfile requirements`.
# TensorFlow brings CUDA and NCCL as packages; the host has the driver.
FROM python:3.10-slim-bookworm
# For pyfarmhash, which TFX needs and which has no wheel.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
COPY tfx-1.16.txt /tmp/
RUN pip install --no-cache-dir --requirement /tmp/tfx-1.16.txt "tensorflow[and-cuda]==2.16.2"
# Before anything uses TensorFlow's Keras: TFRS does not run on Keras 3.
ENV TF_USE_LEGACY_KERAS=1
# A GPU is not taken as a whole at once.
ENV TF_FORCE_GPU_ALLOW_GROWTH=true
RUN python -c "import tensorflow as tf; assert tf.test.is_built_with_cuda()" \
    && python -c "import tfx.v1, tensorflow_recommenders, tensorflow_transform"
