"""Where a plugin's sockets are."""

import grp
import itertools
import os
import shutil
import tempfile
from contextlib import suppress


class SocketDirectory:
    """The host's directory for sockets, or one of our own. What was made there is removed at the end."""

    def __init__(self) -> None:
        given = os.environ.get("PLUGIN_UNIX_SOCKET_DIR")
        self._own = None if given else tempfile.mkdtemp(prefix="plugin")
        self._path = os.path.abspath(given or self._own)
        self._numbers = itertools.count()
        self._sockets: list[str] = []

    def new_path(self) -> str:
        """An absolute path that no other process uses."""
        self._sockets.append(os.path.join(self._path, f"plugin{os.getpid()}{next(self._numbers)}"))
        return self._sockets[-1]

    def remove(self) -> None:
        # asyncio removes the file of a listener that it closes from Python 3.13 on.
        for path in self._sockets:
            with suppress(FileNotFoundError):
                os.unlink(path)
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)


def give_to_group(path: str) -> None:
    """Lets the group that the host has named connect to a socket."""
    group = os.environ.get("PLUGIN_UNIX_SOCKET_GROUP")
    if not group:
        return
    gid = int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    os.chown(path, -1, gid)
    os.chmod(path, 0o660)
