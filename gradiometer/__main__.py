"""`python -m gradiometer` is the command line."""

from gradiometer.cli import main

if __name__ == "__main__":
    main()
