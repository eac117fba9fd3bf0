"""From fetched items to recorded documents: prepare, look, write intents, create, attach, say the result."""
