"""Local runs of generated modules. The only package that uses TensorFlow, Beam and Arrow."""
