"""`python -m signaling` is the `legato` command."""

from signaling.cli import main

if __name__ == "__main__":
    main()
