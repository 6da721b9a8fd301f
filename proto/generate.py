"""Generate ``src/emitter/v1`` from the protocol: ``python proto/generate.py [target folder]``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent
SOURCES = PROTO.parent / "src"


def generate(target: Path) -> None:
    """Write the messages, their types and the stubs below ``target``; SystemExit on an error."""
    google = importlib.util.find_spec("google.rpc.status_pb2")
    if google is None or google.origin is None:
        raise SystemExit("googleapis-common-protos is not installed")
    arguments = [
        "protoc",
        f"--proto_path={PROTO}",
        f"--proto_path={Path(google.origin).parents[2]}",
        f"--proto_path={Path(grpc_tools.__file__).parent / '_proto'}",
        f"--python_out={target}",
        f"--pyi_out={target}",
        f"--grpc_python_out={target}",
        *[str(path.relative_to(PROTO)) for path in sorted(PROTO.glob("emitter/v1/*.proto"))],
    ]
    if protoc.main(arguments):
        raise SystemExit("the protocol could not be generated")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCES)
