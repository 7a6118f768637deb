"""The benches of the engine's own tests."""

from tests.engine.conftest import make_bench

__all__ = ["make_bench"]
