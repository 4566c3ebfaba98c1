"""``python -m badbuzz`` is the command ``badbuzz``."""

from badbuzz.cli import main

main()
