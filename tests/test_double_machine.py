"""Whether a machine whose arithmetic is another one is found out."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import platform
import sys

import numpy as np
import pytest

from gradiometer.reference.doubles import machine

EVERY = list(machine.ASSUMPTIONS.values())
UPWARD, DOWNWARD, TOWARDS_ZERO = 0x800, 0x400, 0xC00
FLUSH_TO_ZERO, SUBNORMALS_ARE_ZERO = 1 << 15, 1 << 6

on_x86 = pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux",
    reason="the state of floating-point arithmetic is set as glibc keeps it on x86-64",
)


@contextlib.contextmanager
def arithmetic(rounding=0, flags=0):
    """Set the thread's rounding and flags of MXCSR."""
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    before = (ctypes.c_uint32 * 8)()
    library.fegetenv(before)
    after = (ctypes.c_uint32 * 8)(*before)
    after[7] |= flags
    library.fesetenv(after)
    library.fesetround(rounding)
    try:
        yield
    finally:
        library.fesetenv(before)


@pytest.mark.parametrize("holds", EVERY, ids=lambda f: f.__name__)
def test_each_assumption_holds_here(holds):
    assert holds()


@on_x86
@pytest.mark.parametrize("rounding", [UPWARD, DOWNWARD, TOWARDS_ZERO])
def test_another_rounding_is_found(rounding):
    with arithmetic(rounding):
        assert not machine.rounds_to_nearest()
    assert machine.rounds_to_nearest()


@on_x86
@pytest.mark.parametrize("flag", [FLUSH_TO_ZERO, SUBNORMALS_ARE_ZERO])
def test_flushed_subnormals_are_found(flag):
    with arithmetic(flags=flag):
        assert not machine.keeps_subnormals()
    assert machine.keeps_subnormals()


def test_a_fused_product_that_is_rounded_is_found(monkeypatch):
    monkeypatch.setattr(machine, "two_product", lambda a, b: (a * b, 0.0 * a))
    assert not machine.is_free_of_errors()


@pytest.mark.parametrize(
    "multiply",
    [
        lambda a, b: (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float64),
        lambda a, b: a @ b * (1.0 + 2.0**-52),
        lambda a, b: np.array(((a[:, :16] + a[:, 16:]) @ (b[:16] + b[16:])) / 2.0),
    ],
    ids=["float32", "a-last-place", "another-sum"],
)
def test_a_product_of_fewer_bits_is_found(multiply):
    assert not machine.multiplies_whole_numbers(multiply)


def test_what_fails_is_logged_once(monkeypatch, caplog):
    machine.usable.cache_clear()
    monkeypatch.setitem(machine.ASSUMPTIONS, "numbers are not rounded to nearest", lambda: False)
    try:
        assert [machine.usable(), machine.usable()] == [False, False]
    finally:
        machine.usable.cache_clear()
    (told,) = (record.getMessage() for record in caplog.records)
    assert "numbers are not rounded to nearest" in told
    assert "taken for zero" not in told


def test_a_sound_machine_is_used_silently(caplog):
    machine.usable.cache_clear()
    assert machine.usable()
    assert not caplog.records
