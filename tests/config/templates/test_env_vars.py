"""The environment as templates may see it."""

import pytest

from runner.config.templates.env_vars import Environment
from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.expressions.names import FORBIDDEN
from runner.config.templates.template import parse_template


def test_the_process_wins_over_the_env_file_and_empty_is_not_set() -> None:
    made = Environment({"A": "process", "B": "", "E": ""}, {"A": "file", "B": "file", "C": "file"})
    assert [made.value(name) for name in "ABCDE"] == ["process", "file", "file", None, None]


@pytest.mark.parametrize(
    "name",
    [
        "CHECKLY_API_KEY",
        "CHECKLY_SESSIONS_FINGERPRINT_KEY",
        "CHECKLY_SESSIONS_VAR_host",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "CI_JOB_TOKEN",
        "CI_REGISTRY_PASSWORD",
        "CI_DEPLOY_PASSWORD",
        "CI_JOB_JWT_V2",
        "CIRCLE_OIDC_TOKEN_V2",
        "BUILDKITE_AGENT_ACCESS_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        "BITBUCKET_STEP_OIDC_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "AZURE_CLIENT_SECRET",
        "ARM_CLIENT_SECRET",
        "checkly_api_key",
        "Github_Token",
    ],
)
@pytest.mark.parametrize("text", ["$<env.{}>", "a $<env.{} | upper>", "$<env.X or env.{}>"])
def test_credentials_of_the_runner_ci_and_clouds_can_not_be_read(name: str, text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text.format(name))
    assert f"env.{name} can't be read" in caught.value.message
    assert "under another name" in str(caught.value.hint)


@pytest.mark.parametrize(
    "name",
    ["SHOP_API_TOKEN", "GITHUB_SHA", "GITHUB_REF_NAME", "AWS_REGION", "CI_COMMIT_SHA", "HOME"],
)
def test_what_a_check_may_need_can_be_read(name: str) -> None:
    assert parse_template(f"$<env.{name}>").names == {f"env.{name}"}


def test_the_list_of_forbidden_names_is_data() -> None:
    assert "CHECKLY_SESSIONS_*" in FORBIDDEN
    assert len(FORBIDDEN) == len(set(FORBIDDEN))


def test_env_allow_narrows_what_is_left() -> None:
    made = Environment({"SHOP_TOKEN": "a", "OTHER": "b"}, allow=["SHOP_*", "HOST?"])
    assert made.value("SHOP_TOKEN") == "a"
    assert made.value("HOST1") is None
    with pytest.raises(TemplateError, match=r"--env-allow .* SHOP_\*, HOST\?"):
        made.value("OTHER")
    with pytest.raises(TemplateError, match="--env-allow"):
        made.value("shop_token")


def test_env_allow_of_an_empty_text_allows_nothing() -> None:
    with pytest.raises(TemplateError, match="--env-allow is limited to nothing"):
        Environment({"HOST": "a"}, allow=[""]).value("HOST")


def test_variables_are_set_by_the_process_alone() -> None:
    process = {"CHECKLY_SESSIONS_VAR_host": "a", "CHECKLY_SESSIONS_VAR_empty": "", "X": "b"}
    made = Environment(process, {"CHECKLY_SESSIONS_VAR_other": "c"})
    assert made.variables() == {"host": "a"}


def test_a_value_that_is_not_utf8_is_refused_unquoted() -> None:
    made = Environment({"X": "hunter2\udce9", "Y": "é"})
    assert made.value("Y") == "é"
    with pytest.raises(TemplateError) as caught:
        made.value("X")
    assert "hunter2" not in caught.value.message
