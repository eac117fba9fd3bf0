"""A simulator of Visma e-conomic: both of its APIs, with the rules of its journals, in memory."""
