"""The published tables, as the papers print them, with what the audit finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fervbench.published.audit import audit_published
from fervbench.published.layout import lay_out, source_line
from fervbench.published.tables import Table, published_tables


def published_pages() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, template, context) of the list of tables and of each table."""
    tables = published_tables()
    audit = audit_published()
    listed: list[dict[str, Any]] = []
    for id, table in tables.items():
        own = tuple(j for j in audit.judgements if id in j.tables)
        counts = {s: sum(j.severity == s for j in own) for s in ("error", "warning", "note", "pass")}
        listed.append({"table": table, "path": _path(table), "counts": counts, "source": source_line(table)})
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in listed:
        groups.setdefault(each["table"].paper.get("cite", ""), []).append(each)
    yield "tables/index.html", "tables.html", {"groups": groups, "audit": audit}
    for each in listed:
        table = tables[each["table"].id]
        own = tuple(j for j in audit.judgements if table.id in j.tables)
        shown = [j for j in own if j.severity != "pass"]
        context = {
            "table": table, "grid": lay_out(table, own), "counts": each["counts"], "source": each["source"],
            "judgements": shown[:60], "more": max(len(shown) - 60, 0), "url": table.paper.get("url"),
        }  # fmt: skip
        yield f"tables/{each['path']}", "table.html", context


def _path(table: Table) -> str:
    return table.id.replace("/", "-") + ".html"
