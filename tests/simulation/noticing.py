"""Which seed shows that a safeguard is missing.

`make simulate MUTANTS=1` searches again and prints FIRST: after a change of the code or of what is drawn, other seeds
show what these did, and the test looks for them longer.
"""

from __future__ import annotations

from tests.simulation.checker import InvariantViolated
from tests.simulation.mutants import MUTANTS, TARGETS
from tests.simulation.simulator import Simulation

SEEDS = 250  # that are tried of a mutant
SOON = 10
# Of the mutants that show late: the seed that shows them. The search begins there, and goes on where it no longer does.
FIRST = {
    "no_intent": 16,
    "intent_without_condition": 411,
    "no_fencing_token": 155,
    "no_lease_check": 14,
    "lease_without_condition": 76,
    "interval_never_falls_back": 35,
    "withdraw_after_unknown": 23,
    "adopt_changed": 17,
    "no_look_at_open_items": 56,
    "unknown_is_not_booked": 60,
    "differences_not_looked_for": 1044,
    "no_in_doubt_time": 15,
    "no_wait_for_what_was_sent_for_a_document": 35,
    "claim_after_started": 21,
    "codes_keep_what_nobody_sees": 18,
    "no_net_around_a_batch": 22,
    "no_net_around_receipts": 23,
    "poison_stays_in_its_batch": 23,
    "passing_fault_of_a_file_is_final": 216,
    "kept_as_draft_withdraws": 148,
    "no_close_before_failing": 135,
    "search_of_any_size": 32,
    "replaced_token_is_sent_again": 209,
}


def noticed_by(name: str) -> int | None:
    """Return the first seed, from where the search begins, whose run breaks a promise without that safeguard."""
    first = FIRST.get(name, 0)
    with MUTANTS[name]():
        for seed in range(first, first + SEEDS):
            try:
                Simulation(seed, target=TARGETS.get(name)).run()
            except InvariantViolated:
                return seed
    return None
