"""Multitask: models that find products, and predict a target for them."""
