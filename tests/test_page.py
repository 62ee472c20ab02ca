"""A run's report: every section, every link, and every cell."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import records
from markdown_it import MarkdownIt

from gradiometer.errors import GradiometerError
from gradiometer.report import markdown, page, tables
from gradiometer.report.run import Run
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS

INFO: dict[str, Any] = {
    "id": "20260101-120000-abcd",
    "format": 3,
    "experiment": "comparison",
    "state": "complete",
    "environment": {
        "started": "2026-01-01T12:00:00+00:00", "python": "3.11.7", "system": "Linux 6.1",
        "cpu": "Model | X", "cores": 2, "memory_gib": 15.5, "load_average": [0.1, 0.2, 0.3],
        "versions": {"numpy": "2.1.0", "scipy": "1.14.0"},
    },
    "timing": "interleaved",
    "options": {
        "threads": 1, "rounds": 25, "sample_s": 0.005, "budget_s": 5.0, "precision": 0.02,
        "seed": 42,
    },
    "floor_s": 8.231884518001506e-08,
}  # fmt: skip
CSV = ("agreement", "speed", "ranking", "timing", "break_even", "coverage", "answers", "records")
EMPTY = ("break_even", "answers")
"""Tables in which the whole run has nothing."""
FAILED = {
    "wrong": ("disagrees", "0.3 digits, 12 promised; largest error in x | y"),
    "nans": ("nonfinite", "3 of 3 components not finite: x"),
    "slow": ("timeout", "prepare took longer than 60 s."),
    "absent": ("not-installed", "absent is not installed: pip install 'absent'"),
    "small": ("unsupported", "Method 'small' has no gradient."),
    "broken": ("error", "ValueError: two\nlines"),
}


def row(
    method: str = "tape",
    problem: str = "net",
    size: str = "",
    operator: str = "gradient",
    **values: Any,
) -> dict[str, Any]:
    return records.row(method, problem, size, operator, **{"promise": 12.0} | values)


def good(method: str, size: str, n: int, operator: str, slower: float) -> dict[str, Any]:
    time_s = n * slower * (7e-8 if operator == "value" else 1e-7) / 3
    figures = {
        "n": n, "digits": 15.123456789 if slower > 1 else math.inf,
        "prepare_s": 4e-6, "first_s": 1.5e-3,
    }  # fmt: skip
    times = records.timed(slower, 0.98 * slower, 1.01 * slower, time_s)
    return row(method, "net", size, operator, **figures, **times)


def whole() -> list[dict[str, Any]]:
    """Return the records of three sizes: two methods that agree, and one for each failure."""
    rows = []
    for size, n in (("2-3", 9), ("10-50", 3151), ("64-256", 85_002)):
        for operator in ("value", "gradient"):
            rows += [good("by-hand", size, n, operator, 1.0), good("tape", size, n, operator, 7.3)]
            rows += [
                row(m, "net", size, operator, status=status, reason=reason)
                for m, (status, reason) in FAILED.items()
            ]
    return rows


def run(rows: list[dict[str, Any]], **info: Any) -> Run:
    told = records.run(*rows)
    path = Path("results") / INFO["id"]
    return Run(path, INFO | {"plan": told.info["plan"]} | info, told.records)


@contextmanager
def only(*sections: str) -> Iterator[None]:
    """Make no other sections of a report; all take longer than most of what is asked of one."""
    made = [getattr(page, f"_{name}") for name in sections]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "SECTIONS", made)
        yield


def text(told: Run, *sections: str) -> str:
    """Return the opening of a report and some sections, without charts."""
    with only(*sections), pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "figures", lambda run, name, operator: [])
        patch.setattr(page, "first_answers", lambda run, case: [])
        return markdown.render(page.page(told))


def section(report: str, heading: str) -> str:
    """Return the text under a heading of the second level."""
    (found,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", report, re.DOTALL | re.MULTILINE)
    return str(found)


def cells(markdown: str) -> list[list[str]]:
    """Return the rows of a text's tables as a reader sees them, headers left out."""
    html = MarkdownIt("commonmark").enable("table").render(markdown)
    rows = re.findall(r"<tr>\s*((?:<td.*?</td>\s*)+)</tr>", html, re.DOTALL)
    entries = [re.findall(r"<td[^>]*>(.*?)</td>", r, re.DOTALL) for r in rows]
    return [[_plain(e) for e in entry] for entry in entries]


