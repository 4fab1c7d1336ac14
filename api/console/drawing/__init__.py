"""Drawing: a rule or a workflow as a picture that reads like its YAML, and as the same words in a list."""

from api.console.drawing.blocks import Block, Branch, Written, read_rule, read_workflow
from api.console.drawing.layout import Box, Label, Laid, Wire, lay_out
from api.console.drawing.svg import draw

__all__ = [
    "Block",
    "Box",
    "Branch",
    "Label",
    "Laid",
    "Wire",
    "Written",
    "draw",
    "lay_out",
    "read_rule",
    "read_workflow",
]
