"""`python -m app.cli`: the command `yinling` where it is not on the PATH."""

from app.cli import main

main()
