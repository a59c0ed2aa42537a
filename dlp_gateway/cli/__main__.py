"""``python -m dlp_gateway.cli``."""

from dlp_gateway.cli import main

main()
