"""What the trainer tells its user."""


def say(kind, text):
    """Print what a user must see: the kind is "note", "warning" or "final layer"."""
    print(f"{kind}: {text}", flush=True)
