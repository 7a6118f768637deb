import os
from pathlib import Path, PurePosixPath

import pytest

from runner.config.document import includes
from runner.config.document.load import Documents, load
from runner.config.files import globs
from runner.config.files.files import MAX_BYTES, FolderFiles
from runner.diagnostics import Diagnostics
from runner.errors import UsageError

MAIN = "checkly-sessions.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repo/.git").mkdir(parents=True)
    return tmp_path / "repo"


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def read(folder: Path, file: str = MAIN) -> tuple[Documents | None, Diagnostics]:
    diagnostics = Diagnostics()
    files, path = FolderFiles.around(Path(file), folder)
    return load(path, files, diagnostics), diagnostics


def said(folder: Path, file: str = MAIN) -> list[str]:
    return [f"{found.span} {found.code}" for found in read(folder, file)[1]]


def refused(folder: Path, file: str = MAIN) -> str:
    with pytest.raises(UsageError) as caught:
        read(folder, file)
    assert caught.value.exit_code == 2
    return caught.value.message


def test_a_file_with_includes_is_read_in_order(repository: Path) -> None:
    write(
        repository,
        {
            MAIN: "include: [z.yaml, 'p/*.yaml', './p/b.yaml', 'deep/**/*.yml']\nprofiles: {}\n",
            "z.yaml": "profiles: {z: {}}\nx-note: 1\n",
            "p/b.yaml": "variables: {b: 1}\n",
            "p/a.yaml": "defaults: {}\n",
            "p/.hidden.yaml": "profiles: {hidden: {}}\n",
            "p/other.txt": "nothing",
            "deep/1.yml": "profiles: {one: {}}\n",
            "deep/er/2.yml": "profiles: {two: {}}\n",
            "deep/.er/3.yml": "profiles: {three: {}}\n",
        },
    )  # fmt: skip
    documents, diagnostics = read(repository)
    assert not list(diagnostics)
    assert documents is not None
    assert [document.root.source.name for document in documents] == [
        MAIN,
        "z.yaml",
        "p/a.yaml",
        "p/b.yaml",
        "deep/1.yml",
        "deep/er/2.yml",
    ]
    assert documents.main.path == PurePosixPath(MAIN)
    assert list(documents.included[0].root.values) == ["profiles", "x-note"]


def test_names_are_relative_to_the_working_directory(repository: Path) -> None:
    write(repository, {"a/main.yaml": "include: [p.yaml]\n", "a/p.yaml": "", "b/x": ""})
    assert said(repository / "a", "main.yaml") == ["p.yaml:1:1 empty-file"]
    assert said(repository / "b", "../a/main.yaml") == ["../a/p.yaml:1:1 empty-file"]
    assert said(repository / "b", str(repository / "a/main.yaml")) == ["../a/p.yaml:1:1 empty-file"]


def test_globs_are_as_in_a_shell(repository: Path) -> None:
    write(repository, {"a/.x/y.yaml": "", "a/z/y.yaml": "", "a/[b].yaml": "", "a/c.yaml": ""})
    files = FolderFiles(repository, repository)

    def expand(pattern: str) -> list[str]:
        return [str(path) for path in globs.expand(files, PurePosixPath("a"), pattern)]

    assert expand("?.yaml") == ["a/c.yaml"]
    assert expand("[[]b].yaml") == ["a/[b].yaml"]
    assert expand("[a-c].yaml") == ["a/c.yaml"]
    assert expand(".*/*.yaml") == ["a/.x/y.yaml"]
    assert expand("z/*") == ["a/z/y.yaml"]
    assert expand("*/y.yaml") == ["a/z/y.yaml"]
    assert expand("**") == ["a/[b].yaml", "a/c.yaml", "a/z/y.yaml"]
    assert expand("**/y.yaml") == ["a/z/y.yaml"]
    assert expand("none/*") == []
    assert expand("a\0/*") == []


