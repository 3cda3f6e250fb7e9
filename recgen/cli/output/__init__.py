"""Output of commands on the screen, a module a subject."""
