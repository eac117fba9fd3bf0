"""Golden documents: Pleo's item beside what it becomes in the books, as text that an accountant can read.

    <settings>/settings.yaml     the settings of every case in that folder
    <settings>/<case>.json       one export item, synthetic
    <settings>/<case>.expected   its documents, or the refusal
    parties.yaml                 the suppliers and employees that the books know (not in `journals-only`)
    accounts.yaml                the names of the accounts

`python -m tests.golden generate` writes what a new input becomes, and docs/bookkeeping.md from all of them. It
never overwrites an expectation: read what changed, delete the file, generate again.
"""
