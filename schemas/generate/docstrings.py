"""The docstrings below a model's fields, which editors show for a key.

pydantic can read them too, but only while it builds the models, and then at every start.
"""

import ast
import inspect
from itertools import pairwise
from textwrap import dedent

from pydantic import BaseModel


def field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring of each field that has one, inherited ones included, by the API's name."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            (tree,) = ast.parse(dedent(inspect.getsource(owner))).body
            assert isinstance(tree, ast.ClassDef)  # noqa: S101 # it is a class's source
            found |= _of_body(tree.body)
    return {
        str(field.alias): found[name] for name, field in model.model_fields.items() if name in found
    }


def _of_body(body: list[ast.stmt]) -> dict[str, str]:
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
