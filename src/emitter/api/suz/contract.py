"""The contracts of both dialects, as data: v2 as it was published, v3 as it is served here."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent

V2: dict[str, Any] = json.loads((_HERE / "v2.swagger.json").read_bytes())
V3: dict[str, Any] = json.loads((_HERE / "v3.openapi.json").read_bytes())
V2.pop("host")  # the address of whoever published it; without one a reader takes ours

DEFINITIONS: dict[str, Any] = copy.deepcopy(V2["definitions"] | V3["components"]["schemas"])
"""Shapes by name, of both dialects: no name occurs in both."""

# A pack and a block of tobacco carry their price, which the published order has no field for.
DEFINITIONS["OrderProductTobaccoKZ"]["properties"]["mrp"] = {"type": "integer", "minimum": 0}


# Codes have a reader of their own: they are no printable texts.
for _shape in DEFINITIONS.values():
    if "sntins" in _shape.get("properties", {}):
        _shape["properties"]["sntins"]["items"] = {"type": "code"}


def definition(reference: str) -> dict[str, Any]:
    """Return the shape that a reference names."""
    shape: dict[str, Any] = DEFINITIONS[reference.rpartition("/")[2]]
    return shape


def body_shape(extension: str, call: str) -> str:
    """Return the name of what an extension posts in v2, '' where the contract has no such call."""
    path = V2["paths"].get(f"/api/v2/{extension}/{call}", {})
    if "post" not in path:
        return ""
    body = next(item for item in path["post"]["parameters"] if item["in"] == "body")
    return str(body["schema"]["$ref"]).rpartition("/")[2]
