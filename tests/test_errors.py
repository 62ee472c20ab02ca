"""The project's own errors: who they derive from, and what they say."""

from __future__ import annotations

import pytest

from gradiometer.errors import (
    GradiometerError,
    ReferenceFailure,
    UnknownName,
    Unsupported,
    UnsupportedOperation,
    describe,
    listing,
)


@pytest.mark.parametrize("kind", [Unsupported, UnsupportedOperation, UnknownName, ReferenceFailure])
def test_every_error_of_ours_derives_from_one_base(kind: type[Exception]) -> None:
    assert issubclass(kind, GradiometerError)


def test_a_missing_operation_is_both_unsupported_and_a_missing_attribute() -> None:
    assert issubclass(UnsupportedOperation, Unsupported)
    assert issubclass(UnsupportedOperation, AttributeError)


def test_an_unknown_name_is_answered_with_what_happened_what_is_known_and_what_is_near() -> None:
    error = UnknownName("method", "jx-jit", ["pytorch", "jax-jit", "backprop"])
    assert str(error) == (
        "Unknown method 'jx-jit': expected one of backprop, jax-jit, pytorch. "
        "Did you mean 'jax-jit'?"
    )


def test_several_near_names_are_all_suggested_nearest_first() -> None:
    text = str(UnknownName("method", "jax-jt", ["jax-jit", "jax", "sympy"]))
    assert text.endswith("Did you mean 'jax-jit' or 'jax'?")


@pytest.mark.parametrize("name", ["zzz", "", "*", "名前"])
def test_a_name_near_nothing_gets_no_suggestion(name: str) -> None:
    text = str(UnknownName("problem", name, ["mlp", "prelu-chain"]))
    assert text == f"Unknown problem {name!r}: expected one of mlp, prelu-chain."


def test_an_unknown_name_in_an_empty_registry_says_that_there_are_none() -> None:
    assert str(UnknownName("size", "big", [])) == "Unknown size 'big': expected one of (none)."


@pytest.mark.parametrize(
    ("names", "limit", "text"),
    [
        ([], 8, "(none)"),
        (["a"], 8, "a"),
        (["a", "b"], 2, "a, b"),
        (["a", "b", "c"], 2, "a, b, …"),
        ([str(i) for i in range(8)], 8, "0, 1, 2, 3, 4, 5, 6, 7"),
        ([str(i) for i in range(9)], 8, "0, 1, 2, 3, 4, 5, 6, 7, …"),
    ],
)
def test_a_listing_is_cut_after_its_limit_and_says_so(
    names: list[str], limit: int, text: str
) -> None:
    assert listing(names, limit) == text


def test_a_listing_takes_any_collection_in_its_own_order() -> None:
    assert listing({"b": 1, "a": 2}) == "b, a"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("boom"), "ValueError: boom"),
        (ValueError("first\nsecond\nthird"), "ValueError: first"),
        (ValueError("\n\n  after blank lines\n"), "ValueError: after blank lines"),
        (ValueError(), "ValueError"),
        (ValueError("  \n "), "ValueError"),
        (KeyError("name"), "KeyError: 'name'"),
        (SystemExit(3), "SystemExit: 3"),
        (ZeroDivisionError("float division by zero"), "ZeroDivisionError: float division by zero"),
    ],
)
def test_a_foreign_error_is_described_in_one_line(error: BaseException, text: str) -> None:
    assert describe(error) == text
