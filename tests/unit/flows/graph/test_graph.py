"""Pictures of flows: complete, well formed, legible, and the same every time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows.graph import dot, mermaid, svg
from flows.graph.layers import Box, Link, layered
from flows.graph.layout import Layout, lay_out
from flows.graph.styles import STYLES
from flows.graph.text_width import text_width, wrapped
from flows.loader import load_flow
from flows.model import Flow
from ivr.cli import app

EXAMPLES = Path(__file__).resolve().parents[4] / "flows" / "examples"
ORDERS = EXAMPLES / "orders.yaml"
SVG = "{http://www.w3.org/2000/svg}"

NASTY = 'He said: "<b>100% & more</b>" #1; `code` \\ |x| ]] end'
ARABIC = "اختر الطلب ١٢٣ (رقم)"


def flow_of(nodes: dict[str, Any], **more: Any) -> Flow:
    return Flow.model_validate(
        {
            "zerohold": 1,
            "name": "drawn",
            "languages": ["en"],
            "organisation": "the corner shop",
            "time_zone": "Europe/London",
            "country": "GB",
            "queue": "shop",
            "start": next(iter(nodes)),
            "nodes": nodes,
            **more,
        }
    )


def end(prompt: str = "Goodbye.") -> dict[str, Any]:
    return {"type": "end", "prompt": prompt, "outcome": "solved"}


def rude() -> Flow:
    choice = {"key": "1", "phrases": [ARABIC], "label": "x", "to": "end"}
    menu = {"type": "menu", "prompt": NASTY, "choices": [choice, {**choice, "key": "2", "phrases": ['a"<b>|c']}]}
    call = {"type": "subflow", "subflow": "inner", "exits": {"done": "end"}}
    inner = {"exits": ["done"], "start": "back", "nodes": {"back": {"type": "return", "exit": "done"}}}
    return flow_of({"subgraph": call, "main": menu, "end": end(ARABIC)}, subflows={"inner": inner})


def texts_of(document: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(document).iter(f"{SVG}text")]


def boxes(*names: str) -> list[Box]:
    return [Box(name, 100, 40) for name in names]


def test_every_node_and_every_exit_of_the_example_is_in_each_picture() -> None:
    flow = load_flow(ORDERS)
    for drawn in (mermaid(flow), dot(flow), svg(flow)):
        assert [name for name in flow.nodes if name not in drawn] == []
        for label in ("1 · order", "2 · hours", "3 · call back", "not found", "failed", "otherwise"):
            assert label in drawn


@pytest.mark.parametrize("draw", [mermaid, dot, svg])
def test_a_picture_is_the_same_every_time(draw: Any) -> None:
    assert draw(load_flow(ORDERS)) == draw(load_flow(ORDERS))


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES.rglob("*.yaml") if ".test." not in path.name], ids=lambda path: path.name
)
def test_each_example_is_valid_xml_with_a_tooltip_for_each_node(path: Path) -> None:
    flow = load_flow(path)
    titles = [title.text or "" for title in ET.fromstring(svg(flow)).iter(f"{SVG}title")]
    for name in flow.all_nodes:
        assert any(title.startswith(f"{name.rpartition('.')[2]} (") for title in titles)


def test_special_characters_are_escaped_in_svg_and_read_back_whole() -> None:
    drawn = svg(rude())
    titles = [title.text for title in ET.fromstring(drawn).iter(f"{SVG}title")]
    assert f"main (menu): {NASTY}" in titles


def test_special_characters_are_entities_in_mermaid_so_that_a_label_ends_where_it_should() -> None:
    drawn = mermaid(rude())
    for line in drawn.splitlines():
        assert line.count('"') in (0, 2)
    assert "#quot;#lt;b#gt;100% #amp; more#lt;/b#gt;#quot; #35;1; #96;code#96; #92;" in drawn


def test_nodes_are_numbered_in_mermaid_since_some_names_are_words_of_its_own() -> None:
    ids = re.findall(r"^ +(\w+)[\[({>]", mermaid(rude()), re.MULTILINE)
    assert ids
    assert all(re.fullmatch(r"n\d+_\d+", one) for one in ids)


def test_quotes_and_backslashes_are_escaped_in_dot() -> None:
    assert r"He said: \"<b>100% & more</b>\" #1; `code` \\ |x|" in dot(rude())


def test_right_to_left_text_is_isolated_so_that_the_key_stays_before_it() -> None:
    for drawn in (mermaid(rude()), dot(rude()), svg(rude())):
        assert f"1 · \u2068{ARABIC}\u2069" in drawn
    assert 'direction="rtl"' in svg(rude())


def test_a_subflow_is_a_cluster_and_its_caller_points_to_it() -> None:
    assert 'subgraph s1["subflow inner"]' in mermaid(rude())
    assert "n0_1 -.-> n1_0" in mermaid(rude())
    assert "subgraph cluster_1" in dot(rude())
    assert '"subgraph" -> "inner.*" [style=dotted]' in dot(rude())
    assert "subflow inner" in texts_of(svg(rude()))


def test_text_never_overflows_its_box() -> None:
    flow = flow_of({"a" * 60: {"type": "say", "prompt": "W" * 300 + " " + ARABIC * 20, "next": "end"}, "end": end()})
    root = ET.fromstring(svg(flow))
    checked = 0
    for group in root.iter(f"{SVG}g"):
        path, texts = group.find(f"{SVG}path"), group.findall(f"{SVG}text")
        if path is None or not texts or group.get("transform"):
            continue
        across = [float(x) for x in re.findall(r"(?:M|L|H|0 0 1 )(-?[\d.]+)", path.get("d", ""))]
        for text in texts:
            width = text_width(text.text or "", int(text.get("font-size", "0")))
            middle = float(text.get("x", "0"))
            assert min(across) <= middle - width / 2
            assert middle + width / 2 <= max(across)
            checked += 1
    assert checked > 6


def test_a_long_text_ends_in_an_ellipsis_on_the_last_line() -> None:
    lines = wrapped("word " * 100, 80, 10, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(text_width(line, 10) <= 80 for line in lines)


def test_the_text_of_each_kind_of_node_has_enough_contrast_with_its_fill() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for style in STYLES.values():
        assert (luminance(style.fill) + 0.05) / (luminance("#4a4a4a") + 0.05) > 4.5


def test_a_way_back_runs_aside_at_the_right_of_everything() -> None:
    layout = lay_out(boxes("a", "b"), [Link("a", "b"), Link("b", "a")])
    forward, back = layout.routes
    assert not forward.goes_back
    assert back.goes_back
    assert max(x for x, _ in back.points) > max(x for x, _ in layout.boxes.values()) + 50


def test_a_node_that_leads_to_itself_is_drawn() -> None:
    (route,) = lay_out(boxes("a"), [Link("a", "a", 30, 12)]).routes
    assert route.goes_back


def test_two_edges_that_would_cross_are_untangled() -> None:
    links = [Link("a", "x"), Link("a", "y"), Link("x", "q"), Link("y", "p"), Link("a", "p"), Link("a", "q")]
    graph = layered(boxes("a", "x", "y", "p", "q"), links)
    order = [graph.cells[index].box for index in graph.layers[4] if graph.cells[index].box]
    above = [graph.cells[index].box for index in graph.layers[2] if graph.cells[index].box]
    assert [{"x": "q", "y": "p"}[name] for name in above] == order


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    names = [f"n{number}" for number in range(draw(st.integers(1, 14)))]
    sizes = st.floats(20, 200)
    made = [Box(name, draw(sizes), draw(sizes)) for name in names]
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names))
    return made, [Link(source, target, 40, 12) for source, target in draw(st.lists(ends, max_size=30))]


def overlap(layout: Layout, one: Box, other: Box) -> bool:
    (x0, y0), (x1, y1) = layout.boxes[one.name], layout.boxes[other.name]
    return abs(x0 - x1) < (one.width + other.width) / 2 and abs(y0 - y1) < (one.height + other.height) / 2


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_no_two_nodes_overlap_and_everything_is_inside_the_picture(graph: tuple[list[Box], list[Link]]) -> None:
    made, links = graph
    layout = lay_out(made, links)
    for number, box in enumerate(made):
        assert not any(overlap(layout, box, other) for other in made[number + 1 :])
        x, y = layout.boxes[box.name]
        assert box.width / 2 <= x <= layout.width - box.width / 2
        assert box.height / 2 <= y <= layout.height - box.height / 2
    for route in layout.routes:
        assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in route.points)


def test_the_command_writes_the_format_that_the_file_name_ends_in(tmp_path: Path) -> None:
    run = CliRunner().invoke
    for name, begins in (("a.svg", "<svg"), ("a.dot", "digraph"), ("a.mmd", "flowchart")):
        assert run(app, ["flow", "graph", str(ORDERS), "--out", str(tmp_path / name)]).exit_code == 0
        assert (tmp_path / name).read_text().startswith(begins)
    assert run(app, ["flow", "graph", str(ORDERS)]).output.startswith("flowchart TD")


def test_the_command_says_what_is_wrong_with_a_file_that_is_no_flow(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("zerohold: 1\n")
    assert CliRunner().invoke(app, ["flow", "graph", str(tmp_path / "broken.yaml")]).exit_code == 2
