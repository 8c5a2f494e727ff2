"""An import finds the documents of its paths, in order, and nothing else."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.documents.reader import read_document
from briefsmith.documents.walk import find_documents
from briefsmith.errors import UnreadableDocument


def _make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")


def _found(root: Path) -> list[str]:
    return [found.path.relative_to(root).as_posix() for found in find_documents([root])]


def test_documents_of_all_levels_are_found_by_their_path(tmp_path: Path) -> None:
    _make(tmp_path, "b.md", "a/z.txt", "a/b/c.jsonl", "a.markdown", "a-b.MD", "x.pdf", "README")

    assert _found(tmp_path) == ["a-b.MD", "a.markdown", "a/b/c.jsonl", "a/z.txt", "b.md"]


def test_hidden_names_and_node_modules_are_passed_over(tmp_path: Path) -> None:
    _make(tmp_path, ".a.md", ".git/b.md", "node_modules/c.md", "d/.e/f.md", "d/node_modules/g.md")

    assert _found(tmp_path) == []


def test_links_to_folders_are_not_followed_and_links_to_files_are_found(tmp_path: Path) -> None:
    _make(tmp_path, "a/real.md")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "folder.md").symlink_to("a")
    (tmp_path / "link.md").symlink_to("a/real.md")
    (tmp_path / "dangling.md").symlink_to("nowhere")
    (tmp_path / "circle.md").symlink_to("circle.md")

    assert _found(tmp_path) == ["a/real.md", "circle.md", "dangling.md", "link.md"]


def test_a_file_is_found_under_its_folder_also_if_it_is_hidden(tmp_path: Path) -> None:
    _make(tmp_path, ".hidden/.notes.md")
    path = tmp_path / ".hidden" / ".notes.md"

    (found,) = find_documents([path, path])

    assert (found.root, found.path) == (path.parent, path)


def test_a_folder_behind_a_link_or_with_a_hidden_name_is_searched_if_asked_for(
    tmp_path: Path,
) -> None:
    _make(tmp_path, ".real/a.md")
    (tmp_path / "link").symlink_to(".real")

    assert _found(tmp_path / "link") == ["a.md"]
    assert _found(tmp_path / ".real") == ["a.md"]


def test_paths_come_in_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    _make(tmp_path, "b/1.md", "a/2.md", "c.txt")

    found = find_documents([tmp_path / "b", tmp_path / "c.txt", tmp_path / "a"])

    assert [document.path.name for document in found] == ["1.md", "c.txt", "2.md"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.md", "it does not exist"),
        ("a.pdf", r"import reads folders and \.md, \.markdown, \.txt and \.jsonl files"),
        ("README", "import reads folders"),
    ],
)
def test_a_path_that_cannot_be_imported_is_refused_before_anything_is_found(
    tmp_path: Path, name: str, told: str
) -> None:
    _make(tmp_path, "a.md", "a.pdf", "README")

    with pytest.raises(UnreadableDocument, match=told) as caught:
        find_documents([tmp_path / "a.md", tmp_path / name])

    assert name in caught.value.message


def test_folders_are_listed_only_when_their_turn_comes(tmp_path: Path) -> None:
    _make(tmp_path, "a/1.md", "b/2.md")

    found = find_documents([tmp_path])
    first = next(found)
    _make(tmp_path, "b/3.md")

    assert first.path.name == "1.md"
    assert [document.path.name for document in found] == ["2.md", "3.md"]


def test_a_folder_that_cannot_be_listed_is_found_so_that_reading_tells_why() -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        _make(root, "a/1.md", "b.md")
        (root / "a").chmod(0)
        user = os.geteuid()
        os.seteuid(user or 65_534)
        try:
            found = list(find_documents([root]))
            with pytest.raises(
                UnreadableDocument, match="a cannot be read: it is a folder, and its perm"
            ):
                read_document(found[0].path, root=found[0].root)
        finally:
            os.seteuid(user)
            (root / "a").chmod(0o755)

    assert [document.path.name for document in found] == ["a", "b.md"]


def test_folders_nested_deeper_than_the_stack_of_python_are_searched(tmp_path: Path) -> None:
    folders = [tmp_path]
    for _ in range(1_200):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    file = folders[-1] / "a.md"
    file.touch()

    found = _found(tmp_path)

    file.unlink()  # in steps, because what clears temporary folders is recursive
    for folder in reversed(folders[1:]):
        folder.rmdir()
    assert len(found) == 1


NAMES = st.text(st.sampled_from("ab.-_é0"), min_size=1, max_size=3).filter(
    lambda name: not name.startswith(".")
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(NAMES, min_size=1, max_size=3), max_size=8))
def test_every_document_is_found_once_and_in_the_order_of_paths(paths: list[list[str]]) -> None:
    names = {
        "/".join([*(f"{part}_" for part in folders), f"{last}.md"]) for *folders, last in paths
    }
    with TemporaryDirectory() as folder:
        root = Path(folder)
        _make(root, *names)

        assert _found(root) == sorted(names)
