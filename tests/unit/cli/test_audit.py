"""The audit export holds what our records hold, and any change of it is found."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.commands import audit
from cli.commands.audit import export, verify
from cli.commands.disconnect import disconnect
from cli.errors import UsageError
from cli.main import app
from pleo_export import code_version
from pleo_export.operations.audit.export import AuditConflict, NothingToAudit
from pleo_export.operations.audit.manifest import MANIFEST, AuditManifest
from pleo_export.store.audit_exports import AuditExports
from pleo_export.store.booked import from_text
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.deployed_system import HOOKS, DeployedSystem
from tests.system.expenses import entry_id, purchase, purchases, reference
from tests.unit.cli.customers import connected

DAYS = date(2026, 11, 1), date(2026, 11, 30)
Json = dict[str, Any]


def read(folder: Path, name: str) -> list[Json]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def cells(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def exported(
    stack: DeployedSystem, folder: Path, company_id: str = NORTHGATE, days: tuple[date, date] = DAYS
) -> AuditManifest:
    return export(stack, company_id, *days, folder)


def booked(stack: DeployedSystem, *items: Json, company_id: str = NORTHGATE) -> str:
    """Connect the company, export the expenses, and return the job."""
    stack.system.connect(company_id, items)
    job = stack.system.export(company_id)
    stack.system.run(company_id)
    return job


def test_it_holds_every_revision_with_its_files_and_what_pleo_was_told(stack: DeployedSystem, tmp_path: Path) -> None:
    good, bad = purchase("good", receipts=("pret-18.45.pdf",)), purchase("bad", account=None)
    first = booked(stack, good, bad)
    books = stack.system.books[NORTHGATE]
    stack.sleep(3600)
    books.void(reference(good))
    second = stack.system.export(NORTHGATE, [entry_id(good)])
    stack.system.run(NORTHGATE)

    manifest = exported(stack, folder := tmp_path / "audit")

    postings = read(folder, "postings")
    assert [(each["entry_id"], each["revision"], each["job_id"]) for each in postings] == [
        (entry_id(good), 1, first),
        (entry_id(good), 2, second),
    ]
    assert {each["settings_version"] for each in postings} == {1}
    assert [len(each["files"]) for each in postings] == [1, 1]
    results = read(folder, "results")
    assert [(each["entry_id"], each["status"]) for each in results if each["pk"] == f"JOB#{second}"] == [
        (entry_id(good), "successful")
    ]
    (failed,) = [each for each in results if each["status"] == "failed"]
    assert failed["reason"]
    assert {(each["pk"], each["outcome"]) for each in read(folder, "jobs")} == {
        (f"JOB#{first}", "completed_with_errors"),
        (f"JOB#{second}", "completed"),
    }
    assert [each["version"] for each in read(folder, "settings")] == [1]
    assert [each["sk"] for each in read(folder, "company")] == ["CONNECTION"]
    counts = {each.name: each.records for each in manifest.files}
    assert (counts["postings.jsonl"], counts["results.csv"], counts["jobs.jsonl"]) == (2, 3, 2)
    assert [row["entry_id"] for row in cells(folder, "postings")] == [entry_id(good)] * 2
    assert json.loads(cells(folder, "postings")[0]["files"]) == postings[0]["files"]
    assert (manifest.stack, manifest.code_version, manifest.made_by) == ("test-stack", code_version(), stack.caller)
    assert (manifest.period_from, manifest.period_to) == DAYS


def test_a_field_that_a_later_release_adds_is_in_both_files(stack: DeployedSystem, tmp_path: Path) -> None:
    booked(stack, purchase())
    (record,) = [each for each in stack.table.scan()["Items"] if each["pk"].startswith("ENTRY#")]
    stack.table.put_item(Item={**record, "reversed_by": "arn:me", "reversal_ids": ["8"], "new": {"1", "2"}})

    exported(stack, tmp_path / "audit")

    (row,) = cells(tmp_path / "audit", "postings")
    assert (row["reversed_by"], row["reversal_ids"]) == ("arn:me", '["8"]')
    assert json.loads(row["other"])["new"] == ["1", "2"]
    assert read(tmp_path / "audit", "postings")[0]["new"] == ["1", "2"]


def test_events_and_any_other_lasting_record_of_the_company_are_in_it_and_no_lock_or_lease(
    stack: DeployedSystem, tmp_path: Path
) -> None:
    connected(stack)
    stack.table.put_item(Item={"pk": f"COMPANY#{NORTHGATE}", "sk": "PAUSED", "by": "arn:me"})
    stack.secret_locks.take(NORTHGATE, "somebody", stack.now())
    stack.system.clock.advance(timedelta(minutes=1))  # events of one second have no order
    list(disconnect(stack, NORTHGATE, HOOKS))

    exported(stack, tmp_path / "audit")

    found = read(tmp_path / "audit", "company")
    assert [each.get("event", each["sk"]) for each in found] == ["connected", "disconnected", "PAUSED"]


def test_another_company_and_another_period_are_left_out_and_what_is_touched_in_the_period_is_in(
    stack: DeployedSystem, tmp_path: Path
) -> None:
    booked(stack, purchase("ours"))
    booked(stack, purchase("theirs", company=HAVN), company_id=HAVN)

    later = date(2026, 12, 1), date(2026, 12, 31)
    exported(stack, tmp_path / "later", days=later)
    assert read(tmp_path / "later", "postings") == read(tmp_path / "later", "results") == []
    assert len(read(tmp_path / "later", "settings")) == 1

    (record,) = [each for each in stack.table.scan()["Items"] if each["pk"].startswith(f"ENTRY#{NORTHGATE}")]
    stack.table.put_item(Item={**record, "reversed_at": "2026-12-24T10:00:00+00:00"})
    exported(stack, tmp_path / "reversed", days=later)
    exported(stack, tmp_path / "then")
    for folder in ("reversed", "then"):
        assert [each["company_id"] for each in read(tmp_path / folder, "postings")] == [NORTHGATE]


def test_a_large_table_is_read_page_by_page_and_no_faster_than_its_exports_can_bear(
    stack: DeployedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(stack, *purchases(7))
    scan = stack.table.scan
    monkeypatch.setattr(stack.table, "scan", lambda **request: scan(**request, Limit=5))
    begun = stack.now()

    exported(stack, tmp_path / "audit")

    assert len(read(tmp_path / "audit", "postings")) == 7
    assert stack.now() > begun  # on the shared clock, which only pauses move


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1"])
def test_no_cell_is_a_formula_and_the_json_lines_are_exact(stack: DeployedSystem, tmp_path: Path, text: str) -> None:
    job = booked(stack, item := purchase("bad", account=None))
    (record,) = [each for each in stack.table.scan()["Items"] if each["sk"] == f"ITEM#{entry_id(item)}"]
    assert record["pk"] == f"JOB#{job}"
    stack.table.put_item(Item={**record, "reason": text, "warnings": [text]})

    exported(stack, tmp_path / "audit")

    (row,) = cells(tmp_path / "audit", "results")
    assert row["reason"] == f"'{text}"
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "＝")) for cell in row.values())
    assert read(tmp_path / "audit", "results")[0]["reason"] == text


def test_the_sums_of_what_was_booked_are_in_both_files(stack: DeployedSystem, tmp_path: Path) -> None:
    booked(stack, item := purchase())

    exported(stack, tmp_path / "audit")

    (posting,) = read(tmp_path / "audit", "postings")
    (document,) = from_text(posting["booked"])
    assert (document.reference, document.currency) == (reference(item), "GBP")
    assert {each.account: each.amount for each in document.amounts}["1900"] == -1845
    (row,) = cells(tmp_path / "audit", "postings")
    assert row["booked"] == posting["booked"]


def test_who_paused_and_resumed_the_exports_when_and_why_is_in_it(stack: DeployedSystem, tmp_path: Path) -> None:
    connected(stack)
    stack.pauses.pause(NORTHGATE, "arn:ada", stack.now(), "=new chart")
    stack.sleep(60)
    stack.pauses.resume(NORTHGATE, "arn:olga", stack.now())

    exported(stack, tmp_path / "audit")

    found = [each for each in cells(tmp_path / "audit", "company") if each["action"]]
    assert [(each["action"], each["by"], each["reason"]) for each in found] == [
        ("paused", "arn:ada", "'=new chart"),
        ("resumed", "arn:olga", ""),
    ]
    assert all(each["at"] for each in found)


# The chain


@pytest.fixture
def chain(stack: DeployedSystem, tmp_path: Path) -> list[Path]:
    """Three exports of one company."""
    booked(stack, *purchases(2))
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder in folders:
        exported(stack, folder)
        stack.sleep(60)
    return folders


def test_exports_that_nobody_touched_are_in_order_in_any_sequence(stack: DeployedSystem, chain: list[Path]) -> None:
    found = verify([chain[2], chain[0], chain[1]], stack)
    assert (found.sound, found.broken) == ((1, 2, 3), None)


@pytest.mark.parametrize("name", ["postings.jsonl", "results.csv", "README.txt"])
def test_given_one_byte_that_was_changed_then_its_file_is_named(chain: list[Path], name: str) -> None:
    path = chain[1] / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    found = verify(chain, None)
    assert found.sound == (1,)
    assert found.broken
    assert str(path) in found.broken


@pytest.mark.parametrize(("dropped", "sound"), [(0, ()), (1, (1,))])
def test_given_an_export_that_was_removed_then_its_number_is_named(
    chain: list[Path], dropped: int, sound: tuple[int, ...]
) -> None:
    found = verify([each for number, each in enumerate(chain) if number != dropped], None)
    assert found.sound == sound
    assert found.broken
    assert f"export {dropped + 1} is missing" in found.broken


def test_given_the_last_export_removed_then_our_records_tell(stack: DeployedSystem, chain: list[Path]) -> None:
    assert verify(chain[:2], None).broken is None
    found = verify(chain[:2], stack)
    assert (found.sound, "export 3 is missing" in str(found.broken)) == ((1, 2), True)


def test_given_a_manifest_that_was_changed_then_the_next_does_not_follow_it(chain: list[Path]) -> None:
    path = chain[0] / MANIFEST
    path.write_text(path.read_text().replace('"stack": "test-stack"', '"stack": "another"'))
    found = verify(chain, None)
    assert found.sound == (1,)
    assert "does not follow" in str(found.broken)


def test_given_all_manifests_written_again_after_a_change_then_our_records_tell(
    stack: DeployedSystem, chain: list[Path]
) -> None:
    previous = None
    for folder in chain:
        manifest = AuditManifest.model_validate_json((folder / MANIFEST).read_bytes())
        forged = manifest.model_copy(update={"made_by": "arn:nobody", "previous_manifest_sha256": previous})
        (folder / MANIFEST).write_bytes(forged.as_bytes())
        previous = forged.sha256
    assert verify(chain, None).broken is None
    assert "not the one in the records" in str(verify(chain, stack).broken)


def test_what_was_added_removed_mixed_up_or_is_no_export_is_named(
    stack: DeployedSystem, chain: list[Path], tmp_path: Path
) -> None:
    (chain[2] / "more.csv").write_text("x")
    assert "more.csv is not named" in str(verify(chain, None).broken)
    (chain[2] / "more.csv").unlink()
    (chain[2] / "jobs.csv").unlink()
    assert "jobs.csv is missing" in str(verify(chain, None).broken)
    shutil.copytree(chain[0], tmp_path / "copy")
    assert "both export 1" in str(verify([*chain, tmp_path / "copy"], None).broken)
    stack.system.connect(HAVN)
    exported(stack, tmp_path / "havn", HAVN)
    assert "another" in str(verify([chain[0], tmp_path / "havn"], None).broken)
    assert "manifest.json is missing" in str(verify([tmp_path], None).broken)
    (tmp_path / MANIFEST).write_text('{"files": []}')
    assert "is not a manifest" in str(verify([tmp_path], stack).broken)


def test_each_company_has_a_chain_of_its_own(stack: DeployedSystem, chain: list[Path], tmp_path: Path) -> None:
    assert chain
    stack.system.connect(HAVN)
    assert exported(stack, tmp_path / "havn", HAVN).number == 1


def test_given_two_exports_at_once_then_one_is_refused_and_leaves_nothing(
    stack: DeployedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(stack, purchase())
    last = AuditExports.last

    def overtaken(exports: AuditExports, company_id: str) -> Any:
        seen = last(exports, company_id)
        monkeypatch.setattr(AuditExports, "last", last)
        exported(stack, tmp_path / "other")
        return seen

    monkeypatch.setattr(AuditExports, "last", overtaken)
    with pytest.raises(AuditConflict, match="run the command again"):
        exported(stack, tmp_path / "audit")

    assert [each.name for each in tmp_path.iterdir()] == ["other"]
    exported(stack, tmp_path / "audit")
    assert verify([tmp_path / "other", tmp_path / "audit"], stack).broken is None


# As it is typed


def typed(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


PERIOD = ("--from", "2026-11-01", "--to", "2026-11-30")


def test_the_command_says_what_it_wrote_and_what_to_type_next(stack: DeployedSystem, tmp_path: Path) -> None:
    booked(stack, purchase())
    said = typed("audit", NORTHGATE, *PERIOD, "-o", tmp_path / "a")
    assert said.exit_code == 0, said.output
    assert "postings.jsonl: 1 record" in said.output
    assert f"pleo-export audit verify {tmp_path / 'a'}" in said.output

    said = typed("audit", *PERIOD, "-o", tmp_path / "b", NORTHGATE, "--json")
    told = json.loads(said.output)
    assert (told["manifest"]["number"], told["folder"]) == (2, str(tmp_path / "b"))

    said = typed("audit", "verify", tmp_path / "a", tmp_path / "b", "--json")
    assert (said.exit_code, json.loads(said.output)) == (0, {"sound": [1, 2], "broken": None})


def test_verify_ends_with_1_where_something_is_broken(chain: list[Path]) -> None:
    said = typed("audit", "verify", *chain[1:])
    assert said.exit_code == 1
    assert "export 1 is missing" in said.output


def test_what_a_person_mistypes_is_a_sentence(stack: DeployedSystem, tmp_path: Path) -> None:
    booked(stack, purchase())
    with pytest.raises(UsageError, match="is before"):
        export(stack, NORTHGATE, DAYS[1], DAYS[0], tmp_path / "audit")
    with pytest.raises(UsageError, match="exists already"):
        exported(stack, tmp_path)
    (tmp_path / "audit.part").mkdir()
    with pytest.raises(UsageError, match="broken off"):
        exported(stack, tmp_path / "audit")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        exported(stack, tmp_path / "file" / "audit")
    with pytest.raises(NothingToAudit, match="no record of company"):
        exported(stack, tmp_path / "none", HAVN)
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "none.part").exists()
    assert typed("audit", NORTHGATE, "--from", "yesterday", "--to", "2026-11-30", "-o", "x").exit_code == 2


def test_the_export_is_asked_for_by_default() -> None:
    assert {each.name for each in audit.app.registered_commands} == {"export", "verify"}
