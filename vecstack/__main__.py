"""python -m vecstack: the command line without its script."""

from vecstack.cli import main

main()
