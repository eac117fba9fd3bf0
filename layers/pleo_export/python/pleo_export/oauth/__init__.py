"""OAuth 2.0 as a client: what a grant is, and the token endpoint that replaces its tokens. Knows no provider."""
