"""The functions are tested on the versions that are deployed, and the layer brings nothing that Lambda has."""

import re

from local.aws import ROOT


def locked(path: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", (ROOT / path).read_text(), re.MULTILINE))


DEVELOPMENT = locked("requirements/dev.txt")
LAYER = locked("layers/pleo_export/requirements.txt")
BASE_IMAGE = locked("requirements/base-image.txt")


def test_the_layer_and_the_base_image_hold_the_versions_that_the_tests_run_on() -> None:
    deployed = {**BASE_IMAGE, **LAYER}
    assert {name: DEVELOPMENT.get(name, version) for name, version in deployed.items()} == deployed
    assert "pydantic" in deployed


def test_the_layer_does_not_bring_what_the_runtime_has() -> None:
    assert not {"boto3", "botocore", "s3transfer", "awslambdaric"} & set(LAYER)


def test_where_the_layer_and_the_base_image_overlap_they_agree() -> None:
    assert {name: LAYER[name] for name in BASE_IMAGE if name in LAYER}.items() <= BASE_IMAGE.items()


def test_the_layer_leaves_out_what_only_makes_starts_slow() -> None:
    assert "requests" in LAYER
    assert not {"charset-normalizer", "chardet"} & set(LAYER)
