"""Guards that hold for every test: loopback only, no home directory, no changed environment."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow at times; what a test may take is pytest-timeout's to say.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # a name to compare with

#: Variables of the developer's own machine that would change what a test sees.
PREFIXES = ("CHECKLY_", "GITHUB_", "GITLAB_", "CI_", "CIRCLE_", "BUILDKITE", "BITBUCKET_", "AWS_")
COLOURS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")
NAMES = ("CI", *COLOURS, "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "JENKINS_URL")


@pytest.fixture(autouse=True)
def _loopback_only(_nothing_left_changed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere else is a failure, by name of the address."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            pytest.fail(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def _nothing_left_changed() -> Iterator[None]:
    """The environment and the working directory after a test are those from before it."""
    environment, folder = dict(os.environ), Path.cwd()
    yield
    assert Path.cwd() == folder, "the test left another working directory"
    for name in os.environ.keys() | environment.keys():
        if name != "PYTEST_CURRENT_TEST":
            assert os.environ.get(name) == environment.get(name), f"the test left {name} changed"


@pytest.fixture(autouse=True)
def _own_environment(
    _nothing_left_changed: None,  # before monkeypatch, so that it looks after it
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A home of the test's own, and none of the machine's settings."""
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name.upper() in NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
