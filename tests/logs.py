"""What a test, or what many share, does to the logs is undone after it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import structlog


@contextmanager
def own_logging() -> Generator[None]:
    """Logs are as nobody has set them up until the block ends; after it they are as they were."""
    before = structlog.get_config() if structlog.is_configured() else None
    structlog.reset_defaults()
    try:
        yield
    finally:
        structlog.reset_defaults()
        if before is not None:
            structlog.configure(**before)
