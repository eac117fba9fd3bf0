"""The template of the books is trusted only when it is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.tryton import template as templates


def set_up(directory: Path) -> dict[str, str]:
    (directory / "data").mkdir()
    (directory / "data/PG_VERSION").write_text("18")
    return {"admin_password": "a", "api_key": "k", "password": "p"}


def test_given_no_template_when_asked_for_then_it_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def once(directory: Path) -> dict[str, str]:
        made.append(directory)
        return set_up(directory)

    monkeypatch.setattr(templates, "_set_up", once)

    first, second = templates.template(tmp_path), templates.template(tmp_path)

    assert first == second
    assert (first.data / "PG_VERSION").read_text() == "18"
    assert len(made) == 1
    assert not made[0].exists()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_given_an_interrupted_set_up_when_asked_again_then_nothing_of_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    def interrupted(directory: Path) -> dict[str, str]:
        (directory / "data").mkdir()
        raise interruption

    monkeypatch.setattr(templates, "_set_up", interrupted)
    with pytest.raises(interruption):
        templates.template(tmp_path)
    monkeypatch.setattr(templates, "_set_up", set_up)

    assert (templates.template(tmp_path).data / "PG_VERSION").exists()


def test_given_an_interrupted_copy_when_asked_again_then_nothing_of_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "_set_up", set_up)

    def interrupted(source: Path, target: Path) -> None:
        target.mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("local.tryton.template.shutil.copytree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            templates.template(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert (templates.template(tmp_path).data / "PG_VERSION").exists()


def test_given_another_version_beneath_when_asked_for_then_the_template_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "_set_up", set_up)
    before = templates.template(tmp_path)
    monkeypatch.setattr(templates, "version", lambda package: "99")

    assert templates.template(tmp_path).data != before.data
