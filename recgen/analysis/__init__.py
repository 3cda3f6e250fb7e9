"""What happened in a run, and why. Knows files, no TensorFlow."""