def _plain(html: str) -> str:
    bare = re.sub(r"<[^>]*>", "", html)
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        bare = bare.replace(name, sign)
    return bare


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the whole run."""
    shown, path = page.write(run(whole()), tmp_path_factory.mktemp("reports") / "deep")
    assert (shown.name, path.name) == ("report.html", "report.md")
    assert path.parent.name == INFO["id"]
    return path.parent


@pytest.fixture(scope="module")
def csv() -> dict[str, pd.DataFrame]:
    """The whole run's tables."""
    return tables.csv(run(whole()))


@pytest.fixture(scope="module")
def report(folder: Path) -> str:
    return (folder / "report.md").read_text("utf-8")


# The text.


@pytest.mark.parametrize(
    "heading",
    ["Matrix", "Right", "Fast", "Growth", "Coverage", "Environment", "Details"],
)
def test_every_section_is_there_once_with_a_table_or_a_chart(report: str, heading: str) -> None:
    body = section(report, heading)
    assert "|" in body or "![" in body


def test_the_report_opens_with_the_run_and_its_counts(report: str) -> None:
    assert report.startswith(f"# Differentiation methods compared: run {INFO['id']}\n")
    assert "**Of 48 cells: 12 ok, " in report
    assert "24 cells disagree with the truth or failed: see [Coverage](#coverage)." in report


def test_the_least_accurate_answer_that_agrees_is_named(report: str) -> None:
    assert re.search(r"promises 11 digits or more has\s15\.1 \(tape on net/", report)


def test_an_answer_that_disagrees_is_never_the_least_accurate_that_agrees() -> None:
    ends = ("disagrees", "timeout", "of-a-later-version")
    rows = [row(f"bad-{status}", status=status, digits=1.0) for status in ends]
    rows += [row("fair", promise=10.9, digits=11.0), row("naught"), row("tape", digits=12.5)]
    rows += [row("second", operator="hvp", promise=11.0, digits=11.5)]
    told = " ".join(text(run(rows)).split())
    assert "promises 11 digits or more has 11.5 (second on net/float64/hvp)" in told
    assert told.count("The least accurate") == 1
    assert "The least accurate" not in text(run(rows[:5]))


def test_the_least_accurate_answer_is_named_of_each_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Method, "digits", {"float64": (12.0, 11.0), "float32": (5.0, 4.0)})
    rows = [
        row(m, dtype=d, promise=p, digits=x + i)
        for d, p, x in (("float64", 12.0, 13.0), ("float32", 5.0, 6.0))
        for i, m in enumerate(("low", "high"))
    ]
    told = " ".join(text(run(rows), "tables").split())
    assert "promises 11 digits or more has 13.0 (low on net/float64/gradient)" in told
    assert "promises 4 digits or more has 6.0 (low on net/float32/gradient)" in told
    assert "of 1 functions in float64 and float32." in told
    owed = "12 in float64 (11 of second derivatives), 5 in float32 (4 of second derivatives);"
    assert owed in told


def test_the_answer_comes_first_and_what_is_long_last(report: str) -> None:
    assert re.findall(r"^## (.+)$", report, re.MULTILINE) == [
        "The answer", "Matrix", "Right", "Fast", "Growth", "Coverage", "Environment", "Details",
    ]  # fmt: skip
    assert report[: report.index("\n## Details")].count("\n") < 300


def test_no_line_is_left_empty_twice_and_nothing_is_undefined(report: str) -> None:
    assert "\n\n\n" not in report
    assert not re.search(r"\b(None|nan|undefined)\b|\{\{|\{%", report)


