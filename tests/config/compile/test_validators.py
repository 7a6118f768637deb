import subprocess
import sys

SHORT = """
import sys
import runner.config.compile.validate
assert "pydantic_core" in sys.modules
assert "pydantic_core.core_schema" not in sys.modules
"""
#: What a command that also reads a state goes on with.
LONG = """
import pydantic
from pydantic_core import core_schema
from runner.models.record import Record
assert core_schema.AnySchema.__total__ is False, core_schema
try:
    Record.model_validate({"instance": 1})
except pydantic.ValidationError as error:
    assert error.error_count() > 1
assert pydantic.TypeAdapter(list[int]).validate_python(["1"]) == [1]
assert pydantic.TypeAdapter(list[int]).json_schema()["type"] == "array"
"""


def test_types_that_only_type_checkers_need_are_left_out_until_somebody_asks() -> None:
    program = [sys.executable, "-c", SHORT + LONG]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
