"""The conformance kit as a test file, for the tests of other projects.

    pytest --pyargs gradiometer.conformance --gradiometer-method my_tool_method.py

One item a part: the contract, the process, and each operator in each dtype. All that are selected
are checked together when the first of them is due, so that each library is imported once.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from gradiometer.conformance.conform import Subjects, check_parts, subjects
from gradiometer.conformance.expected import rows_of
from gradiometer.conformance.result import Check, Verdict
from gradiometer.errors import GradiometerError
from gradiometer.measure.plan import applies
from gradiometer.vocabulary.dtype import DTYPES, find_dtype
from gradiometer.vocabulary.operators import OPERATORS

PARTS = ("contract", "process")
FOUND = pytest.StashKey[Subjects]()
CHECKED = pytest.StashKey[dict["Part", list[Check]]]()
NAME = "gradiometer_part"
NONE = "name a method: pytest --pyargs gradiometer.conformance --gradiometer-method NAME"


class Part(NamedTuple):
    """What an item asserts: a part of the checks of a method.

    Attributes:
        method: The method's name.
        part: `contract`, `process`, or an operator.
        dtype: Of an operator, what the numbers are.
    """

    method: str
    part: str
    dtype: str = ""

    @property
    def id(self) -> str:
        """A text that names the item."""
        return "-".join(filter(None, self))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item of each part; one that is skipped where no method is named.

    Raises:
        CollectError: If what is named is not to be found.
    """
    option = metafunc.config.getoption
    if not option("gradiometer_method"):
        none = pytest.param(None, marks=pytest.mark.skip(reason=NONE), id="no-method")
        metafunc.parametrize(NAME, [none])
        return
    try:
        metafunc.config.stash[FOUND] = found = subjects(
            option("gradiometer_method"),
            option("gradiometer_plugins"),
            option("gradiometer_problem") or None,
            quick=option("gradiometer_quick"),
        )
    except GradiometerError as error:
        raise pytest.Collector.CollectError(str(error)) from None
    operators = [n for n in OPERATORS if any(applies(n, problem) for problem in found.problems)]
    dtypes = [find_dtype(name).name for name in option("gradiometer_dtype")]
    dtypes = dtypes or (["float64"] if option("gradiometer_quick") else [*DTYPES])
    parts = [Part(entry.name, "contract") for entry in found.left]
    for method in found.methods:
        parts += [Part(method.name, part) for part in PARTS]
        parts += [Part(method.name, name, dtype) for dtype in dtypes for name in operators]
    metafunc.parametrize(NAME, parts, ids=[part.id for part in parts])


def test_it_conforms(gradiometer_part: Part, request: pytest.FixtureRequest) -> None:
    """A part of what is checked of a method is as it should be, or as it is known to be."""
    checks = _checked(request)[gradiometer_part]
    failed = [each for each in checks if each.verdict is Verdict.FAILED]
    if failed:
        pytest.fail("\n".join(map(_told, failed)), pytrace=False)
    if not any(each.verdict is Verdict.PASSED for each in checks):
        reasons = dict.fromkeys(each.cause or each.found for each in checks)
        expected = any(each.verdict is Verdict.EXPECTED for each in checks)
        (pytest.xfail if expected else pytest.skip)("; ".join(reasons) or "nothing to check")


def _checked(request: pytest.FixtureRequest) -> dict[Part, list[Check]]:
    """Return the checks of all parts that are selected; carried out when they are first wanted."""
    config = request.config
    if CHECKED not in config.stash:
        items = [item for item in request.session.items if isinstance(item, pytest.Function)]
        wanted = [i.callspec.params.get(NAME) for i in items if hasattr(i, "callspec")]
        parts = [part for part in wanted if isinstance(part, Part)]
        done: dict[Part, list[Check]] = {part: [] for part in parts}
        rows = rows_of(request.config.getoption("gradiometer_expected"))
        for each in check_parts(config.stash[FOUND], rows, parts):
            key = Part(each.method, each.operator or each.part, each.dtype)
            if key in done:
                done[key].append(each)
        config.stash[CHECKED] = done
    return config.stash[CHECKED]


def _told(check: Check) -> str:
    lines = [f"{check.method}: {check.where}", f"  expected: {check.wanted}"]
    lines += [f"  came:     {check.found}", f"  likely:   {check.cause}"]
    return "\n".join(lines)
