"""Plug-ins: actions of installed packages, by entry point."""

import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from engine.errors import AuthoringError
from engine.model.workspace import Settings
from engine.runtime.actions import known_actions, plug_ins
from engine.runtime.actions.shipped import ready

MODULE = """
from engine.model.actions import ActionSpec, Argument

class Slack:
    spec = ActionSpec(name="{name}", kind="external", arguments={{"text": Argument("text", True)}})

    def __init__(self, settings):
        self.name = settings.name

    def send(self, delivery):
        return {{"said": self.name}}
"""

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Install]:
    """Puts a package with an entry point on the path, as an installation does."""

    def put(target: str, name: str = "slack.post") -> None:
        package = tmp_path / "site"
        (package / "slack_action-1.0.dist-info").mkdir(parents=True)
        (package / "slack_action.py").write_text(MODULE.format(name=name))
        (package / "slack_action-1.0.dist-info" / "METADATA").write_text("Name: slack-action\nVersion: 1.0\n")
        entry = f"[holdfast.actions]\nslack = {target}\n"
        (package / "slack_action-1.0.dist-info" / "entry_points.txt").write_text(entry)
        monkeypatch.syspath_prepend(str(package))

    plug_ins.cache_clear()
    yield put
    plug_ins.cache_clear()
    sys.modules.pop("slack_action", None)


def test_an_installed_action_may_be_named_and_is_made_with_the_settings(
    install: Install, tmp_path: Path
) -> None:
    install("slack_action:Slack", "slack.post")
    assert "slack.post" in known_actions()
    assert "slack.post" in ready(Settings(name="Shop"), tmp_path)


def test_without_packages_there_is_what_ships(install: Install) -> None:
    assert plug_ins() == {}


@pytest.mark.parametrize(
    "target, name", [("slack_action:Nothing", "slack.post"), ("slack_action:Slack", "email.send")]
)
def test_an_action_that_cannot_be_loaded_or_takes_a_name_is_refused(
    install: Install, target: str, name: str
) -> None:
    install(target, name)
    with pytest.raises(AuthoringError, match="slack"):
        plug_ins()
