"""Reports as one page: what the file holds, and what a browser makes of it."""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import documents
import pandas as pd
import pytest
import records
from browser import CHROMIUM, Browser, browsing

from gradiometer.report import cases, page, tables, webpage
from gradiometer.report.run import Run
from gradiometer.report.sections import Figure, Section, Table
from gradiometer.runs import analysis

HOSTILE = "<script>alert(1)</script>"
BREAKING = '</script><img src=x onerror="alert(2)"> & "quoted" `code` *star*'


def hostile() -> Run:
    """Return a run whose names and reasons are markup."""
    told = records.run(
        records.row("tape", HOSTILE, n=3, digits=15.0, promise=12.0, **records.timed(1.0)),
        records.row("=cmd()", HOSTILE, n=3, status="error", reason=BREAKING),
    )
    return Run(told.path, documents.INFO | {"plan": told.info["plan"]}, told.records)


def written(run: Run, folder: Path) -> Path:
    (path,) = page.write(run, folder, ["html"])
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium chromium-driver")
    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def run() -> Run:
    return documents.measured()


@pytest.fixture(scope="module")
def path(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(run, tmp_path_factory.mktemp("reports"))


@pytest.fixture
def shown(browser: Browser, path: Path) -> Browser:
    """The page of a run in which all that a report shows occurs."""
    browser.open(path)
    return browser


# The file.


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["34.7×", "1,200×†", "–"], [34.7, 1200.0, None]),
        (["1.24 ms", "62.0 ns", "47.0 s"], [1.24e-3, 6.2e-8, 47.0]),
        (["exact", "15.9", ""], [math.inf, 15.9, None]),
        (["< 0.1 MB", "51.1 MB"], [0.1, 51.1]),
        (["3,151 calls", "cheapest start"], None),
        (["1.0", "1 of 3"], None),
        (["2.00×", "skipped", "not-reached"], [2.0, None, None]),
        (["–", ""], None),
    ],
)
def test_columns_of_numbers_with_units_are_sorted_by_number(
    texts: list[str], numbers: list[float | None] | None
) -> None:
    assert webpage.sortable(texts) == (numbers and pytest.approx(numbers))


def test_texts_of_a_run_are_never_markup(tmp_path: Path) -> None:
    text = written(hostile(), tmp_path).read_text("utf-8")
    body = re.sub(r"<script>.*?</script>(?=\n</body>)", "", text, flags=re.DOTALL)
    assert HOSTILE not in body
    assert "<img" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_a_cell_of_a_spreadsheet_is_no_formula(tmp_path: Path) -> None:
    page.write(hostile(), tmp_path, ["csv"])
    text = (tmp_path / documents.INFO["id"] / "records.csv").read_text("utf-8")
    assert "'=cmd()" in text
    assert not re.search(r"(^|,)=", text, re.MULTILINE)


def test_sections_of_the_same_title_have_ids_of_their_own() -> None:
    text = webpage.render(Section("Top", sections=[Section("Part"), Section("Part")]), {})
    assert re.findall(r'<section id="([^"]+)"', text) == ["part", "part-1"]


def test_the_page_carries_the_tables_unrounded(path: Path, run: Run) -> None:
    text = path.read_text("utf-8")
    for name, table in tables.csv(run).items():
        (packed,) = re.findall(f'id="csv-{name}">([^<]*)<', text)
        assert gzip.decompress(base64.b64decode(packed)).decode() == table.to_csv(index=False)


def test_a_chart_may_have_any_number_of_rows() -> None:
    chart = alt.Chart(pd.DataFrame({"x": range(6000)})).mark_point().encode(x="x:Q")
    text = webpage.render(Section("Top", [Figure("many", "Many", chart)]), {})
    assert 'data-chart="many"' in text


def test_frames_travel_with_gaps_and_infinities() -> None:
    frame = pd.DataFrame({"x": [1.5, math.inf, math.nan], "n": [True, False, True]})
    assert json.loads(webpage.columns(frame)) == {
        "x": [1.5, "Infinity", None], "n": [True, False, True],
    }  # fmt: skip


