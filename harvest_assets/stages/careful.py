"""Deriving with care: whatever a task does with a batch, every document of it gets exactly one result.

A task that breaks while it looks at a batch is a defect, of ours or of a plug-in's author. Its other documents must not pay for it: the
batch is split until the culprit is alone, and the defect is that document's failure.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from harvest_assets.errors import ConfigurationError
from harvest_assets.interfaces import DocumentTask, TaskInput
from harvest_assets.model.derivative import Derivative

logger = logging.getLogger(__name__)


def derive_each(task: DocumentTask, batch: Sequence[TaskInput], is_over: Callable[[], bool]) -> Iterator[Derivative]:
    """N documents → n results, as they come; those that are left when the time ``is_over`` are cancelled.

    Raises:
        ConfigurationError: The task cannot work before a person changes something.
    """
    left = {each.srn: each for each in batch}
    try:
        for result in task.derive(batch):
            if left.pop(result.srn, None) is not None:
                yield result
            if left and is_over():
                break
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything, and 999 other documents wait
        yield from _split(task, list(left.values()), is_over, error)
        return
    if is_over():
        yield from (Derivative(srn, "cancelled", {}, "the time for this task was up; the next harvest goes on here") for srn in left)
    else:
        yield from (_no_result(task, srn) for srn in left)


def _split(task: DocumentTask, left: list[TaskInput], is_over: Callable[[], bool], error: Exception) -> Iterator[Derivative]:
    if len(left) > 1:
        halves = iter(left)
        for half in (list(islice(halves, len(left) // 2)), list(halves)):
            yield from derive_each(task, half, is_over)
    elif left:
        logger.error("task %s broke at %r", task.name, left[0].srn, exc_info=error)
        yield Derivative(left[0].srn, "failed", {}, f"the task broke: {type(error).__name__}: {' '.join(str(error).split())}", "defect")


def _no_result(task: DocumentTask, srn: str) -> Derivative:
    return Derivative(srn, "failed", {}, f"task {task.name!r} said nothing of it; report this as a defect of the task", "defect")
