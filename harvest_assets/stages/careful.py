"""Deriving with care: whatever a task does with a batch, every document of it gets exactly one result that can be written down.

A task that breaks while it looks at a batch, or at one document, is a defect, of ours or of a plug-in's author. Its other documents must
not pay for it: the batch is split until the culprit is alone, and the defect is that document's failure.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import get_args

import orjson

from harvest_assets.errors import ConfigurationError
from harvest_assets.interfaces import DocumentTask, TaskInput
from harvest_assets.model.derivative import Derivative, Status


def examine(task: DocumentTask, document: TaskInput) -> str | Derivative:
    """The fingerprint of what a task reads for a document; its result instead, when the task does not apply to it or breaks at it.

    Raises:
        ConfigurationError: The task cannot work before a person changes something.
    """
    try:
        applicability = task.applies_to(document)
        if applicability.applies:
            return task.fingerprint(document)
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything, and other documents wait
        return _broken(task, document.srn, error)
    return Derivative(document.srn, "not_applicable", {}, applicability.reason)


def derive_each(task: DocumentTask, batch: Sequence[TaskInput], is_over: Callable[[], bool]) -> Iterator[Derivative]:
    """N documents → n results, as they come; those that are left when the time ``is_over`` are cancelled.

    Raises:
        ConfigurationError: The task cannot work before a person changes something.
    """
    left = {each.srn: each for each in batch}
    try:
        for result in () if is_over() else task.derive(batch):
            if left.pop(result.srn, None) is not None:
                yield _checked(task, result)
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
        yield _broken(task, left[0].srn, error)


def _broken(task: DocumentTask, srn: str, error: Exception) -> Derivative:
    words = " ".join(str(error).split()).encode("utf-8", "replace").decode()
    return Derivative(srn, "failed", {}, f"the task broke: {type(error).__name__}: {words}{_place(task, error)}", "defect")


def _place(task: DocumentTask, error: Exception) -> str:
    """Where it broke, for whoever repairs it; there may be as many defects as documents, so they are rows and not lines of a log."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno}, in {own[-1].name}; report this defect of {task.name!r})" if own else ""


def _checked(task: DocumentTask, result: Derivative) -> Derivative:
    """The result, or that it cannot be written down."""
    try:
        orjson.dumps([result.output, result.reason, result.failure])
        if result.status not in get_args(Status):
            raise TypeError(f"its status {result.status!r} is not one of {', '.join(get_args(Status))}")  # noqa: TRY301 - filed as any other flaw
    except TypeError as error:
        return Derivative(result.srn, "failed", {}, f"task {task.name!r} gave a result that is none: {error}; report this defect", "defect")
    return result


def _no_result(task: DocumentTask, srn: str) -> Derivative:
    return Derivative(srn, "failed", {}, f"task {task.name!r} said nothing of it; report this as a defect of the task", "defect")
