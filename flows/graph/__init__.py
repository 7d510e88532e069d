"""A flow as a picture: mermaid, Graphviz dot, and SVG laid out here, without any other program."""

from __future__ import annotations

from flows.graph.dot import dot
from flows.graph.mermaid import mermaid
from flows.graph.svg import svg

__all__ = ["dot", "mermaid", "svg"]
