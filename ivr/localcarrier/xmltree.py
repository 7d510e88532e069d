"""A small, strict XML reader: elements with line numbers, and no DTD, so that no entity can expand."""

from __future__ import annotations

from xml.parsers import expat

import msgspec


class XmlError(Exception):
    """The text is not well-formed XML, or carries a DTD; `line` counts from 1."""

    code = "xml"
    retryable = False

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Element(msgspec.Struct):
    """One element; `text` is all character data directly in it, `content` that of its children as well."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = []
    text: str = ""
    content: str = ""


def parse_xml(body: bytes | str) -> Element:
    """Return the root element; raises `XmlError`."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    stack: list[Element] = []
    roots: list[Element] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, parser.CurrentLineNumber)
        (stack[-1].children if stack else roots).append(element)
        stack.append(element)

    def end(_tag: str) -> None:
        stack.pop()

    def characters(data: str) -> None:
        stack[-1].text += data
        for element in stack:
            element.content += data

    def doctype(*_details: object) -> None:
        raise XmlError("a document type declaration is not allowed", parser.CurrentLineNumber)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise XmlError(expat.ErrorString(error.code) or "not well-formed", error.lineno) from error
    return roots[0]