@pytest.mark.parametrize(
    ("include_key", "code"),
    [
        ("p.yaml", "bad-include"),
        ("{a: b}", "bad-include"),
        ("[1]", "bad-include"),
        ("['']", "bad-include"),
        ("[[a]]", "bad-include"),
        ("['a\\b.yaml']", "bad-include"),
        ("[/etc/passwd]", "include-outside"),
        ("[~/x.yaml]", "include-outside"),
        ("[../x.yaml]", "include-outside"),
        ("['a/../../*.yaml']", "include-outside"),
        ("[missing.yaml]", "unreadable-include"),
        ('["a\\0.yaml"]', "unreadable-include"),
        ("['missing/*.yaml']", "include-matches-nothing"),
        ("[checkly-sessions.yaml]", "include-of-itself"),
        ("['*.yaml']", "include-of-itself"),
        ("[itself.yml]", "include-of-itself"),
        ("[folder]", "unreadable-include"),
        ("[out.yml]", "unreadable-include"),
        ("[out/secret.yaml]", "unreadable-include"),
        ("[broken.yml]", "unreadable-include"),
        ("[loop.yml]", "unreadable-include"),
        ("[pipe.yml]", "unreadable-include"),
        ("[null.yml]", "unreadable-include"),
    ],
)
def test_what_can_not_be_included(repository: Path, include_key: str, code: str) -> None:
    write(repository.parent, {"secret.yaml": "secret: swordfish\n"})
    write(repository, {MAIN: f"version: 1\ninclude: {include_key}\n", "folder/x": ""})
    (repository / "itself.yml").symlink_to(MAIN)
    (repository / "out.yml").symlink_to("../secret.yaml")
    (repository / "out").symlink_to("..")
    (repository / "broken.yml").symlink_to("nowhere")
    (repository / "loop.yml").symlink_to("loop.yml")
    (repository / "null.yml").symlink_to("/dev/null")
    os.mkfifo(repository / "pipe.yml")
    documents, diagnostics = read(repository)
    assert documents is not None
    assert not documents.included
    (found,) = diagnostics
    assert found.code == code
    assert found.span is not None
    assert found.span.line == 2
    assert "swordfish" not in repr(found)


def test_a_glob_does_not_follow_linked_folders(repository: Path) -> None:
    write(repository, {MAIN: "include: ['p/**/*.yaml']\n", "p/a.yaml": "profiles: {}\n"})
    (repository / "p/again").symlink_to(".")
    documents, diagnostics = read(repository)
    assert not list(diagnostics)
    assert documents is not None
    assert [document.root.source.name for document in documents.included] == ["p/a.yaml"]


def test_a_link_inside_the_repository_is_fine_and_counts_once(repository: Path) -> None:
    write(repository, {"real/main.yaml": "include: [p.yaml, q.yaml]\n", "real/p.yaml": "x-a: 1\n"})
    (repository / "real/q.yaml").symlink_to("p.yaml")
    (repository / MAIN).symlink_to("real/main.yaml")
    (repository / "p.yaml").symlink_to("real/p.yaml")
    (repository / "q.yaml").symlink_to("real/q.yaml")
    documents, diagnostics = read(repository)
    assert not list(diagnostics)
    assert documents is not None
    assert [document.root.source.name for document in documents.included] == ["p.yaml"]


def test_the_main_file_must_be_a_file_inside(repository: Path) -> None:
    write(repository.parent, {"outside.yaml": "secret: swordfish\n"})
    (repository / "folder").mkdir()
    os.mkfifo(repository / "pipe.yaml")
    (repository / "link.yaml").symlink_to("../outside.yaml")
    (repository / "null.yaml").symlink_to("/dev/null")
    assert (
        refused(repository, "missing.yaml")
        == "missing.yaml can't be read: there is no such file or folder."
    )
    assert refused(repository, "folder") == "folder is a folder, not a file."
    assert refused(repository, "..") == ".. is a folder, not a file."
    assert refused(repository, "pipe.yaml") == "pipe.yaml is a pipe, not a file."
    assert (
        refused(repository, "link.yaml") == "link.yaml is a link that leads out of the repository."
    )
    assert (
        refused(repository, "null.yaml") == "null.yaml is a link that leads out of the repository."
    )
    assert refused(repository, "/dev/null") == "/dev/null is a device or socket, not a file."
    assert refused(repository, "a\0b") == "a\0b can't be read: the path is not valid."


def test_without_a_repository_the_folder_is_the_limit(tmp_path: Path) -> None:
    write(tmp_path, {"outside.yaml": "a: 1\n", "in/main.yaml": "include: [p.yaml]\n"})
    (tmp_path / "in/p.yaml").symlink_to("../outside.yaml")
    (found,) = read(tmp_path / "in", "main.yaml")[1]
    assert "leads out of the file's folder" in found.message


