"""Asset checks. Partitioned checks are a preview of Dagster's and need what is not public API: all of that is here.

A run over several partitions may yield one result for a check, which would leave every partition *planned*. So each partition's evaluation
is logged as an event of its own, pointing at the materialization that it is about.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData as CheckTarget
from dagster._core.event_api import AssetRecordsFilter

from harvest_assets.defs.keys import SET_INTEGRITY, SETS
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.sets import PublishedSet


def integrity_spec() -> dg.AssetCheckSpec:
    """The integrity check, one evaluation per partition. It does not block: a fallback is a value that every later stage can use."""
    return dg.AssetCheckSpec(
        SET_INTEGRITY,
        asset=SETS,
        partitions_def=HARVESTS,
        description="Is what arrived so different from the last accepted set that it cannot be believed?",
    )


def report_verdicts(context: dg.AssetExecutionContext, published: Sequence[PublishedSet]) -> Iterator[dg.Output[None]]:
    """Say of each partition of this run what the verdict on it is."""
    for each in published:
        key = harvest_key(each.manifest.day, each.manifest.scope)
        if key in context.partition_keys:
            evaluate_set(context, key, each.verdict)
    yield dg.Output(None, output_name=f"{SETS}_{SET_INTEGRITY}")


def evaluate_set(context: dg.AssetExecutionContext | dg.OpExecutionContext, key: str, verdict: Verdict) -> None:
    """Say what the verdict on a set is, whose materialization has been logged."""
    context.log_event(_evaluate(context, str(key), verdict))  # pyright: ignore[reportArgumentType] - taken, though not in the hint


def _evaluate(context: dg.AssetExecutionContext | dg.OpExecutionContext, key: str, verdict: Verdict) -> dg.AssetCheckEvaluation:
    records = AssetRecordsFilter(asset_key=dg.AssetKey(SETS), asset_partitions=[key])
    found = context.instance.fetch_materializations(records, limit=1).records[0]
    evidence = verdict.evidence
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(SETS),
        check_name=SET_INTEGRITY,
        passed=verdict.is_accepted,
        severity=dg.AssetCheckSeverity.ERROR,
        description=verdict.words,
        metadata={
            "decision": dg.MetadataValue.text(verdict.decision),
            "old_live": dg.MetadataValue.int(evidence.old_live),
            "new_live": dg.MetadataValue.int(evidence.new_live),
            "missing": dg.MetadataValue.int(evidence.missing),
            "missing_confirmed": dg.MetadataValue.int(evidence.missing_confirmed),
            "added": dg.MetadataValue.int(evidence.added),
            "complete": dg.MetadataValue.bool(evidence.is_complete),
        },
        partition=key,
        target_materialization_data=CheckTarget(storage_id=found.storage_id, run_id=found.run_id, timestamp=found.timestamp),
    )
