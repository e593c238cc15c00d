"""`python -m edu_assets.cli`, for where the command is not on the path."""

from edu_assets.cli import main

main()
