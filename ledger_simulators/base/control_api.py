"""`/_sim` of a ledger's simulator: its clock, its faults and its log of requests, as at the Pleo simulator."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.fault_queue import Fault, FaultQueue


class _Move(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    advance_seconds: float = Field(ge=0)


def control_app(clock: Clock, faults: FaultQueue, log: deque[dict[str, Any]]) -> Flask:
    """Return the application that answers below `/_sim`."""
    app = Flask("ledger_simulators.control", static_folder=None)

    @app.get("/_sim/clock")
    def read_clock() -> ResponseReturnValue:
        return {"now": timestamp(clock.now())}

    @app.post("/_sim/clock")
    def move_clock() -> ResponseReturnValue:
        clock.advance(timedelta(seconds=_Move.model_validate_json(request.get_data()).advance_seconds))
        return read_clock()

    @app.get("/_sim/faults")
    def waiting_faults() -> ResponseReturnValue:
        return jsonify([each.model_dump(by_alias=True) for each in faults.waiting()])

    @app.post("/_sim/faults")
    def add_fault() -> ResponseReturnValue:
        faults.order(Fault.model_validate_json(request.get_data()))
        return "", 204

    @app.delete("/_sim/faults")
    def clear_faults() -> ResponseReturnValue:
        faults.clear()
        return "", 204

    @app.get("/_sim/requests")
    def logged_requests() -> ResponseReturnValue:
        return jsonify(list(log))

    @app.delete("/_sim/requests")
    def forget_requests() -> ResponseReturnValue:
        log.clear()
        return "", 204

    @app.errorhandler(ValidationError)
    def invalid(error: ValidationError) -> ResponseReturnValue:
        first = error.errors()[0]
        return {"message": f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"}, 400

    @app.errorhandler(ValueError)
    def impossible(error: ValueError) -> ResponseReturnValue:
        return {"message": str(error)}, 400

    return app
