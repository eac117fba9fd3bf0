"""Tests of the simulator. Most open no socket; those of HTTP and of Pleo's OpenAPI documents do."""
