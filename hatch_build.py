"""Ships the starter policy inside the wheel, as data beside the code that reads it."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STARTER = "engine/authoring/starter"


class StarterPolicy(BuildHookInterface[Any]):
    """Puts the policy of the top folder into `engine/authoring/starter`.

    Not in an editable build: the copy would stand in site-packages and go stale, and the folder is at hand.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            for name in ("holdfast.yaml", "mutants.yaml", "rules", "workflows"):
                build_data["force_include"][name] = f"{STARTER}/{name}"
