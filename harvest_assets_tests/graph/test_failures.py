"""Which of our errors is tried again, and what a person reads: a step that fails says it in one line."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from harvest_assets.defs.failures import Failures, filed
from harvest_assets.errors import BusyError, ConfigurationError, HarvestError, IntegrityError, PermanentError, RecordError, TransientError


def outcome_of(error: Exception) -> tuple[int, dg.ExecuteInProcessResult]:
    """How often a step that may be retried twice was started before it failed for good."""
    attempts: list[datetime] = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
    def failing() -> None:
        attempts.append(datetime.now(UTC))
        with filed("sources/one.yaml"):
            raise error

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([failing], instance=instance, raise_on_error=False)
    return len(attempts), result


def description_of(result: dg.ExecuteInProcessResult) -> str:
    (failed,) = result.get_step_failure_events()
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    assert failure.description is not None
    return failure.description


def test_a_transient_error_is_tried_again():
    attempts, result = outcome_of(TransientError("HTTP 503"))
    assert attempts == 3
    assert description_of(result) == "sources/one.yaml: HTTP 503"


def test_who_finds_a_lock_taken_does_not_wait_for_it_in_the_worker():
    attempts, result = outcome_of(BusyError("is being harvested by another run"))
    assert attempts == 1
    assert description_of(result) == "sources/one.yaml: is being harvested by another run"


@pytest.mark.parametrize("kind", [PermanentError, ConfigurationError, RecordError, IntegrityError, HarvestError])
def test_every_other_error_of_ours_ends_the_step_at_once(kind: type[HarvestError]):
    attempts, result = outcome_of(kind("it will not work"))
    assert attempts == 1
    assert description_of(result) == "sources/one.yaml: it will not work"
    (failed,) = result.get_step_failure_events()
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    assert failure.metadata["error"].value == kind.__name__


@pytest.mark.parametrize("kind", [dg.DagsterExecutionInterruptedError, KeyboardInterrupt])
@pytest.mark.parametrize("collect", [False, True], ids=["alone", "among several"])
def test_a_run_that_somebody_ends_does_not_go_on_after_a_pause(kind: type[BaseException], collect: bool):  # noqa: FBT001 - a parameter
    started: list[str] = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
    def ended() -> None:
        failures = Failures()
        for source in ("one", "two"):
            started.append(source)
            with failures.of(source) if collect else filed(source):
                raise kind

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([ended], instance=instance, raise_on_error=False)
    assert started == ["one"]
    assert not result.success
    assert description_of(result) == "one: the run was ended from outside; start it again to go on"


def test_what_is_no_error_of_ours_stays_loud():
    _, result = outcome_of(ZeroDivisionError("a defect"))
    (failed,) = result.get_step_failure_events()
    assert failed.step_failure_data.user_failure_data is None
    error = failed.step_failure_data.error
    assert error is not None
    assert error.cause is not None
    assert "a defect" in error.cause.message


def test_the_policy_of_the_graph_waits_longer_each_time(definitions: dg.Definitions):
    policies = {
        asset.key.to_user_string(): asset.op.retry_policy for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)
    }
    policy = policies["raw_records"]
    assert policy is not None
    assert policy.max_retries == 2
    assert (policy.delay or 0) < policy.calculate_delay(2) or policy.jitter
    assert policies["documents"] is None, "folding asks nobody, so trying again changes nothing"
