"""`pleo-export audit`: our records of a company and a period as files for an auditor, and whether such files are whole.

pleo-export audit COMPANY --from 2026-01-01 --to 2026-12-31 -o audit-2026
pleo-export audit verify audit-2025 audit-2026
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.errors import UsageError
from cli.options import DEFAULT_STACK, AsJson, CompanyId, Day, StackName
from cli.output_model import OutputModel
from cli.printing import BAD, GOOD, print_json, print_line, print_next
from cli.stack import Stack
from cli.wording import several
from pleo_export import code_version
from pleo_export.operations.audit.export import AuditOrder, export_audit, part_of
from pleo_export.operations.audit.manifest import MANIFEST, AuditManifest
from pleo_export.operations.audit.records import Period
from pleo_export.operations.audit.verification import AuditVerification, BrokenLink, company_of, verify_audit


class AuditOutput(OutputModel):
    """What `audit --json` prints: the folder, and its manifest."""

    folder: Path
    manifest_sha256: str
    manifest: AuditManifest


class AuditVerifyOutput(OutputModel):
    """What `audit verify --json` prints: the numbers of the exports in order, and the first broken link."""

    sound: tuple[int, ...]
    broken: str | None


class _ExportByDefault(TyperGroup):
    """Takes `audit COMPANY` for `audit export COMPANY`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["export", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ExportByDefault,
    no_args_is_help=True,
    help="Export records for an auditor (`audit COMPANY_ID` is short for `audit export COMPANY_ID`), and check such "
    "exports.",
)


@app.command("export")
def export_command(
    company_id: CompanyId,
    first: Annotated[datetime, typer.Option("--from", formats=Day, help="First day (UTC).")],
    last: Annotated[datetime, typer.Option("--to", formats=Day, help="Last day (UTC).")],
    folder: Annotated[Path, typer.Option("--output", "-o", help="Folder to make; it must not exist yet.")],
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Write the posting records, results, settings and events of a company and a period into a new folder."""
    manifest = export(Stack.named(stack), company_id, first.date(), last.date(), folder)
    if as_json:
        print_json(AuditOutput(folder=folder, manifest_sha256=manifest.sha256, manifest=manifest))
        return
    for file in manifest.files:
        print_line(f"{file.name}: {several(file.records, 'record', 'records')}", GOOD)
    print_line(f"export {manifest.number} of company {company_id}, manifest {manifest.sha256}")
    print_line("Keep the folder where nobody can change it.")
    before = "DIR... " if manifest.number > 1 else ""
    print_next(f"pleo-export audit verify {before}{folder}   check all exports of the company, from the first")


@app.command("verify")
def verify_command(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="All exports of a company, from the first.")],
    as_json: AsJson = False,
    stack: Annotated[
        str | None, typer.Option("--stack", help="Compare with the records of this stack as well; needs AWS.")
    ] = None,
) -> None:
    """Check that nothing of the exports was changed or removed. Names the first broken link; exit code 1 for one."""
    found = verify(folders, Stack.named(stack) if stack else None)
    if as_json:
        print_json(AuditVerifyOutput(sound=found.sound, broken=found.broken))
    else:
        for number in found.sound:
            print_line(f"export {number}", GOOD)
        if found.broken:
            print_line(found.broken, BAD)
        elif stack is None:
            print_line("Whether the last one is the newest, only the records tell.")
            print_next(f"pleo-export audit verify {' '.join(map(str, folders))} --stack STACK")
    if found.broken:
        raise typer.Exit(1)


def export(stack: Stack, company_id: str, first: date, last: date, folder: Path) -> AuditManifest:
    """Make the export and return its manifest. Raises UsageError for a period or a folder that cannot be, and the
    errors of `export_audit`."""
    if last < first:
        raise UsageError(f"--to {last} is before --from {first}")
    if folder.exists():
        raise UsageError(f"{folder} exists already; an audit export is never overwritten. Name another folder with -o")
    if (part := part_of(folder)).exists():
        raise UsageError(
            f"{part} is left of an export that was broken off. If it holds {MANIFEST}, it is whole: rename it to "
            f"{folder}, and check all exports with audit verify and --stack. Else remove it"
        )
    order = AuditOrder(company_id, Period(first, last), stack.name, code_version(), stack.caller)
    try:
        return export_audit(order, folder, stack, stack.now(), stack.sleep)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None


def verify(folders: list[Path], stack: Stack | None) -> AuditVerification:
    """Check the exports, and against the records of a stack where one is given."""
    try:
        links = stack.audit_exports.links(company_of(folders[0])) if stack else None
    except BrokenLink as broken:
        return AuditVerification((), str(broken))
    return verify_audit(folders, links)
