"""Golden entries: Pleo's item beside the entry that it becomes, as text that an accountant can read.

    <settings>/settings.yaml     the settings of every case in that folder
    <settings>/<case>.json       one export item, synthetic
    <settings>/<case>.expected   the entry, or the refusal

`python -m tests.golden generate` writes what a new input becomes, and docs/bookkeeping.md from all of them. It
never overwrites an expectation: read what changed, delete the file, generate again.
"""
