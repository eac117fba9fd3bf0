"""What counted things cost at AWS: a dated table of prices (`prices.json`), and sums in US dollars."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.performance.measurement import Measurement

TABLE = Path(__file__).with_name("prices.json")
SERVICES = {
    "states": "Step Functions",
    "lambda": "Lambda",
    "dynamodb": "DynamoDB",
    "s3": "S3",
    "secretsmanager": "Secrets Manager",
    "logs": "CloudWatch Logs",
    "sqs": "SQS",
    "apigateway": "API Gateway",
}


@dataclass(frozen=True)
class Price:
    """So many dollars for each `per` things; `page` is where AWS publishes it."""

    usd: float
    per: int
    what: str
    page: str

    def of(self, number: float) -> float:
        """Return what so many cost, in dollars."""
        return number * self.usd / self.per


@dataclass(frozen=True)
class PriceTable:
    """The prices of one region at one time, by what is counted: `states transition`."""

    region: str
    dated: str
    note: str
    prices: Mapping[str, Price]

    @classmethod
    def read(cls, path: Path = TABLE) -> PriceTable:
        """Return the table of the file."""
        read = json.loads(path.read_text())
        return cls(
            read["region"],
            read["dated"],
            read["note"],
            {name: Price(**price) for name, price in read["prices"].items()},
        )

    def costs(self, run: Measurement) -> dict[str, float]:
        """Return what a run has cost, in dollars, by service."""
        found: dict[str, float] = dict.fromkeys(SERVICES, 0.0)
        for name, number in billed(run).items():
            found[name.partition(" ")[0]] += self.prices[name].of(number)
        return found

    def per_thousand(self, run: Measurement) -> float:
        """Return what a thousand items cost at the rate of this run, in dollars."""
        return sum(self.costs(run).values()) * 1000 / run.run.items


def billed(run: Measurement) -> dict[str, float]:
    """Return how much of each thing that has a price a run has used."""
    return {
        "states transition": run.transitions,
        "lambda gb-second": run.gb_seconds,
        "lambda request": run.invocations,
        "dynamodb write unit": run.write_units,
        "dynamodb read unit": run.read_units,
        "s3 put": _requests(run, "s3", "PUT", "POST"),
        "s3 get": _requests(run, "s3", "GET", "HEAD"),
        "sqs request": _requests(run, "sqs"),
        "secretsmanager request": _requests(run, "secretsmanager"),
        "apigateway request": _requests(run, "apigateway"),
        "logs byte": run.log_bytes,
    }


def _requests(run: Measurement, service: str, *operations: str) -> int:
    named = {name: count for name, count in run.aws.items() if name.partition(" ")[0] == service}
    return sum(count for name, count in named.items() if not operations or name.partition(" ")[2] in operations)
