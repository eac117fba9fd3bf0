"""Month's end, simulated: a day on which many companies export, second by second, on a clock that nobody waits for.

    python -m tests.performance.months_end           # all scenarios, as text
    python -m tests.performance.months_end --write   # into docs/scale.md and docs/scale.svg (make months-end)

**Real code**, on records in memory: `workflow.dispatch`, `workflow.poll` with the index of looks and its times, leases,
attempts and wake-ups (`store`, `services`), the call budgets of Pleo and of each ledger (`store.call_budgets`,
`store.pleo_call_budget`, `pleo.call_priority`, `services.company_share`), the errors that they become
(`services.error_mapping`), and `statemachine/export_job.asl.json`, run state by state by `tests.system.asl` with its
retries and waits. What the template says (concurrency, time limits, visibility, receives) is read from it.

**A model** (`work.py`, `cloud.py`): how many calls a function sends and how long each takes; Lambda's environments,
cold starts and quota; SQS FIFO's groups; when Pleo delivers a webhook, and when it lets a job expire; how many
companies export, when, and how much (`demand.py`). Functions of the state machine book nothing: they take the calls
that the real ones take, and the time for them. `test_months_end.py` compares both, job by job.

**Left out**: syncs (they yield to exports), receipts, faults, tokens that are refreshed, companies of other stacks with
the same Pleo client, and what two writes to one item at the same instant cost.
"""
