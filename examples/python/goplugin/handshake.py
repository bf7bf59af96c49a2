"""The cookie, the version and the line with which a plugin announces itself."""

import base64
import os
import sys
from dataclasses import dataclass
from typing import Sequence, TextIO


@dataclass(frozen=True)
class Handshake:
    cookie_key: str
    cookie_value: str
    # The protocol versions of the application that this plugin has.
    versions: Sequence[int]


def check_cookie(handshake: Handshake) -> None:
    """Exits with status 1, and nothing on stdout, unless a host has started this program."""
    if os.environ.get(handshake.cookie_key) != handshake.cookie_value:
        sys.exit("This program is a plugin. Run the program that uses it: that starts the plugin by itself.")


def choose_version(own: Sequence[int]) -> int:
    """The highest version that the host has too; else our lowest, which the host then refuses by name."""
    offered = os.environ.get("PLUGIN_PROTOCOL_VERSIONS", "").split(",")
    common = [version for version in own if str(version) in offered]
    return max(common, default=min(own))


def announce(stdout: TextIO, version: int, address: str, certificate: bytes) -> None:
    """Writes the handshake line. From here on the host connects."""
    encoded = base64.b64encode(certificate).decode().rstrip("=")
    stdout.write(f"1|{version}|unix|{address}|grpc|{encoded}\n")
    stdout.flush()
