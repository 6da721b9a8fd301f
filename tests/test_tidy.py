"""The house rules that a machine can hold: who imports whom, how long, how wide, what is said."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emitter import _core

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "emitter"

# Imports go one way, from a higher rank to a lower one. A new module of the package needs a rank.
RANKS = {
    "errors": 0,
    "failpoints": 0,
    "language": 0,
    "garbage": 0,
    "malloc": 0,
    "native": 0,
    "v1": 0,
    "_core": 1,
    "config": 1,
    "wire": 2,
    "trade": 2,
    "store": 3,
    "engine": 4,
    "labels": 4,
    "api": 5,
    "client": 5,
    "server": 6,
    "cli": 7,
    "__main__": 8,
}

TEXT_SUFFIXES = {
    ".c", ".cfg", ".h", ".ini", ".json", ".md", ".proto", ".pxd", ".pxi", ".py", ".pyi", ".pyx",
    ".service", ".sh", ".toml", ".tsv", ".txt", ".yaml", ".yml",
}  # fmt: skip
NOT_OURS = {".git", ".venv", "build", "demo-out", "dist", "__pycache__"}

# Words that a finished file does not hold, written so that this file does not hold them either; and
# lines that are left of a merge.
FORBIDDEN = re.compile(
    r"\bTO[D]O\b|\bFIX[M]E\b|\bNotImplemented[E]rror\b|pytest\.(mark\.)?(ski[p]|xfai[l])"
    r"|(?<![\w.~-])/(work|root|home)/\w|/tm[p]/plan"
    r"|^(<{7}|>{7}|[|]{7})(\s|$)|^={7}$"
)


@cache
def ours() -> list[Path]:
    """Every text file of the project that people write or that is committed."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if NOT_OURS & set(parts) or any(part.endswith((".egg-info", "_cache")) for part in parts):
            continue
        is_text = path.suffix in TEXT_SUFFIXES or path.name == "Makefile"
        if is_text and path.is_file() and path != PACKAGE / "_core.c":
            found.append(path)
    return found