def test_a_file_that_may_not_be_read_says_so(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, {MAIN: "a: 1\n"})

    def denied(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert refused(repository) == f"{MAIN} can't be read: permission denied."


def test_a_huge_file_is_refused_before_it_is_read(repository: Path) -> None:
    with (repository / MAIN).open("wb") as stream:
        stream.truncate(50 * 1024 * 1024)
    assert refused(repository) == f"{MAIN} is larger than 16 MiB."


def test_files_that_are_huge_together_are_refused(repository: Path) -> None:
    write(repository, {MAIN: "include: [a.yaml, b.yaml]\n", "b.yaml": "x-b: 1\n"})
    write(repository, {"a.yaml": b"# " + b"x" * (MAX_BYTES - 20) + b"\nx-a: 1"})
    assert said(repository) == [f"{MAIN}:1:11 too-large"]


def test_many_files_and_folders_are_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, {MAIN: "include: ['p/**']\n", "p/a": "x-a: 1\n", "p/b/c": "x-c: 1\n"})
    assert said(repository) == []
    monkeypatch.setattr(includes, "MAX_FILES", 1)
    assert said(repository) == [f"{MAIN}:1:11 too-large"]
    monkeypatch.setattr(globs, "MAX_FOLDERS", 1)
    assert said(repository) == [f"{MAIN}:1:11 too-large"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfversion: 1\n", []),
        (b"a: 1\nb: caf\xe9\n", ["2:7 not-utf-8"]),
        ("é: 1\n".encode() + b"\xff", ["2:1 not-utf-8"]),
        ("a: 1\n".encode("utf-16"), ["1:1 not-utf-8"]),
        ("a: 1\n".encode("utf-16-be"), ["1:1 not-utf-8"]),
        ("a: 1\n".encode("utf-32"), ["1:1 not-utf-8"]),
        (b"a: \x001\n", ["1:4 control-character"]),
        (b"\x00", ["1:1 control-character"]),
        (b"", ["1:1 empty-file"]),
    ],
)
def test_only_utf_8_is_read(repository: Path, content: bytes, expected: list[str]) -> None:
    write(repository, {MAIN: content})
    assert said(repository) == [f"{MAIN}:{place}" for place in expected]


def test_an_included_file_has_less_to_say(repository: Path) -> None:
    write(
        repository,
        {
            MAIN: "version: 1\ninclude: [p.yaml]\n",
            "p.yaml": "version: 1\ninclude: [q.yaml]\nprofiles: {}\nx-a: 1\n",
        },
    )
    assert said(repository) == ["p.yaml:1:1 not-in-include", "p.yaml:2:1 not-in-include"]


def test_a_name_given_in_two_files_is_an_error_in_both(repository: Path) -> None:
    write(
        repository,
        {
            MAIN: "include: [p.yaml, q.yaml]\nvariables: {host: a}\nprofiles:\n  smoke: {}\n",
            "p.yaml": "variables: {host: b}\nprofiles: {other: {}}\n",
            "q.yaml": "variables: []\nprofiles: {smoke: {}}\n",
        },
    )
    _, diagnostics = read(repository)
    assert {f"{found.span} {found.code} {found.related[0].span}" for found in diagnostics} == {
        f"{MAIN}:2:13 duplicate-name p.yaml:1:13",
        f"{MAIN}:4:3 duplicate-name q.yaml:2:12",
        f"p.yaml:1:13 duplicate-name {MAIN}:2:13",
        f"q.yaml:2:12 duplicate-name {MAIN}:4:3",
    }


def test_problems_of_all_files_are_told(repository: Path) -> None:
    write(
        repository,
        {
            MAIN: "include: [p.yaml, q.yaml, r.yaml]\na: 1\na: 2\n",
            "p.yaml": "x-a: [\n",
            "q.yaml": "\xff".encode("latin-1"),
            "r.yaml": "x-r: 1\n",
        },
    )
    documents, diagnostics = read(repository)
    assert [found.code for found in diagnostics] == ["duplicate-key", "yaml-syntax", "not-utf-8"]
    assert documents is not None
    assert [document.root.source.name for document in documents] == [MAIN, "r.yaml"]
