"""`python -m switchhook`."""

from switchhook.cli.main import main

if __name__ == "__main__":
    main()
