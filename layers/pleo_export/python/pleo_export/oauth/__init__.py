"""OAuth 2.0 as a client: the grant, and the token endpoint that replaces its tokens. Independent of the provider."""
