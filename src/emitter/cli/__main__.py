"""``python -m emitter.cli``: the same as the command ``emitter``."""

from emitter.cli import main

main()
