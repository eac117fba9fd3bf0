"""What commands print with `--json`: one base for all of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class OutputModel(BaseModel):
    """A result, or a part of one. Amounts are integers in minor units, times UTC."""

    model_config = ConfigDict(frozen=True)
