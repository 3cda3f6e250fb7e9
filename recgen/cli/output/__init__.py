"""Output of commands, one module for each subject."""
