"""Other recommenders, and ours as it is served; each learns from `protocol.Training` only."""
