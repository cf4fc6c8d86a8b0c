"""Set-up, start, test, lint, lock and package: `python3 build_scripts/dev.py COMMAND`."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Harit Desktop needs Python 3.11 or newer; this is Python %d.%d (%s). "
        "Run the same command with a newer one, for example python3.12."
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

from dev_tools.commands import main

sys.exit(main(sys.argv[1:]))
