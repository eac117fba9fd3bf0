"""The audit export: our records of a company and a period as files, with a chain of manifests that shows any change."""
