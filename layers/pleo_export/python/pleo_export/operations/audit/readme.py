"""What an audit export holds, for its reader: written into each export, and shown in docs/procedure.md."""

README_NAME = "README.txt"
README = """\
Audit export of pleo-export

manifest.json   company, period (days of UTC), who made it and when, with which release, the SHA-256
                of each file, and the SHA-256 of the manifest of the export before this one
postings        one record for each revision of each expense that was to be booked: the reference
                inside the entry, when it was intended and recorded, the document's id, number, state
                and link in the accounting system, the export job, `booked`: posting date, currency
                and sums by account and tax code of each document in minor units (+ debit, - credit),
                a hash of what was booked, the versions of settings and code, and of each receipt the
                SHA-256 of the file that Pleo served beside that of the file that was attached.
                Reversals are in the same record. Included are those to which something happened in
                the period
results         what Pleo was told of each expense in each job of the period: successful with the
                document, or failed with its type and reason; warnings
jobs            the export jobs of the period and their outcomes
settings        every version of the company's settings: by which rules entries were booked
company         the connection, what operators did to it (connected, paused, resumed, ...: who, when,
                and the reason that was given), and the audit exports before this one

Each is there twice: .jsonl holds the records exactly as they are kept, one JSON object a line;
.csv is for a spreadsheet. Text in a .csv that a spreadsheet would compute begins with an apostrophe.
Times are UTC.

Not in it, because pleo-export does not keep it: the single lines of entries, their texts, names
and notes of expenses, receipts. They are in Pleo and in the accounting system: `document_id` and
`document_url` lead to the entry there, `entry_id` to the expense in Pleo; the entry carries
`reference`. Postings of releases before `booked` have none. Jobs and results are kept for a limited
time (parameter HistoryDays); postings, settings and events always. Reasons and warnings may name a
supplier or an employee: treat the export as personal data.

Check it:   pleo-export audit verify FIRST_EXPORT SECOND_EXPORT ...
By hand:    sha256sum of each file against manifest.json, and of each manifest.json against
            `previous_manifest_sha256` of the next
"""
