"""From fetched items to recorded documents: prepare, search, write intents, create, attach, return the outcomes."""
