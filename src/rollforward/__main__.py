"""`python -m rollforward`: the command line."""

from rollforward.surfaces.cli import main

if __name__ == "__main__":
    main()
