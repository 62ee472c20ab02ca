"""Listings of pages are carried out, and what is shown is told from what came."""

from __future__ import annotations

from pathlib import Path

import pytest
from listings import alike, blocks, carried_out, different, record

PAGE = """# A page

```python
# half.py
def half(x):
    return x / 2
```

```python
from half import half
y = half(3.0)
```

```pycon
>>> y
1.5
>>> for k in range(2):
...     print(k)
0
1
```

```console
$ pip install gradiometer
$ gradiometer list operators \\
    --json
…
$ gradiometer show nothing-of-this-name
…
$ echo $?
2
```

<!-- named -->

```
anything
```
"""


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ("a  b\n\nc", "a b\nc\n"),
        ("run 20260101-120000-abcd took 3.2 ms", "run 20271231-235959-0f0f took 41 s"),
        ("1.04×  12,400×", "1.00×  9×"),
        ("x  15.5  right", "x  15.9  right"),
        ("0.26957882669970462", "0.26957882669970501"),
        ("1,000 inputs", "1000 inputs"),
        ("first\n…\nlast", "first\nlast"),
        ("first\n…\nlast", "first\nmore\nlast\nlast"),
        ("first\n…", "first\nmore"),
    ],
)
def test_alike_is_what_differs_from_run_to_run(shown: str, came: str) -> None:
    assert alike(shown, came)


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ("a b", "a c"),
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("x  15.5  right", "x  13.9  right"),
        ("x  15.5  right", "x  15.5  wrong"),
        ("0.26957882", "0.26957883"),
        ("3 cells", "4 cells"),
        ("x", "2"),
        ("-1.5", "1.5"),
        ("first\n…\nlast", "first\nmore"),
        ("…\nlast", "last\nmore"),
    ],
)
def test_everything_else_is_not_alike(shown: str, came: str) -> None:
    assert not alike(shown, came)


def test_blocks_have_text_language_and_name() -> None:
    found = blocks(PAGE)
    assert [block.language for block in found] == ["python", "python", "pycon", "console", ""]
    assert [block.name for block in found] == ["", "", "", "", "named"]
    assert all(PAGE[block.place] == block.text for block in found)


def test_a_page_is_carried_out_in_its_order(tmp_path: Path) -> None:
    entered, typed = carried_out(PAGE, tmp_path)
    assert entered.came == entered.shown
    assert typed.came.startswith("$ pip install gradiometer\n$ gradiometer list operators \\\n")
    assert '"name": "gradient"' in typed.came
    assert typed.came.endswith("$ echo $?\n2\n")


def test_what_came_otherwise_is_told(tmp_path: Path) -> None:
    (told,) = different(PAGE.replace("1.5\n", "3.5\n"), tmp_path)
    assert "\n-3.5\n+1.5\n" in told


def test_a_file_that_is_written_anew_is_loaded_anew(tmp_path: Path) -> None:
    page = "```python\n# one.py\nx = {}\n```\n\n```pycon\n>>> import one; one.x\n{}\n```\n\n"
    assert different(page.format(1, 1) + page.format(22, 22), tmp_path) == []


def test_a_command_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="curl is not carried out"):
        different("```console\n$ curl something\n```\n", tmp_path)


def test_what_a_page_shows_is_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, kept = tmp_path / "page.md", PAGE.replace("$?\n2", "$?\n0")
    page.write_text(kept.replace("1.5\n", "3.5\n"), encoding="utf-8")
    record(page)
    assert page.read_text(encoding="utf-8") == kept
    told = capsys.readouterr().err
    assert told.startswith(f"{page}: mend this by hand:\n$ pip")
    assert told.endswith("$ echo $?\n2\n\n")
