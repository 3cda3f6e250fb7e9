"""Runs generated modules on this machine. Only here TensorFlow, Beam and Arrow are used."""
