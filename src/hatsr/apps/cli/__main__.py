"""`python -m hatsr.apps.cli`."""

from hatsr.apps.cli import main

main()
