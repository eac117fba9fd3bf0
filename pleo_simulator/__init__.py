"""A Pleo to develop against: the Export API v3, webhooks, installations, OAuth and receipts, on one's own machine.

`pleo_state` holds the state without any HTTP, so that a simulation can drive it in process; `service` joins it with
credentials, subscriptions, deliveries, faults and files; the modules `*_api` are the HTTP layer; `control_api` adds
what Pleo does not have: the bookkeeper's clicks, the clock, and faults to inject. Where Pleo's documents leave a
question open, `assumptions` says what the simulator does, and it does the stricter thing. README.md shows its use.
"""
