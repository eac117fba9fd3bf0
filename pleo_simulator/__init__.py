"""A Pleo to develop against: the Export API v3, webhooks, installations, OAuth and receipts, on one's own machine.

`world` holds the state without any HTTP, so that a simulation can drive it in process; `service` joins it with
credentials, subscriptions, deliveries, faults and files; the modules `*_api` are the HTTP skin; `switchboard` is what
Pleo does not have: the bookkeeper's clicks, the clock, and faults to order. Where Pleo's documents leave a question
open, `assumptions` says what the simulator does, and it does the stricter thing.
"""
