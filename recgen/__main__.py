"""`python -m recgen` is `recgen`."""

from recgen.cli import main

if __name__ == "__main__":
    main()
