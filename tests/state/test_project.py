"""Whose a part of the state is."""

import asyncio
from pathlib import Path

import pytest

from runner.errors import StateError, UsageError
from runner.state.project import Project, require_name, same_repository
from tests.state.conftest import ALICE, OpenState, an_attempt, finish


def test_two_projects_of_one_place_never_affect_each_other(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("smoke"))
        other = open_(project=Project("blog", "github.com/acme/blog"))
        assert await other.records() == {}
        async with open_().lock(["smoke"], ALICE, "a2", timeout=0):
            await finish(other, an_attempt("smoke", "b1"))
        assert (await open_().records())["smoke"].apply_id == "a1"

    asyncio.run(go())


@pytest.mark.parametrize(
    "project",
    [
        Project("shop", "github.com/acme/other", "checkly-sessions.yaml"),
        Project("shop", "github.com/acme/shop", "other/checkly-sessions.yaml"),
    ],
)
def test_a_project_of_another_is_refused_until_it_is_claimed(
    open_: OpenState, project: Project
) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt())
        with pytest.raises(StateError, match=r"project shop at .* belongs to") as caught:
            await open_(project=project).records()
        assert "runner state claim" in str(caught.value.hint)
        await open_(project=project).claim(ALICE)
        assert list(await open_(project=project).records()) == ["smoke"]
        with pytest.raises(StateError, match="belongs to"):
            async with open_().lock(["smoke"], ALICE, "a2", timeout=0):
                pass

    asyncio.run(go())


def test_what_is_not_known_is_no_difference(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt())
        assert await open_(project=Project("shop")).records()

    asyncio.run(go())


def test_without_a_file_the_only_project_is_meant(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt())
        assert list(await open_(project=Project()).records()) == ["smoke"]
        await finish(open_(project=Project("blog")), an_attempt("other"))
        assert await open_(project=Project()).records() == {}

    asyncio.run(go())


def test_an_earlier_layout_is_refused(tmp_path: Path, open_: OpenState, place: str) -> None:
    if not place.startswith("file"):
        pytest.skip("shown on a folder")
    (tmp_path / "state/api.checklyhq.com/acc/default/records").mkdir(parents=True)
    with pytest.raises(StateError, match="layout of an earlier development version"):
        asyncio.run(open_(project=Project()).records())


def test_a_shared_state_needs_a_name(open_: OpenState, place: str) -> None:
    store = open_().store
    require_name(Project("shop"), store)
    if place.startswith("file"):
        require_name(Project(), store)
    else:
        with pytest.raises(UsageError, match="names no project"):
            require_name(Project(), store)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/Acme/Shop.git",
        "https://user:token@github.com/acme/shop",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com/acme/shop/",
        "ssh://git@github.com:22/acme/shop",
    ],
)
def test_ways_to_the_same_repository(url: str) -> None:
    assert same_repository(url) == "github.com/acme/shop"


def test_without_a_repository() -> None:
    assert same_repository(None) == same_repository("") == ""
