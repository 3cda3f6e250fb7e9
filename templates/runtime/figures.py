"""Names of the figures of an epoch that all kinds of model have."""

TOWERS = ("query", "candidate")
LOSSES = ("loss", "regularization_loss", "total_loss")
GRADIENTS = ("total_gradient", "query_gradient", "candidate_gradient")
