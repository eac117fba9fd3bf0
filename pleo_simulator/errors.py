"""How the simulated Pleo says no."""

from __future__ import annotations


class Refused(Exception):
    """Answered as `{"type": ..., "message": ...}` with this HTTP status (API-2)."""

    def __init__(self, status: int, error_type: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {error_type}: {message}")
        self.status = status
        self.error_type = error_type
        self.message = message
        self.headers = headers or {}


def job_not_found() -> Refused:
    return Refused(404, "EXPORT_NOT_FOUND", "Export job not found.")


def bad_request(message: str) -> Refused:
    return Refused(400, "BAD_REQUEST", message)


def already_exists(message: str) -> Refused:
    return Refused(409, "ALREADY_EXISTS", message)
