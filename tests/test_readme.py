"""The README's opening, exactly as printed, does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import shell
from listings import blocks, different

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
OPENING = TEXT[TEXT.index("## Is this") : TEXT.index("## Functions of")]
NATIVE = TEXT[TEXT.index("## Functions of") : TEXT.index("## Which way")]
FILE, TEST = (block.text for block in blocks(OPENING) if block.language == "python")


@pytest.mark.parametrize("part", [OPENING, NATIVE], ids=["opening", "native"])
def test_what_is_printed_comes(part: str, tmp_path: Path) -> None:
    came = different(part, tmp_path)
    assert not came, "\n".join(came)


def test_the_test_fails_until_the_backward_pass_is_mended() -> None:
    names: dict[str, object] = {}
    exec(FILE + "W, b, x, y = start(np.random.default_rng(0))\n" + TEST, names)
    with pytest.raises(AssertionError, match="W is transposed"):
        names["test_loss_backward"]()
    mended = FILE.replace("np.outer(x, d)", "np.outer(d, x)")
    exec(mended + "W, b, x, y = start(np.random.default_rng(0))\n" + TEST, names)
    names["test_loss_backward"]()


def test_the_mended_rule_is_right(tmp_path: Path) -> None:
    (code,) = (block.text for block in blocks(NATIVE) if block.language == "python")
    right = code.replace("grad / (1 + x.abs())", "grad / (1 + x.abs()) ** 2")
    assert right != code
    (tmp_path / "mended.py").write_text(right, encoding="utf-8")
    assert shell.command(tmp_path, "check", "mended.py:loss").code == 0
