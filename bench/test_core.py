"""The core on one core of the machine: making codes, checking them, signing, two threads.

A code of 85 bytes costs two compressions of SHA-256 (a MAC from midstates), ten AES-256 of FF1 one
after another, and 85 bytes written. Four streams of SHA instructions make a compression in 18–25
ns, two registers of sixteen lanes of AVX-512 in 8–18 ns, so that no form can make more than 28 to
60 million codes a second; the share of that bound, measured in the same run, is what a form is
worth. Ten AES-256 are 140 rounds: 9 ns where four blocks share a register and others fill the
pipeline. Checking does the same work and reads instead of writing. An Ed25519 signature is 50,000
to 60,000 cycles in libsodium, 15 µs; eight lanes share them. Rates of one core are by CPU time.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import core_peers
import pytest
from contest import bound_of
from core_work import Worker, cpu_rate

from emitter import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Contest

HERE = Path(__file__).parent
NATIVE = HERE.parent / "src" / "emitter" / "native"
FORMS = _core.kernel_forms()
BEST = FORMS[-1]
TURNS = 15
BOUND_CODES = 1_000_000


@pytest.fixture(scope="module")
def workers() -> Iterator[dict[str, Worker]]:
    started = {form: Worker(form) for form in FORMS}
    yield started
    for worker in started.values():
        worker.close()


@pytest.fixture(scope="module")
def bounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], float]]:
    """Two compressions a code, by each kernel of the machine: codes a second."""
    target = tmp_path_factory.mktemp("bound") / "sha256_bound.so"
    subprocess.run(
        [*sysconfig.get_config_var("CC").split(), "-std=gnu11", "-O3", "-w", "-shared", "-fPIC",
         f"-I{NATIVE}", str(HERE / "sha256_bound.c"), "-lsodium", "-o", str(target)],
        check=True,
    )  # fmt: skip
    if len(FORMS) == 1:
        return {}
    bound = ctypes.CDLL(str(target)).sha256_bound
    bound.restype = ctypes.c_uint64
    sink = ctypes.c_uint32()

    def measure(form: int) -> float:
        blocks = ctypes.c_uint64(2 * BOUND_CODES)
        return cpu_rate(BOUND_CODES, lambda: bound(form, blocks, ctypes.byref(sink)))

    names = ("SHA instructions", "AVX-512")
    return {name: lambda i=i: measure(i) for i, name in enumerate(names[: len(FORMS) - 1], 1)}


def test_making_codes(
    contest: Contest, workers: dict[str, Worker], bounds: dict[str, Callable[[], float]]
) -> None:
    count = 20_000 if contest.smoke else 200_000
    slow = count // 20
    got = contest.turns(
        {
            **{form: lambda f=form: workers[f].rate("emit_mac", count) for form in FORMS},
            **bounds,
            "tuned Python": lambda: cpu_rate(slow, lambda: core_peers.tuned_python(slow)),
            "cryptography": lambda: cpu_rate(slow, lambda: core_peers.with_cryptography(slow)),
            "plain Python": lambda: cpu_rate(slow, lambda: core_peers.plain_python(slow)),
        },
        TURNS,
    )
    section = contest.section("Making codes of 85 bytes, one core", bound_of(__doc__))
    for form in reversed(FORMS):
        shares = [f"{got[form].over(got[name]):.0%} of {name}" for name in bounds]
        section.row(
            f"core, {form}", got[form], "codes/s", against=("tuned Python", got["tuned Python"]),
            note=", ".join(shares),
        )  # fmt: skip
    section.row("core, again", got[BEST], "codes/s", against=("cryptography", got["cryptography"]))
    section.row("core, again", got[BEST], "codes/s", against=("plain Python", got["plain Python"]))
    for name in bounds:
        section.row(f"two compressions and nothing else, {name}", got[name], "codes/s")
    for name in ("tuned Python", "cryptography", "plain Python"):
        section.row(name, got[name], "codes/s")
    for form in ("x86-64-v3", "avx512")[len(FORMS) - 1 :]:
        section.absent(f"core, {form}", "the CPU lacks its instructions")
    floors = {"portable": 0.75, "x86-64-v3": 5.0, "avx512": 12.0}
    for form in FORMS:
        assert got[form].over(got["tuned Python"]) > floors[form]


def test_codes_of_other_shapes(contest: Contest, workers: dict[str, Worker]) -> None:
    count = 20_000 if contest.smoke else 200_000
    shapes = ("emit_mac", "emit_short")
    names = {f"{shape}, {form}": (shape, form) for form in FORMS for shape in shapes}
    got = contest.turns(
        {n: lambda s=s, f=f: workers[f].rate(s, count) for n, (s, f) in names.items()}, TURNS
    )
    section = contest.section(
        "Making short codes, one core", "A check of four characters costs the same MAC."
    )
    for form in reversed(FORMS):
        section.row(
            f"38 bytes, {form}", got[f"emit_short, {form}"], "codes/s",
            against=("85 bytes", got[f"emit_mac, {form}"]),
        )  # fmt: skip


def test_checking_codes(contest: Contest, workers: dict[str, Worker]) -> None:
    count = 50_000 if contest.smoke else 200_000
    slow, slowest = count // 20, count // 1000
    codes = core_peers.tuned_python(slow)
    assert core_peers.check_with_tuned_python(codes)
    serials = [code[19:31].decode() for code in codes[:slowest]]
    steps = ("parse_mac", "invert_mac")
    got = contest.turns(
        {
            **{form: lambda f=form: workers[f].rate("read_mac", count) for form in FORMS},
            **{step: lambda s=step: workers[BEST].rate(s, count) for step in steps},
            "tuned Python": lambda: cpu_rate(
                slow, lambda: core_peers.check_with_tuned_python(codes)
            ),
            "ff3": lambda: cpu_rate(slowest, lambda: core_peers.invert_with_ff3(serials)),
            "pyffx": lambda: cpu_rate(slowest, lambda: core_peers.invert_with_pyffx(serials)),
        },
        TURNS,
    )
    section = contest.section(
        "Checking codes of 85 bytes, one core",
        "Parse, lead back to the counter, make the MAC again and compare: FF1 and two compressions "
        "as in making, and a look at every byte. Tuned Python only compares the tails.",
    )
    for form in reversed(FORMS):
        section.row(
            f"parse, invert and check, {form}", got[form], "codes/s",
            against=("tuned Python", got["tuned Python"]),
        )  # fmt: skip
    section.row(f"parse alone, {BEST}", got["parse_mac"], "codes/s")
    for peer in ("ff3", "pyffx"):
        section.row(
            f"invert alone, {BEST}", got["invert_mac"], "codes/s", against=(peer, got[peer])
        )
    section.row("tuned Python, tails alone", got["tuned Python"], "codes/s")
    section.row("ff3, serials alone", got["ff3"], "codes/s")
    section.row("pyffx, serials alone", got["pyffx"], "codes/s")
    floors = {"portable": (0.5, 40), "x86-64-v3": (2.5, 250), "avx512": (4.0, 1_000)}
    assert got[BEST].over(got["tuned Python"]) > floors[BEST][0]
    assert got["invert_mac"].over(got["ff3"]) > floors[BEST][1]


def test_signing(contest: Contest, workers: dict[str, Worker]) -> None:
    count = 2_000 if contest.smoke else 20_000
    messages = [b"0104600439931256215%012d\x1d91EE05" % i for i in range(count // 10)]
    got = contest.turns(
        {
            **{form: lambda f=form: workers[f].rate("emit_signature", count) for form in FORMS},
            "PyNaCl": lambda: cpu_rate(
                len(messages), lambda: core_peers.sign_with_pynacl(messages)
            ),
            "cryptography": lambda: cpu_rate(
                len(messages), lambda: core_peers.sign_with_cryptography(messages)
            ),
        },
        TURNS,
    )
    section = contest.section(
        "Making codes of 129 bytes with an Ed25519 tail, one core",
        "The signature is all of the cost: what the library takes for it is the bound.",
    )
    for form in reversed(FORMS):
        section.row(
            f"core, {form}", got[form], "codes/s", against=("PyNaCl", got["PyNaCl"]),
            note=workers[form].ask("signature_library"),
        )  # fmt: skip
    section.row("PyNaCl, tails alone", got["PyNaCl"], "codes/s")
    section.row("cryptography, tails alone", got["cryptography"], "codes/s")
    eight = "eight" in workers[BEST].ask("signature_library")
    assert got[BEST].over(got["PyNaCl"]) > (4 if eight else 0.7)


def test_two_threads(contest: Contest, workers: dict[str, Worker]) -> None:
    count = 20_000 if contest.smoke else 2_000_000
    names = {
        f"{work}, {form}": (work, form)
        for form in FORMS
        for work in ("emit_mac_by_one", "emit_mac_by_two", "emit_mac_by_processes")
    }
    got = contest.turns(
        {n: lambda w=w, f=f: workers[f].rate(w, count // (1 if f == BEST else 10))
         for n, (w, f) in names.items()},
        TURNS,
    )  # fmt: skip
    section = contest.section(
        "Two threads",
        "Nothing is shared but the keys, so with two free cores the bound is 2. The "
        f"{os.cpu_count()} CPUs here may be threads of one core, share its power, and serve what "
        "else runs: what they can do is what two processes of the same kernel reach in turns with "
        "the threads.",
    )
    for form in reversed(FORMS):
        one, two, processes = (
            got[f"emit_mac_by_{what}, {form}"] for what in ("one", "two", "processes")
        )
        section.row(
            f"two threads, {form}", two, "codes/s", against=("one", one),
            note=f"{two.over(processes):.0%} of what two processes do",
        )  # fmt: skip
        section.row(f"two processes, {form}", processes, "codes/s", against=("one", one))
