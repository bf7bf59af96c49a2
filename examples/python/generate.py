"""Generates the Python code of all protos: `python generate.py [folder]`, by default into gen/, beside this file."""

import sys
from importlib.util import find_spec
from pathlib import Path

from grpc_tools import protoc

HERE = Path(__file__).parent
PROTO = HERE.parents[1] / "proto"
FOLDERS = [PROTO / "internal/plugin", PROTO / "grpc/health/v1", PROTO / "examples"]
FILES = ["grpc_broker.proto", "grpc_controller.proto", "grpc_stdio.proto", "health.proto", "merge.proto"]

# protoc's own imports, such as google/protobuf/empty.proto.
INCLUDED = Path(find_spec("grpc_tools").origin).parent / "_proto"


def grpclib_plugin(folder: Path) -> Path:
    """A program that runs grpclib's plugin for protoc with this Python: the one that pip installs may not be in the PATH."""
    program = folder / "protoc-gen-grpclib_python"
    program.write_text(f"#!{sys.executable}\nfrom grpclib.plugin.main import main\nmain()\n")
    program.chmod(0o755)
    return program


def main() -> int:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "gen"
    out.mkdir(parents=True, exist_ok=True)
    includes = [f"-I{folder}" for folder in [*FOLDERS, INCLUDED]]
    plugin = f"--plugin=protoc-gen-grpclib_python={grpclib_plugin(out)}"
    return protoc.main(["protoc", *includes, plugin, f"--python_out={out}", f"--grpclib_python_out={out}", *FILES])


sys.exit(main())