@pytest.mark.parametrize("methods", [50])
def test_two_thousand_cells_are_less_than_five_megabytes(methods: int, tmp_path: Path) -> None:
    rows = [
        records.row(
            f"method-{m}", f"problem-{p}", n=p, digits=15.0 - m / 10, promise=12.0,
            **records.timed(1.0 + (m * 7919 % 1000) * 1.01 + p / 7),
        )
        for p in range(40)
        for m in range(methods)
    ]  # fmt: skip
    told = records.run(*rows)
    run = Run(told.path, documents.INFO | {"plan": told.info["plan"]}, told.records)
    assert written(run, tmp_path).stat().st_size < 5e6


# In a browser.


def matrix(shown: Browser) -> dict[str, dict[str, str]]:
    """Return the texts of the matrix, by method and case's short name."""
    head, *rows = shown.run(
        "return [...document.querySelectorAll('table.matrix tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )
    return {row[0]: dict(zip(head[2:], row[2:], strict=True)) for row in rows}


def choose(shown: Browser, name: str, value: str) -> None:
    """Choose an option of the matrix."""
    shown.run(
        "const box = document.querySelector(`.controls [name=${arguments[0]}]`);"
        "box.value = arguments[1]; box.dispatchEvent(new Event('change'));"
        "box.dispatchEvent(new Event('input'));",
        name,
        value,
    )


def click(shown: Browser, selector: str) -> None:
    """Click what a selector finds, as a person does."""
    found = shown.driver.find_element("css selector", selector)
    shown.run("arguments[0].scrollIntoView({block: 'center'})", found)
    found.click()


def test_the_page_logs_nothing_and_asks_nobody(shown: Browser) -> None:
    shown.run("window.dispatchEvent(new Event('beforeprint'))")
    shown.until(
        "return [...document.querySelectorAll('figure[data-chart]')]"
        ".every((each) => each.dataset.drawn === 'yes')"
    )
    assert shown.run("return document.querySelectorAll('figure svg').length") > 3
    assert shown.complaints() == []
    assert shown.requests() == []


@pytest.mark.parametrize("operator", ["gradient", "value", "hvp"])
def test_the_matrix_equals_the_frame(shown: Browser, run: Run, operator: str) -> None:
    choose(shown, "operator", operator)
    for figure, make in (("ratio", tables.speed), ("digits", tables.agreement)):
        choose(shown, "figure", figure)
        frame = make(run, operator)
        frame = frame[[name for name in frame.columns if not name.startswith("promise")]]
        frame = frame.drop(index=tables.OWED, errors="ignore").replace("nan", "–")
        texts = matrix(shown)
        found = pd.DataFrame(texts).T.replace("^= ", "", regex=True)
        pd.testing.assert_frame_equal(
            found.reindex(frame.index)[frame.columns], frame, check_names=False, check_dtype=False
        )


def test_what_is_hidden_is_no_rival(shown: Browser) -> None:
    before = matrix(shown)
    click(shown, "details[data-kind=tool] summary")
    click(shown, "details[data-kind=tool] input[value=by-hand]")
    after = matrix(shown)
    assert set(before) - set(after) == {"by-hand"}
    case = "net 2-3"
    assert before["dual"][case] != after["dual"][case] == "1.00×"


def test_the_matrix_is_filtered_by_outcome_function_and_mode(shown: Browser, run: Run) -> None:
    choose(shown, "status", "wrong or failed")
    gradients = run.cells[run.cells["operator"] == "gradient"]
    wrong = ("disagrees", "nonfinite", "memoises", "timeout", "error")
    assert set(matrix(shown)) == set(gradients.loc[gradients["status"].isin(wrong), "method"])
    choose(shown, "status", "")
    choose(shown, "text", "affine")
    assert {name for row in matrix(shown).values() for name in row} == {"affine", "affine float32"}
    choose(shown, "dtype", "float32")
    assert {name for row in matrix(shown).values() for name in row} == {"affine float32"}
    choose(shown, "text", "")
    click(shown, "details[data-kind=mode] summary")
    click(shown, "details[data-kind=mode] input[value=reverse]")
    reverse = set(run.cells.loc[run.cells["mode"] == "reverse", "method"])
    assert set(matrix(shown)).isdisjoint(reverse)


def test_no_mean_is_taken_across_kinds_of_machine(browser: Browser, tmp_path: Path) -> None:
    told = records.run(
        records.row(n=3, node="a", machine="Old, 1 core", **records.timed(2.0)),
        records.row("dual", n=3, node="a", machine="Old, 1 core", **records.timed(1.0)),
        records.row("dual", "net", n=3, node="b", machine="New, 8 cores", **records.timed(1.0)),
    )
    info = documents.INFO | {"plan": told.info["plan"]}
    browser.open(written(Run(told.path, info, told.records), tmp_path))
    means = (
        "return [...document.querySelectorAll('table.matrix td.mean')].map((e) => e.textContent)"
    )
    assert browser.run(means) == ["–", "–"]
    choose(browser, "machine", "Old, 1 core")
    assert browser.run(means) == ["1.00×", "2.00×"]


def test_a_cell_shows_its_whole_record_by_keys_alone(shown: Browser, run: Run) -> None:
    shown.run("document.querySelector('table.matrix td[tabindex=\"0\"]').focus()")
    active = shown.driver.switch_to.active_element
    active.send_keys("\ue014")  # to the right
    name = shown.run("return document.activeElement.cell.case")
    shown.driver.switch_to.active_element.send_keys("\ue007")
    told = shown.run("return document.querySelector('dialog').innerText")
    assert shown.run("return document.querySelector('dialog').open")
    assert name == run.cells[run.cells["operator"] == "gradient"]["case"].unique()[1]
    assert "correct digits" in told
    shown.driver.switch_to.active_element.send_keys("\ue00c")
    assert not shown.run("return document.querySelector('dialog').open")


def test_lists_sort_search_and_hide_columns(shown: Browser, run: Run) -> None:
    def column(place: int) -> list[str]:
        return list(
            shown.run(
                "return [...document.querySelectorAll('.cells[data-view=list] tbody tr')]"
                ".map((row) => row.cells[arguments[0]].innerText)",
                place,
            )
        )

    host = ".cells[data-view=list]"
    shown.run(
        "const box = document.querySelector(`${arguments[0]} input[type=search]`);"
        "box.value = 'timeout'; box.dispatchEvent(new Event('input', {bubbles: true}));",
        host,
    )
    assert set(column(3)) == {"timeout"}
    info = shown.run("return document.querySelector(`${arguments[0]} .dt-info`).innerText", host)
    assert f"of {(run.cells['status'] == 'timeout').sum()} entries" in info
    heads = shown.run(
        "return [...document.querySelectorAll(`${arguments[0]} thead th`)]"
        ".map((each) => each.innerText.trim())",
        host,
    )
    assert "reason" in heads
    click(shown, f"{host} .buttons-colvis")
    shown.run(
        "[...document.querySelectorAll('.dt-button')]"
        ".find((each) => each.innerText === 'reason').click()"
    )
    after = shown.run(
        "return [...document.querySelectorAll(`${arguments[0]} thead th`)]"
        ".map((each) => each.innerText.trim())",
        host,
    )
    assert [name for name in heads if name != "reason"] == after


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_cell_is_legible(shown: Browser, scheme: str) -> None:
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    shown.run("document.querySelector('.cells').matrix.draw()")
    contrasts = shown.run(
        """
        const rgb = (text) => text.match(/\\d+(\\.\\d+)?/g).slice(0, 3).map(Number);
        const light = (c) => {
          const [r, g, b] = c.map((x) => x / 255).map((x) =>
            (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return [...document.querySelectorAll('table.matrix tbody td:not(.mean)')].map((td) => {
          const style = getComputedStyle(td);
          const [a, b] = [light(rgb(style.backgroundColor)), light(rgb(style.color))].sort();
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        });
        """
    )
    shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(contrasts) > 20
    assert min(contrasts) >= 4.5


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_window(browser: Browser, path: Path, width: int) -> None:
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.open(path)
    wide = browser.run("return document.documentElement.scrollWidth")
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_break_even_is_what_the_report_says_whoever_is_picked(shown: Browser, run: Run) -> None:
    case = cases.largest(run)[0]
    host = ".cells[data-view=break-even]"
    for method in analysis.timed(run.cases[case])["method"]:
        choose(shown, "opponent", method)
        found = shown.run(
            "return [...document.querySelectorAll(`${arguments[0]} tbody tr`)].slice(0, 99)"
            ".map((row) => [...row.cells].map((cell) => cell.innerText))",
            f"{host}[data-case='{case}']",
        )
        expected = cases.break_even(run, case, method)
        assert expected is not None
        assert found == expected.to_numpy().tolist()


def test_hostile_names_are_text_in_the_browser_too(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(hostile(), tmp_path))
    assert HOSTILE in matrix(browser)["tape"]
    click(browser, "table.matrix td.wrong")
    assert BREAKING.split("`")[0].strip() in browser.run(
        "return document.querySelector('dialog').innerText"
    )
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.complaints() == []


def test_what_is_downloaded_is_the_table(shown: Browser, run: Run, tmp_path: Path) -> None:
    shown.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    for name in ("records.csv", "records.parquet"):
        click(shown, f"button[data-name='{name}']")
    shown.until("return new Promise((done) => setTimeout(() => done(true), 1000))")
    read = pd.read_parquet(tmp_path / "records.parquet")
    pd.testing.assert_frame_equal(read, run.records, check_dtype=False)
    assert (tmp_path / "records.csv").read_text("utf-8") == run.records.to_csv(index=False)


class Reader:
    """Somebody who asks a page, and counts the clicks."""

    def __init__(self, shown: Browser) -> None:
        self.shown, self.clicks = shown, 0

    def click(self, selector: str) -> None:
        click(self.shown, selector)
        self.clicks += 1

    def choose(self, name: str, value: str) -> None:
        choose(self.shown, name, value)
        self.clicks += 1

    def visible(self, selector: str) -> str:
        """Return what can be read of an element, which must be in the window."""
        found = self.shown.driver.find_element("css selector", selector)
        assert self.shown.run(
            "const box = arguments[0].getBoundingClientRect();"
            "return box.top < innerHeight && box.bottom > 0 && box.height > 0",
            found,
        )
        return str(found.text)


def wrong_on_a_function(reader: Reader) -> None:
    reader.choose("status", "wrong or failed")
    rows = matrix(reader.shown)
    assert {m for m, row in rows.items() if row["net 2-3"].startswith("disagrees")} == {"wrong"}


def fastest_for_a_product_at_the_largest_size(reader: Reader) -> None:
    reader.choose("operator", "hvp")
    reader.click("table.matrix thead th:nth-child(5) button")
    reader.shown.run("document.getElementById('matrix').scrollIntoView()")
    assert reader.visible("table.matrix tbody tr:first-child th") == "by-hand"


def when_compiling_pays(reader: Reader) -> None:
    reader.click("nav a[href='#fast']")
    reader.shown.run("document.getElementById('cold-and-warm').scrollIntoView()")
    reader.choose("opponent", "dual")
    told = reader.visible("#cold-and-warm .cells[data-view=break-even] table")
    assert "ahead of dual" in told
    assert re.search(r"by-hand .* always", told)


def what_could_not_be_measured(reader: Reader) -> None:
    reader.click("nav a[href='#coverage']")
    told = reader.visible("#coverage")
    assert "its forecast is 90 s a call" in told
    assert "not-installed" in told


def how_noisy_the_machine_was(reader: Reader) -> None:
    assert "Machine:" in reader.visible("#the-answer")


@pytest.mark.parametrize(
    "question",
    [
        wrong_on_a_function, fastest_for_a_product_at_the_largest_size, when_compiling_pays,
        what_could_not_be_measured, how_noisy_the_machine_was,
    ],
)  # fmt: skip
def test_a_question_is_answered_within_two_clicks(shown: Browser, question: Any) -> None:
    reader = Reader(shown)
    question(reader)
    assert reader.clicks <= 2


def test_short_tables_stay_as_they_are_and_long_ones_sort(browser: Browser, tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": [f"row {k}" for k in range(30)], "time": [""] * 30})
    frame["time"] = [f"{(k * 7) % 30 + 1} ms" for k in range(30)]
    report = Section(
        "Two", sections=[Section("Few", [Table(frame[:3])]), Section("Many", [Table(frame)])]
    )
    browser.open(webpage.write(report, {}, tmp_path))
    assert browser.run("return document.querySelectorAll('#few .dt-container').length") == 0
    click(browser, "#many thead th:nth-child(2)")
    first = browser.run("return document.querySelector('#many tbody td:nth-child(2)').innerText")
    assert first == "1 ms"
