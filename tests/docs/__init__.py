"""Parts of pages that are generated, so that they cannot disagree with the code."""
