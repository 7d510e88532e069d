"""Where a lookup looks: a CSV or SQLite file beside the flow, an HTTP address, a Python entry point."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.parts import Part, RelativePath, Text


class CsvSource(Part):
    """The first row of a CSV file whose columns equal `where`."""

    type: Literal["csv"]
    file: RelativePath = Field(description="The file, relative to the flow's folder.", examples=["orders.csv"])


class SqliteSource(Part):
    """The first row of an SQLite table whose columns equal `where`; the file is opened for reading only."""

    type: Literal["sqlite"]
    file: RelativePath = Field(description="The file, relative to the flow's folder.", examples=["orders.db"])
    table: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        description="The table.", examples=["orders"]
    )


class HttpSource(Part):
    """A JSON document from an HTTP address; 404 and an empty answer mean that nothing was found."""

    type: Literal["http"]
    url: Annotated[
        str,
        Field(
            pattern=r"^https?://[^\s{}]+$",
            max_length=1000,
            description="The address.",
            examples=["https://crm.example/api/orders"],
        ),
    ]
    method: Literal["GET", "POST"] = Field(
        default="GET", description="GET sends `where` as a query, POST as JSON.", examples=["POST"]
    )
    headers: dict[str, Text] = Field(
        default={},
        description="Extra headers; `${NAME}` stands for an environment variable, so that no secret is here.",
        examples=[{"Authorization": "Bearer ${CRM_TOKEN}"}],
    )


class PythonSource(Part):
    """A Python function, called with `where` as keyword arguments; it returns a mapping, or None for nothing found."""

    type: Literal["python"]
    function: Annotated[
        str,
        Field(
            pattern=r"^[a-z_][\w.]*:[a-z_]\w*$",
            description="Module and function, with a colon between.",
            examples=["clinic_lookups:find_patient"],
        ),
    ]


Source = Annotated[CsvSource | SqliteSource | HttpSource | PythonSource, Field(discriminator="type")]
