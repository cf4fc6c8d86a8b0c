"""Runs first in the packaged program: undoes what the outside must not decide or inherit."""

import os

# The loader points this at the bundle's own libraries. It has been read by now; a program
# that we start (mosquitto, a browser) would load our libraries instead of its own.
_original = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
os.environ.pop("LD_LIBRARY_PATH", None)
if _original:
    os.environ["LD_LIBRARY_PATH"] = _original

# Qt would load plugins from wherever these point, built for another Qt or not ours at all.
for _name in ("QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QML_IMPORT_PATH"):
    os.environ.pop(_name, None)
