"""Secrets: by reference, and the workspace's own file."""

import stat
from pathlib import Path

import pytest

from api.cli.places import DATABASE, REDIS
from api.cli.running import KEY
from engine.model.workspace import Secret
from engine.runtime.secret import SecretError, own_secret, resolve


def test_a_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", "s3cret")
    assert resolve(Secret(env="SHOP_SECRET"), tmp_path) == "s3cret"


def test_a_secret_comes_from_a_file_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "smtp.secret").write_text("s3cret\n")
    assert resolve(Secret(file="smtp.secret"), tmp_path) == "s3cret"


@pytest.mark.parametrize("secret", [Secret(env="HOLDFAST_ABSENT"), Secret(file="absent")])
def test_a_secret_that_is_not_there_is_named(secret: Secret, tmp_path: Path) -> None:
    with pytest.raises(SecretError, match=r"HOLDFAST_ABSENT|absent"):
        resolve(secret, tmp_path)


@pytest.mark.parametrize(
    "secret",
    [
        *(Secret(env=name) for name in (DATABASE, REDIS, KEY)),
        *(Secret(file=name) for name in (".holdfast/links", "rules/../.holdfast/links", "near/links")),
    ],
)
def test_the_engines_own_secrets_are_handed_to_nobody(
    secret: Secret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the engine's own secrets, one of them by another way too
    for name in (DATABASE, REDIS, KEY):
        monkeypatch.setenv(name, "s3cret")
    own_secret(tmp_path, "links")
    (tmp_path / "near").symlink_to(tmp_path / ".holdfast")
    # when holdfast.yaml names one, to be sent to a mail server
    with pytest.raises(SecretError, match=r"own"):
        resolve(secret, tmp_path)


def test_the_own_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made = own_secret(tmp_path, "links")
    path = tmp_path / ".holdfast" / "links"
    assert own_secret(tmp_path, "links") == made == path.read_bytes()
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("moment", ["secrets.token_bytes", "os.fsync"])
def test_a_secret_whose_making_was_cut_short_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    # given a process that ends while it makes the secret
    def end(*given: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(moment, end)
        own_secret(tmp_path, "links")
    # then the next one makes a whole one
    assert len(own_secret(tmp_path, "links")) == 32
    assert [path.name for path in (tmp_path / ".holdfast").iterdir()] == ["links"]
