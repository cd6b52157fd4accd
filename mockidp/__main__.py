"""`python -m mockidp` is the command `mockidp`."""

from mockidp.cli import main

main()
