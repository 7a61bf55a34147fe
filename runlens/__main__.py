"""`python -m runlens`: the same as the command `runlens`."""

from runlens.cli import main

if __name__ == "__main__":
    main()
