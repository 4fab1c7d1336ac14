"""Node with the vendors' libraries in it."""

from __future__ import annotations

import pytest

from tests.contract.npm_packages import HERE, NODE, installed

FOLDER = HERE / "node"


@pytest.fixture(scope="session")
def node_with_libraries() -> str:
    """Gives the path of Node; what is run in `FOLDER` finds the libraries."""
    installed(FOLDER.name)
    return NODE
