"""The benchmarks' switch ``--smoke`` and their report: ``bench/report.md``."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from contest import Section, take_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contest import Sample

HERE = Path(__file__).parent
_PACKAGES = ("numpy", "grpcio", "protobuf", "lmdb", "cython", "cryptography")
_sections: list[Section] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--smoke", action="store_true", help="small sizes: alive, not twice slower")


@pytest.fixture(scope="session")
def smoke(request: pytest.FixtureRequest) -> bool:
    """Whether this is a short run whose figures say little."""
    return bool(request.config.getoption("--smoke"))


class Contest:
    """What a benchmark is given: turns for its contestants, and a table for what they measured."""

    def __init__(self, benchmark: Callable[..., object], *, smoke: bool) -> None:
        self._benchmark = benchmark
        self.smoke = smoke

    def turns(
        self, contestants: Mapping[str, Callable[[], float]], turns: int
    ) -> dict[str, Sample]:
        """Measure; in a smoke run every contestant has three turns at most."""
        samples: dict[str, Sample] = self._benchmark.pedantic(
            take_turns, (contestants, min(turns, 3) if self.smoke else turns)
        )
        values = {name: sample.values for name, sample in samples.items()}
        self._benchmark.extra_info.update(values)
        return samples

    def section(self, title: str, bound: str) -> Section:
        """Start a table of the report; the bound comes first."""
        section = Section(title, bound)
        _sections.append(section)
        return section


@pytest.fixture
def contest(benchmark: Callable[..., object], smoke: bool) -> Contest:  # noqa: FBT001
    return Contest(benchmark, smoke=smoke)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _sections:
        text = "\n".join([_header(smoke=session.config.getoption("--smoke")),
                          *[section.text() for section in _sections]])  # fmt: skip
        name = "report.again.md" if session.config.getoption("lf") else "report.md"
        (HERE / name).write_text(text, "utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for section in _sections:
        terminalreporter.write_line(section.text())


def _header(*, smoke: bool) -> str:
    """Return what the figures were made on and with."""
    names = [line for line in _lines("/proc/cpuinfo") if "model name" in line]
    model = names[0].partition(":")[2].strip() if names else platform.processor()
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the user's own git
        cwd=HERE, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    system = f"{platform.system()} {platform.release()}"
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    kind = "a smoke run: small sizes, figures say little" if smoke else "a full run"
    return "\n".join([
        "# Benchmarks", "",
        f"Made by `make bench`, {kind}. Medians of interleaved turns; a ratio is one of medians of",
        "one run, absolute figures are for orientation.", "",
        f"- machine: {model}, {os.cpu_count()} CPUs, {system}, {load}",
        f"- commit: {commit or 'unknown'}",
        f"- Python {sys.version.split()[0]}, {versions}",
        f"- kernels: {_kernels()}",
        "",
    ])  # fmt: skip


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []


def _kernels() -> str:
    """Return the form of the kernels and the library of signatures that this machine runs."""
    from emitter import _core  # noqa: PLC0415

    forms = ", ".join(_core.kernel_forms())
    return f"{_core.kernel_form()} of {forms}; signatures: {_core.signature_library()}"
