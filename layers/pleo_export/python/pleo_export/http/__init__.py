"""How requests leave: sessions without memory, and whether a failed request was sent."""
