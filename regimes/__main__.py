"""``python -m regimes``: the command line."""

import sys

from regimes.cli import main

if __name__ == "__main__":
    sys.exit(main())
