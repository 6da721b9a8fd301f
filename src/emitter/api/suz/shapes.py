"""Reading what stations send by the contract's shapes, tolerantly: faults are told by field.

Tolerated: explicit nulls (as absent), numbers and booleans in quotes, whole numbers where a text
is meant, unknown fields (dropped). Everything else that breaks a shape is a fault with the name
of its field, all of them at once.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from emitter.api.suz.contract import definition

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_FAULTS_MAX = 100


class Fault(NamedTuple):
    """What is wrong with a field, in English and in Russian."""

    field: str
    en: str
    ru: str


NOT_JSON = Fault("body", "the body is not a JSON text", "тело запроса не является JSON")


class MisshapenError(Exception):
    """A request that breaks its shape, with every fault that was found."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text, with or without a byte order mark."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise MisshapenError(NOT_JSON) from None


def write_json(details: dict[str, Any]) -> str:
    """Return what came with a document as JSON; free attributes may hold what UTF-8 cannot."""
    try:
        text = json.dumps(details, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (ValueError, RecursionError):
        raise MisshapenError(NOT_JSON) from None
    return text


def read_shape(name: str, value: Any) -> dict[str, Any]:
    """Return an object of the named shape, normalised; raises `MisshapenError`."""
    faults: list[Fault] = []
    read = _read({"$ref": name}, value, "", faults)
    if faults:
        raise MisshapenError(*faults[:_FAULTS_MAX])
    result: dict[str, Any] = read
    return result


def _read(shape: dict[str, Any], value: Any, field: str, faults: list[Fault]) -> Any:
    if "$ref" in shape:
        shape = definition(shape["$ref"])
    kind = shape.get("type")
    read = _READERS[kind](shape, value, field, faults) if kind in _READERS else value
    if "enum" in shape and isinstance(read, str) and read not in shape["enum"]:
        words = ", ".join(shape["enum"][:12])
        faults.append(Fault(field, f"one of {words} is expected", f"допустимые значения: {words}"))
    return read


def _read_object(shape: dict[str, Any], value: Any, field: str, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        name = field or "body"
        faults.append(Fault(name, "an object is expected", "ожидается объект"))
        return {}
    if "properties" not in shape:
        return value
    read = {}
    for name, inner in shape["properties"].items():
        if value.get(name) is not None:
            path = f"{field}.{name}" if field else name
            read[name] = _read(inner, value[name], path, faults)
    for name in shape.get("required", ()):
        if name not in read:
            path = f"{field}.{name}" if field else name
            faults.append(Fault(path, "the field is required", "поле обязательно"))
    return read


def _read_array(shape: dict[str, Any], value: Any, field: str, faults: list[Fault]) -> Any:
    if not isinstance(value, list):
        faults.append(Fault(field, "an array is expected", "ожидается массив"))
        return []
    if len(value) < shape.get("minItems", 0):
        faults.append(Fault(field, "the array is empty", "массив пуст"))
    if shape["items"] == {"type": "string"} and _are_texts(value):  # serials come by the 100,000
        return value
    return [
        _read(shape["items"], item, f"{field}[{index}]", faults) for index, item in enumerate(value)
    ]


def _are_texts(values: list[Any]) -> bool:
    return all(type(value) is str for value in values) and "".join(values).isprintable()


def _read_integer(shape: dict[str, Any], value: Any, field: str, faults: list[Fault]) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        faults.append(Fault(field, "a whole number is expected", "ожидается целое число"))
        return 0
    least, most = shape.get("minimum", -(2**63)), shape.get("maximum", 2**63 - 1)
    if not least <= value <= most:
        faults.append(
            Fault(field, f"from {least} to {most} is allowed", f"допустимо от {least} до {most}")
        )
    return value


def _read_string(_shape: dict[str, Any], value: Any, field: str, faults: list[Fault]) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.isprintable():
        faults.append(Fault(field, "a printable text is expected", "ожидается печатный текст"))
        return ""
    return value


def _read_code(_shape: dict[str, Any], value: Any, field: str, faults: list[Fault]) -> Any:
    """Read a code as it was scanned: a text of any characters but the end of a line."""
    if not isinstance(value, str) or not value:
        faults.append(Fault(field, "a code is expected", "ожидается код"))
        return ""
    if "\n" in value:
        en, ru = "a code contains no line feed", "в коде не бывает перевода строки"
        faults.append(Fault(field, en, ru))
    return value


def _read_boolean(_shape: dict[str, Any], value: Any, field: str, faults: list[Fault]) -> Any:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        faults.append(Fault(field, "true or false is expected", "ожидается true или false"))
    return value


_READERS: dict[Any, Callable[[dict[str, Any], Any, str, list[Fault]], Any]] = {
    "object": _read_object,
    "array": _read_array,
    "integer": _read_integer,
    "string": _read_string,
    "boolean": _read_boolean,
    "code": _read_code,
}
