"""`fervbench tables`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fervbench.cli import Group, options

if TYPE_CHECKING:
    from fervbench.published.judgement import Judgement


@click.group(cls=Group)
def tables() -> None:
    """The published tables, and what can be true in them together.

    \b
    Example:
      fervbench tables list
      fervbench tables show ferv39k/table3
      fervbench tables audit ferv39k/table2
    """


@tables.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the published tables that ship with fervbench.

    \b
    Example:
      fervbench tables list
    """
    from fervbench.published.tables import published_tables

    found = list(published_tables().values())
    if as_json:
        from fervbench.strict_json import dumps

        lines = [
            {
                "id": table.id,
                "title": table.title,
                "paper": table.paper,
                "protocol": table.protocol,
                "numbers": sum(cell.value is not None for cell in table.cells),
            }
            for table in found
        ]
        click.echo(dumps(lines))
        return
    from fervbench.cli.render_tables import print_list

    print_list(found)


@tables.command()
@click.argument("table", metavar="ID|FILE")
@options.as_json
@click.option("--csv", "form", flag_value="csv", help="Every cell on a line, with all that is known of it.")
@click.option("--markdown", "form", flag_value="markdown", help="A Markdown table.")
@click.option("--latex", "form", flag_value="latex", help="A LaTeX tabular (booktabs).")
@click.option("--hits", is_flag=True, help="Show hits of clips where a printed share leaves only one number.")
@click.option("--no-notes", is_flag=True, help="Leave the audit's footnotes out.")
def show(table: str, as_json: bool, form: str | None, hits: bool, no_notes: bool) -> None:
    """Show a table as the paper lays it out.

    The best of each column is bold (* where nothing can be), footnotes tell what the audit finds.

    \b
    Example:
      fervbench tables show ferv39k/table3
      fervbench tables show dfew/table4 --hits
      fervbench tables show sdfe-lv/table3 --markdown
    """
    from fervbench.published.tables import load_table, table_ids

    if as_json and form:
        raise click.UsageError(f"--json and --{form} exclude each other")
    if form == "csv" and hits:
        raise click.UsageError("--hits is for tables as text, Markdown and LaTeX: a line of CSV is one cell")
    loaded = load_table(table)
    if as_json or form == "csv":
        if as_json:
            from fervbench.published.layout import to_dict
            from fervbench.strict_json import dumps

            click.echo(dumps(to_dict(loaded)))
        else:
            from fervbench.published.layout import to_csv

            click.echo(to_csv(loaded), nl=False)
        return
    from fervbench.published.audit import audit_file, audit_published
    from fervbench.published.layout import lay_out, to_latex, to_markdown

    judgements: tuple[Judgement, ...] = ()
    if not no_notes:
        found = audit_published(loaded.id) if loaded.id in table_ids() and table == loaded.id else audit_file(loaded)
        judgements = found.judgements
    grid = lay_out(loaded, judgements, hits=hits)
    if form is None:
        from fervbench.cli.render_tables import print_table

        print_table(loaded, grid)
    else:
        click.echo({"markdown": to_markdown, "latex": to_latex}[form](loaded, grid), nl=False)


@tables.command()
@click.argument("table", metavar="[ID|FILE]", required=False)
@click.option("--strict", is_flag=True, help="Exit 1 if there is anything worse than a note.")
@click.option("--rule", metavar="NAME", help="Only what one rule finds.")
@click.option("--all", "everything", is_flag=True, help="Print every finding and every pass, not only the first ones.")
@options.as_json
def audit(table: str | None, strict: bool, rule: str | None, everything: bool, as_json: bool) -> None:
    """Say what can and what cannot be true in published tables together.

    Without an argument all tables are audited; with ID what concerns one of them; FILE may be a table of your own
    (fervbench-table/1). Severities: error, no experiment can have given it; warning, not from one prediction file, or
    not what the paper's own numbers bear out; note, worth knowing; pass, checked and it holds.

    \b
    Example:
      fervbench tables audit
      fervbench tables audit dfew/table4
      fervbench tables audit --rule grim --all
      fervbench tables audit ferv39k/table2 --json
    """
    _audit(table, strict=strict, rule=rule, everything=everything, as_json=as_json)


@tables.command()
@click.argument("file", metavar="FILE")
@click.option("--all", "everything", is_flag=True, help="Print every finding and every pass.")
@options.as_json
def check(file: str, everything: bool, as_json: bool) -> None:
    """Check a table of your own before you submit it: exit 1 if anything in it cannot be true together.

    FILE keeps to fervbench-table/1: a list of cells, each with row, column, metric, what is printed, and what it was
    trained and tested on. `fervbench examples write table` writes one to start from.

    \b
    Example:
      fervbench tables check my_table.json
    """
    _audit(file, strict=True, rule=None, everything=everything, as_json=as_json)


def _audit(table: str | None, *, strict: bool, rule: str | None, everything: bool, as_json: bool) -> None:
    from fervbench.published.audit import RULES, Audit, audit_file, audit_published
    from fervbench.published.tables import load_table, table_ids

    if rule is not None and rule not in RULES:
        raise click.UsageError(f"no rule {rule!r}; rules: {', '.join(RULES)}")
    shipped = table is None or table in table_ids()
    found = audit_published(table) if shipped else audit_file(load_table(str(table)))
    if rule is not None:
        found = Audit(tuple(j for j in found.judgements if j.rule == rule), found.tables)
    if as_json:
        click.echo(found.to_json(), nl=False)
    else:
        from fervbench.cli.render_tables import print_audit

        print_audit(found, everything=everything)
    if strict and not found.strict:
        click.get_current_context().exit(1)


@tables.command()
@options.as_json
def methods(as_json: bool) -> None:
    """Show which names in which papers are one method.

    \b
    Example:
      fervbench tables methods
    """
    from fervbench.published.methods import load_methods

    found = load_methods()
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps([method.to_dict() for method in found]))
        return
    from fervbench.cli.render_tables import print_methods

    print_methods(found)