def test_every_image_and_every_anchor_leads_somewhere(folder: Path, report: str) -> None:
    links = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", report)
    assert [target for _, target in links] == [
        "agreement-gradient.svg", "ranking-gradient.svg", "accuracy-cost-gradient.svg",
        "first-answer-0.svg", "scaling-gradient.svg", "cost-gradient.svg", "agreement-value.svg",
        "ranking-value.svg", "scaling-value.svg",
    ]  # fmt: skip
    assert all(alt and (folder / target).stat().st_size > 1000 for alt, target in links)
    anchors = re.findall(r"\]\(#([a-z-]+)\)", report)
    headings = {h.lower().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", report, re.MULTILINE)}
    assert anchors
    assert set(anchors) <= headings


def part(report: str, heading: str, subheading: str) -> str:
    """Return the text under a heading of the third level."""
    body = section(report, heading)
    (found,) = re.findall(rf"^### {subheading}\n(.*?)(?=^### |\Z)", body, re.DOTALL | re.MULTILINE)
    return str(found)


def folded(report: str, summary: str) -> str:
    """Return the text that is folded away under a summary."""
    opened = rf"<summary>{summary}</summary>\n(.*?)</details>"
    (found,) = re.findall(opened, report, re.DOTALL)
    return str(found)


def test_the_table_of_digits_shows_promises_and_statuses(report: str) -> None:
    rows = {r[0]: r[1:] for r in cells(folded(report, "Correct digits, gradient"))}
    assert rows["by-hand"] == ["12", "exact", "exact", "exact"]
    assert rows["tape"] == ["12", "15.1", "15.1", "15.1"]
    assert {m: r[1:] for m, r in rows.items() if m in FAILED} == {
        m: [status] * 3 for m, (status, _) in FAILED.items() if m != "absent"
    }
    assert "Not installed: absent (pip install" in folded(report, "Correct digits, gradient")


def test_digits_of_a_wrong_answer_stand_behind_its_status() -> None:
    late = row("late", status="disagrees", digits=16.3, reason="not after 9 calls")
    told = text(run([late]), "tables")
    shown = cells(folded(told, "Correct digits, gradient"))
    assert shown == [["late", "12", "disagrees (16.3)"]]


def test_operators_have_parts_of_their_own_derivatives_first() -> None:
    names = ["value", "hvp", "jacobian", "gradient"]
    rows = [good("tape", "2-3", 9, name, 1.0) for name in names]
    told = text(run(rows), "right", "fast")
    order = ["gradient", "jacobian", "hvp"]
    right = section(told, "Right")
    assert re.findall(r"^### (.+)$", right, re.MULTILINE) == order
    assert re.findall(r"^### (.+), time$", section(told, "Fast"), re.MULTILINE) == order
    assert "computed\ngradient, jacobian, hvp, value of 1 functions" in told
    assert all(OPERATORS[name].meaning in part(told, "Right", name) for name in order)


def test_a_table_lies_on_its_longer_side() -> None:
    rows = [row(m, f"p{i:02}", digits=9.0) for i in range(40) for m in ("tape", "jit")]
    shown = cells(folded(text(run(rows), "tables"), "Correct digits, gradient"))
    assert shown[0] == ["promise", "12", "12"]
    assert [r[0] for r in shown[1:]] == [f"p{i:02}" for i in range(40)]


def test_what_was_derived_is_marked_and_the_mark_explained() -> None:
    rows = [good("tape", "2-3", 9, "jvp", 2.0) | {"route": "1 vjps"}]
    told = text(run([*rows, good("by-hand", "2-3", 9, "jvp", 1.0)]), "fast", "tables", "ranking")
    assert "`†`: put together from the method's other operators." in section(told, "Fast")
    times = folded(told, "Time, jvp, as a multiple of the fastest")
    assert cells(times) == [["tape", "2.00×†"], ["by-hand", "1.00×"]]
    assert [r[-1] for r in cells(section(told, "Ranking"))] == ["native", "1 vjps"]


def test_where_nothing_was_derived_there_is_no_mark(report: str) -> None:
    assert "†" not in report
    assert "route" not in part(report, "Details", "Ranking")


def test_the_ranking_has_a_table_for_each_case_folded_away_by_problem(report: str) -> None:
    body = part(report, "Details", "Ranking")
    assert re.findall("<summary>(.*?)</summary>", body) == ["net"]
    assert body.count("<details>") == body.count("</details>") == 1
    sizes = ["2-3 (9 inputs)", "10-50 (3,151 inputs)", "64-256 (85,002 inputs)"]
    headings = re.findall(r"^##### (.+)$", body, re.MULTILINE)
    assert headings == [f"{name} of net {size}" for name in ("gradient", "value") for size in sizes]
    ranked = [r for r in cells(body) if r[0] in ("1", "2")]
    assert [r[:4] for r in ranked] == [
        ["1", "by-hand", "1.00×", "[0.98, 1.01]"],
        ["2", "tape", "7.30×", "[7.15, 7.37]"],
    ] * 6
    assert "takes 82.3 ns." in body


def test_the_ranking_keeps_the_order_of_the_problems() -> None:
    names = ["spring", "affine", "net"]
    rows = [
        row(method, problem, **records.timed(ratio))
        for problem in names
        for method, ratio in (("by-hand", 1.0), ("tape", 2.0))
    ]
    body = section(text(run(rows), "ranking"), "Ranking")
    assert re.findall("<summary>(.*?)</summary>", body) == names


def test_the_cost_stands_beside_its_bound_at_the_largest_size() -> None:
    body = section(text(run(whole()), "cost"), "Cost against the primal")
    rows = {r[0]: r[1:] for r in cells(body)}
    assert rows["by-hand"] == rows["tape"] == ["4 to 5", "1.43×"]
    assert rows["slow"][1] == "timeout"


@pytest.mark.parametrize(
    ("operators", "titles"),
    [
        (["gradient", "hvp"], ["hvp, in multiples of the gradient"]),
        (["value", "gradient"], ["gradient, in multiples of the value"]),
        (["value", "hvp"], []),
        (["gradient"], []),
        (["jacobian", "value"], []),
    ],
)
def test_costs_are_shown_where_the_run_has_both(operators: list[str], titles: list[str]) -> None:
    told = text(run([good("tape", "2-3", 9, name, 1.0) for name in operators]), "cost")
    assert re.findall(r"^### (.*in multiples.*)$", told, re.MULTILINE) == titles
    assert ("## Cost against the primal" in told) is bool(titles)


def test_the_cold_table_is_of_the_case_with_the_most_inputs() -> None:
    body = section(text(run(whole()), "cold"), "Cold and warm")
    assert "### gradient of net 64-256 (85,002 inputs)" in body
    assert cells(body)[0][:4] == ["by-hand", "–", "4.00 µs", "1.50 ms"]


def test_cold_figures_and_memory_are_shown_of_each_dtype() -> None:
    rows = [
        good("tape", "2-3", 9, "gradient", 1.0)
        | {"dtype": dtype, "case": records.case("net", "2-3", dtype=dtype), "call_bytes": held}
        for dtype, held in (("float64", 2_000_000), ("float32", 1_000_000))
    ]
    told = text(run(rows), "ranking", "cold", "memory")
    titles = ["gradient of net 2-3 (9 inputs)", "gradient of net 2-3 float32 (9 inputs)"]
    for heading, more in (("Cold and warm", ""), ("Memory", ", memory")):
        body = section(told, heading)
        assert re.findall("^### (.+)$", body, re.MULTILINE) == [t + more for t in titles]
    assert [r[-1] for r in cells(section(told, "Memory"))] == ["2.00 MB", "1.00 MB"]
    ranked = section(told, "Ranking")
    assert re.findall("^#### (.+)$", ranked, re.MULTILINE) == titles


def test_without_gradients_the_cold_table_is_of_the_first_operator_that_was_timed() -> None:
    rows = [row("tape", operator="gradient", status="timeout", reason="slow")]
    rows += [good("tape", "2-3", 9, name, 1.0) for name in ("value", "vjp")]
    told = text(run(rows), "cold")
    assert "### vjp of net 2-3 (9 inputs)" in section(told, "Cold and warm")


def test_the_environment_tells_what_the_figures_depend_on(report: str) -> None:
    facts = dict(map(tuple, cells(section(report, "Environment"))))
    assert facts == {
        "Machine": "Model | X, 2 cores, 15.5 GiB",
        "System": "Linux 6.1, Python 3.11.7",
        "Started": "2026-01-01T12:00:00+00:00",
        "Load before": "0.1, 0.2, 0.3 (1, 5, 15 minutes)",
        "Threads a tool": "1",
        "Sampling": "rounds of 5 ms a method, until every ratio is known within ±2% "
        "or 5 s are spent",
        "Noise": "not measured",
        "Seed": "42",
        "Versions": "numpy 2.1.0, scipy 1.14.0",
    }


# Coverage.


def test_every_reason_is_told_once_in_coverage_with_its_cells(report: str) -> None:
    shown = {(r[0], r[2]): (r[1], r[3], r[4]) for r in cells(section(report, "Coverage"))}
    cases = "net/2-3/float64/value, net/2-3/float64/gradient, net/10-50/float64/value and 3 more"
    assert shown == {
        (status, method): ("6", cases, reason.replace("\n", " "))
        for method, (status, reason) in FAILED.items()
    }


def test_where_many_reasons_are_given_those_to_be_expected_are_folded_away() -> None:
    skipped = [row("slow", f"p{i}", status="skipped", reason=f"{i} s") for i in range(40)]
    broken = [row("broken", f"p{i}", status="error", reason=f"why {i}") for i in range(40)]
    body = section(text(run([*skipped, *broken]), "coverage"), "Coverage")
    assert "<summary>40 reasons why cells are skipped</summary>" in body
    before, _, folded = body.partition("<details>")
    assert [r[0] for r in cells(before)] == ["error"] * 40
    assert [r[0] for r in cells(folded)] == ["skipped"] * 40


def test_a_run_without_gaps_says_so() -> None:
    told = text(run([good("tape", "2-3", 9, "gradient", 1.0)]), "coverage")
    assert section(told, "Coverage").strip() == "Every planned cell has its figure."
    assert "disagree with the truth" not in told


@pytest.mark.parametrize("separator", ["|", "||", "\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_no_reason_breaks_the_table(separator: str) -> None:
    rows = [row("broken", status="error", reason=f"before{separator}after"), row("tape")]
    shown = cells(section(text(run(rows), "coverage"), "Coverage"))
    assert [r[:4] for r in shown] == [["error", "1", "broken", "net/float64/gradient"]]
    assert re.fullmatch(r"before\W+after", shown[0][4])


@pytest.mark.parametrize(
    "reason",
    [
        "TypeError: <lambda>() takes 1 positional argument",
        "TypeError: Tape.__init__() missing 1 argument",
        "a * b * c is not defined",
    ],
)
def test_a_reason_reads_as_it_was_given(reason: str) -> None:
    rows = [row("broken", status="error", reason=reason), row("tape")]
    assert cells(section(text(run(rows), "coverage"), "Coverage"))[0][4] == reason


# Runs that ended early, and runs of other kinds.


@pytest.mark.parametrize("state", ["interrupted", "failed", "running"])
def test_a_run_that_did_not_complete_says_so_and_names_what_it_missed(state: str) -> None:
    plan = records.plan(row("by-hand", operator="value"), row("tape"))
    told = text(run([row("by-hand", operator="value")], state=state, plan=plan), "coverage")
    assert f"**The run was {state} before its end.**" in told
    assert "**Of 4 cells: 1 ok, 3 not reached.**" in told
    shown = cells(section(told, "Coverage"))
    cases = "net/float64/value, net/float64/gradient"
    assert [r[:4] for r in shown] == [["not-reached", "3", "tape, by-hand", cases]]


def test_a_complete_run_does_not_say_that_it_ended_early(report: str) -> None:
    assert "before its end" not in report


def test_a_run_without_records_still_has_its_report(tmp_path: Path) -> None:
    none = run([], state="interrupted", plan=records.plan(row("tape")))
    _, path = page.write(none, tmp_path)
    told = path.read_text("utf-8")
    assert "**Of 1 cells: 1 not reached.**" in told
    assert cells(section(told, "Coverage"))[0][:4] == [
        "not-reached", "1", "tape", "net/float64/gradient",
    ]  # fmt: skip
    assert re.findall(r"\(([\w-]+\.svg)\)", told) == ["agreement-gradient.svg"]


@pytest.mark.parametrize(
    ("timing", "said", "unsaid"),
    [
        (
            "interleaved",
            ["round by round", "mean of the middle three fifths of the ratios within a round"],
            ["after the"],
        ),
        (
            "sequential",
            ["one after the other", "the ratio of the medians", "by pytest-benchmark"],
            ["round by round", "rounds of 5 ms a method", "ratios within a round"],
        ),
    ],
)
def test_the_report_says_how_the_methods_were_timed(
    timing: str, said: list[str], unsaid: list[str]
) -> None:
    told = " ".join(text(run(whole(), timing=timing), "fast", "environment").split())
    assert all(s in told for s in said)
    assert not any(s in told for s in unsaid)


@pytest.mark.parametrize(
    ("threads", "cores"), [(1, "on the\nsame core,"), (4, "on the\nsame 4 cores,")]
)
def test_the_report_says_how_many_cores_the_tools_shared(threads: int, cores: str) -> None:
    assert cores in text(run(whole(), options=INFO["options"] | {"threads": threads}))


def test_a_run_that_was_only_checked_has_no_sections_about_time(tmp_path: Path) -> None:
    checked = [row("tape", digits=15.0, n=3), row("by-hand", digits=14.0, n=3)]
    (path,) = page.write(run(checked), tmp_path, ["md"])
    told = path.read_text("utf-8")
    assert "## Growth" not in told
    assert "# Cold and warm" not in told
    assert "# Ranking" not in told
    assert section(told, "Fast").strip().endswith("Nothing was timed.")
    assert re.findall(r"\(([\w-]+\.svg)\)", told) == ["agreement-gradient.svg"]


@pytest.mark.parametrize("missing", ["floor_s"])
def test_a_run_whose_floor_was_not_measured_has_a_dash_for_it(missing: str) -> None:
    told = run(whole())
    told.info.pop(missing)
    assert "does nothing takes –." in " ".join(text(told, "ranking").split())


def test_a_chart_stands_where_there_is_something_to_draw() -> None:
    smallest = [r for r in whole() if r["size"] == "2-3"]
    gradients = [r for r in whole() if r["operator"] == "gradient"]
    both = run([*gradients, *(r for r in smallest if r["operator"] == "value")])
    with only("growth"):
        told, other = (markdown.render(page.page(each)) for each in (both, run(smallest)))
    assert "](scaling-gradient.svg)" in part(told, "Growth", "gradient, growth")
    assert "### value, growth" not in told
    assert "## Growth" not in other


# The tables beside it.


@pytest.mark.parametrize("name", [name for name in CSV if name not in EMPTY])
def test_every_table_is_kept_as_csv_with_all_its_rows(
    folder: Path, csv: dict[str, pd.DataFrame], name: str
) -> None:
    found = pd.read_csv(folder / f"{name}.csv", keep_default_na=False)
    expected = csv[name]
    assert found.columns.tolist() == expected.columns.tolist()
    assert len(found) == len(expected) > 0


@pytest.mark.parametrize(
    ("name", "column"),
    [("timing", "time_s"), ("timing", "first_s"), ("ranking", "ratio_high"), ("records", "digits")],
)
def test_numbers_in_the_csv_are_not_rounded(
    folder: Path, csv: dict[str, pd.DataFrame], name: str, column: str
) -> None:
    found = pd.read_csv(folder / f"{name}.csv", dtype=str)[column].dropna()
    expected = csv[name][column].dropna()
    assert list(map(float, found)) == expected.tolist()
    assert len(expected) >= 6


def test_the_csv_keeps_an_exact_answer_and_a_reason_with_signs(folder: Path) -> None:
    agreement = pd.read_csv(folder / "agreement.csv", index_col=["operator", "method"])
    assert float(agreement.loc[("gradient", "by-hand"), "net 2-3"]) == math.inf
    assert agreement.loc[("gradient", "tape"), "net 2-3"] == "15.123456789"
    reasons = pd.read_csv(folder / "coverage.csv").set_index("method")["reason"]
    assert set(reasons["broken"]) == {FAILED["broken"][1]}
    assert set(reasons["wrong"]) == {FAILED["wrong"][1]}


# Writing.


def test_a_report_written_again_replaces_the_first(tmp_path: Path) -> None:
    with only("coverage"):
        first, text = page.write(run([row("tape")], state="running"), tmp_path)
        second = run([row("tape")]).report(str(tmp_path))
    assert first == second
    assert all("before its end" not in each.read_text("utf-8") for each in (second, text))


def test_a_folder_that_is_a_file_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("mine")
    told = r"^Cannot write the report to .*--reports\.$"
    with only("coverage"), pytest.raises(GradiometerError, match=told):
        page.write(run([row("tape")]), tmp_path / "reports")
    assert (tmp_path / "reports").read_text() == "mine"


@pytest.mark.parametrize("name", ["report.html", "report.md", "timing.csv"])
def test_a_file_that_cannot_be_written_is_refused_with_advice(tmp_path: Path, name: str) -> None:
    (tmp_path / INFO["id"] / name).mkdir(parents=True)
    told = r"Cannot write the report .*: Is a directory\."
    with only("coverage"), pytest.raises(GradiometerError, match=told):
        page.write(run([row("tape")]), tmp_path)
