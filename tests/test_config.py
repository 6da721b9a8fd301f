"""Limits and settings: named, bounded, read from flags before the environment."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from emitter.config import Limits, Settings


def test_every_limit_has_a_unit_and_a_reason() -> None:
    table = list(Limits().table())
    assert [name for name, *_ in table] == [item.name for item in dataclasses.fields(Limits)]
    for name, value, unit, reason in table:
        assert value >= 0
        assert unit, name
        assert len(reason) > 10, name


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(Limits)])
def test_a_limit_is_positive(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: -1})
    if name not in ("active_orders_max", "order_life_days", "retention_days"):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: 0})


def test_no_limit_of_open_orders_is_spelled_as_zero() -> None:
    assert Limits(active_orders_max=0).active_orders_max == 0


def test_streams_leave_half_of_the_threads_to_single_calls() -> None:
    assert Limits(streams_max=5, threads_max=10)
    with pytest.raises(ValueError, match="streams_max"):
        Limits(streams_max=6, threads_max=10)


def test_limits_fit_together() -> None:
    limits = Limits()
    # The longest code is 129 bytes, lines that were added to it not counted.
    assert limits.verify_codes_max * (129 + 1) < limits.message_bytes_max
    assert limits.stream_orders_in_flight_max <= limits.queue_participant_commands_max


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default() -> None:
    environ = {"EMITTER_LISTEN": "127.0.0.1:1", "EMITTER_DATA_DIR": "/a", "EMITTER_GRACE_S": ""}
    settings = Settings.read({"listen": "127.0.0.1:2", "data_dir": None}, environ)
    assert settings.listen == "127.0.0.1:2"
    assert settings.data_dir == Path("/a")
    assert settings.grace_s == Settings().grace_s


@pytest.mark.parametrize(
    ("flags", "environ", "named"),
    [
        ({"lisen": "x"}, {}, "lisen"),
        ({"grace_s": "soon"}, {}, "EMITTER_GRACE_S"),
        ({"grace_s": "-1"}, {}, "EMITTER_GRACE_S"),
        ({"tls_key_file": "k"}, {}, "--tls-certificate"),
        ({}, {"EMITTER_TLS_CERTIFICATE_FILE": "c"}, "--tls-key"),
        ({"tls_client_ca_file": "c"}, {}, "для --tls-client-ca нужны"),
        ({"sscc_prefix": "12"}, {}, "--sscc-prefix: нужно"),
    ],
)
def test_a_setting_that_does_not_read_is_named(
    flags: dict[str, str], environ: dict[str, str], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Settings.read(flags, environ)


def test_the_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMITTER_LISTEN", "127.0.0.1:5")
    assert Settings.read().listen == "127.0.0.1:5"
