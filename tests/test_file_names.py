from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.file_names import safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("Check out: \u00e9?", "Check-out"),
        ("..", "file"),
        ("", "file"),
        ("-rf", "rf"),
        ("/etc/passwd", "etc-passwd"),
        ("C:\\x\0y", "C-x-y"),
        ("a" * 500, "a" * 80),
        ("a" * 300 + ".png", "a" * 76 + ".png"),
        ("a" * 79 + ".zip.tar", "a" * 76 + ".tar"),
        ("a." + "b" * 300, "a." + "b" * 78),
        ("a" * 79 + "." + "b" * 99, "a" * 79),
        ("con", "_con"),
        ("CON.txt", "_CON.txt"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("lpt1", "_lpt1"),
        ("console.log", "console.log"),
        ("\ud800\u202egnp.exe", "gnp.exe"),
    ],
)
def test_a_name_from_outside_is_one_that_any_system_takes(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(st.characters() | st.sampled_from("./\\:~ "), max_size=200))
def test_no_name_leaves_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert PurePosixPath(safe).parts == PureWindowsPath(safe).parts == (safe,)
    assert safe.isascii()
    assert 0 < len(safe) <= 81
    assert not PureWindowsPath(safe).is_reserved()
    assert safe.strip(". ") == safe
    assert safe_name(safe) == safe