def written(*suffixes: str) -> list[Path]:
    """The files of these kinds that are written by hand, not generated."""
    return [p for p in ours() if p.suffix in suffixes and (PACKAGE / "v1") not in p.parents]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def each(*suffixes: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", written(*suffixes), ids=name_of)


def unit_of(path: Path) -> str:
    """The unit of the package a file belongs to: a folder of it, or a module."""
    return path.relative_to(PACKAGE).parts[0].split(".")[0]


def python_imports(path: Path) -> Iterator[str]:
    """Dotted names that a Python file imports, wherever the import stands."""
    inside = ("emitter", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = inside[: len(inside) - node.level] if node.level else ()
            base = ".".join((*package, *filter(None, [node.module])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def cython_imports(path: Path) -> Iterator[str]:
    """Dotted names that a Cython file imports or cimports, and native headers it includes."""
    for line in path.read_text("utf-8").splitlines():
        if found := re.match(r"\s*cdef extern from [\"<](.+?)[\">]", line):
            if (PACKAGE / "native" / found[1]).exists():
                yield "emitter.native"
        elif found := re.match(r"\s*from\s+(\S+)\s+c?import\s+(.+)", line):
            base = "emitter" if found[1].startswith(".") else found[1]
            yield from (f"{base}.{name.strip(' ()')}" for name in found[2].split(","))
        elif found := re.match(r"\s*c?import\s+(.+)", line):
            yield from (name.split(" as ")[0].strip() for name in found[1].split(","))


def imported_units(path: Path) -> set[str]:
    """The other units of the package that a file of it imports."""
    imports = cython_imports if path.suffix in {".pyx", ".pxd"} else python_imports
    dotted = (name.split(".") for name in imports(path))
    units = {name[1] for name in dotted if name[0] == "emitter" and len(name) > 1}
    return {unit for unit in units if unit in RANKS or list(PACKAGE.glob(f"{unit}*"))}


def test_the_tidy_tests_see_the_project() -> None:
    names = {name_of(path) for path in ours()}
    assert {"pyproject.toml", "src/emitter/errors.py", "tests/test_tidy.py"} <= names
    assert imported_units(PACKAGE / "trade" / "tariffs.py") == {"errors", "trade"}


@pytest.mark.parametrize(
    "path",
    [p for p in written(".py", ".pyx", ".pxd", ".pyi") if PACKAGE in p.parents],
    ids=name_of,
)
def test_imports_go_one_way(path: Path) -> None:
    unit = unit_of(path)
    if unit == "__init__":
        return
    assert unit in RANKS, f"give {unit} a rank"
    for imported in imported_units(path) - {unit}:
        assert RANKS[imported] < RANKS[unit], f"{unit} may not import {imported}"


@each(".h", ".c")
def test_native_code_includes_itself_and_the_platform_only(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        if found := re.match(r"\s*#\s*include\s+([\"<])(.+?)[\">]", line):
            quote, header = found.groups()
            assert "Python" not in header
            assert "numpy" not in header
            assert quote == "<" or (path.parent / header).exists()


@pytest.mark.parametrize(
    "path", [p for p in written(".py") if PACKAGE / "trade" in p.parents], ids=name_of
)
def test_trade_knows_no_clock_randomness_store_or_network(path: Path) -> None:
    banned = {
        "asyncio", "grpc", "http", "io", "lmdb", "multiprocessing", "os", "pathlib", "random",
        "secrets", "socket", "subprocess", "threading", "time", "uuid",
    }  # fmt: skip
    assert not banned & {name.split(".")[0] for name in python_imports(path)}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "today", "utcnow", "environ"}


@each(".py")
def test_a_python_file_has_at_most_400_lines_and_a_function_70(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= (600 if path.name == "errors.py" else 400)  # one table
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 70, node.name


@each(".pyx", ".pxd", ".pxi", ".pyi", ".h", ".c")
def test_a_native_file_has_at_most_800_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 800


@each(".py", ".pyx", ".pxd", ".pxi", ".pyi", ".h", ".c")
def test_no_line_is_wider_than_100_columns(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    in_table = path == PACKAGE / "errors.py"  # whose rows are one line a field
    wide = [
        number
        for number, line in enumerate(lines, 1)
        if len(line) > 100 and not (in_table and line.startswith("        "))
    ]
    assert not wide


def undocumented(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    """Names of public classes, functions and methods below ``tree`` that have no docstring."""
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        overload = any("overload" in ast.dump(item) for item in node.decorator_list)
        if node.name.startswith("_") or overload:
            continue
        if ast.get_docstring(node) is None:
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node, f"{prefix}{node.name}.")


@pytest.mark.parametrize(
    "path", [p for p in written(".py", ".pyi") if PACKAGE in p.parents], ids=name_of
)
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    if path.suffix == ".py":
        assert list(undocumented(tree)) == []


def test_everything_public_in_the_glass_has_a_docstring() -> None:
    things = {name: thing for name, thing in vars(_core).items() if not name.startswith("_")}
    own = {n: t for n, t in things.items() if getattr(t, "__module__", "") == _core.__name__}
    assert {"emit", "parse", "post", "SerialKey"} <= own.keys()
    for name, thing in own.items():
        assert thing.__doc__, name
        if isinstance(thing, type):
            members = {n: m for n, m in vars(thing).items() if not n.startswith("_")}
            assert [n for n, member in members.items() if not member.__doc__] == []


@each(*TEXT_SUFFIXES, "")
def test_nothing_is_left_to_do_and_no_machine_is_named(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        assert not FORBIDDEN.search(line), f"line {number}: {line.strip()}"


def test_the_forbidden_words_are_found_where_they_stand() -> None:
    for line in ("# TO" + "DO later", "raise NotImplemented" + "Error", "/wor" + "k/main/x",
                 "<" * 7 + " HEAD", "=" * 7, ">" * 7 + " name"):  # fmt: skip
        assert FORBIDDEN.search(line)
    for line in ("src/wor" + "k/main", "https://example.kz/home/page", "~/root/x", "=" * 9):
        assert not FORBIDDEN.search(line)
