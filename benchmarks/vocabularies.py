"""``python -m benchmarks.vocabularies``: a million documents through the tasks that look terms up, on one core.

The vocabulary has 5,000 terms on three levels; documents have one to four terms, one in a hundred of them unknown. A peer walks up the
tree for every term of every document, as a database of parents has it done; seconds are of a shared machine, the ratio is not.
"""

import random
import sys
import time
from collections.abc import Iterator

import orjson

from harvest_assets.assemble.vocabularies import build_vocabulary
from harvest_assets.derive.disciplines import Disciplines
from harvest_assets.derive.study_vocabularies import StudyVocabularies
from harvest_assets.interfaces import DocumentTask, TaskInput
from harvest_assets.model.vocabulary import Term, Vocabulary
from harvest_assets.testing.tools import build_task, build_tools

DOCUMENTS = 1_000_000
PORTION = 500
LIMIT_SECONDS = 60
SEED = 7


def build_terms() -> Vocabulary:
    """20 terms, 20 below each, about 11 below each of these."""
    levels = [f"https://v.example/{top}" for top in range(20)]
    terms = [Term(each, {"nl": f"Top {each[-2:]}", "en": f"Top {each[-2:]}"}) for each in levels]
    middle = [(f"{above}/{number}", above) for above in levels for number in range(20)]
    leaves = [(f"{above}/{number}", above) for above, _ in middle for number in range(12)][: 5_000 - len(levels) - len(middle)]
    terms += [Term(each, {"nl": f"Term {each[-9:]}", "en": f"Term {each[-9:]}"}, (above,)) for each, above in (*middle, *leaves)]
    return build_vocabulary("study_vocabulary", terms, {})


def build_documents(vocabulary: Vocabulary) -> Iterator[list[TaskInput]]:
    """Portions of documents, made anew each time so that memory stays flat."""
    draw = random.Random(SEED)  # noqa: S311 - seeded data, no secrets
    known = list(vocabulary.terms)
    for start in range(0, DOCUMENTS, PORTION):
        portion: list[TaskInput] = []
        for number in range(start, start + PORTION):
            terms = [draw.choice(known) if draw.random() > 0.01 else f"unknown {number}" for _ in range(draw.randint(1, 4))]
            properties = {"title": "x", "learning_material": {"study_vocabulary": terms, "disciplines": terms[:2]}}
            portion.append(TaskInput(f"s:{number}", "product", "x", None, None, properties))
        yield portion


def run(tasks: list[DocumentTask], documents: Iterator[list[TaskInput]]) -> tuple[float, int]:
    """Seconds of the processor for fingerprints and results, and how many texts were unknown."""
    spent, unknown = 0.0, 0
    for portion in documents:
        began = time.process_time()
        for task in tasks:
            wanted = [each for each in portion if task.applies_to(each).applies]
            marks = [task.fingerprint(each) for each in wanted]
            found = list(task.derive(wanted))
            unknown += sum(len(each.output["unknown"]) for each in found)
            assert len(marks) == len(found) == len(portion)
        spent += time.process_time() - began
    return spent, unknown


def walk(vocabulary: Vocabulary, documents: Iterator[list[TaskInput]], most: int) -> float:
    """The peer: every term of a document is walked up anew, and its labels looked up; seconds of the processor for so many documents."""
    spent, done = 0.0, 0
    for portion in documents:
        if done >= most:
            break
        began = time.process_time()
        for each in portion:
            for key in ("study_vocabulary", "disciplines"):
                lineages = (
                    vocabulary.with_ancestors(text) for text in each.properties["learning_material"][key] if text in vocabulary.terms
                )
                found = {term.id: term for lineage in lineages for term in lineage}
                orjson.dumps([(term.id, term.label("nl"), term.label("en")) for _, term in sorted(found.items())])
        spent += time.process_time() - began
        done += len(portion)
    return spent * DOCUMENTS / done


def main() -> int:
    """Print one table; the exit code says whether both tasks stay below a minute."""
    vocabulary = build_terms()
    tools = build_tools(None, vocabularies={"study_vocabulary": vocabulary, "disciplines": vocabulary})  # type: ignore[arg-type] - nothing is asked for
    print(f"{DOCUMENTS} documents, {len(vocabulary.terms)} terms\n\n| what | cpu s | walk = 1 |\n|---|--:|--:|")
    peer = walk(vocabulary, build_documents(vocabulary), DOCUMENTS // 10)
    print(f"| walk (a tenth, scaled) | {peer:.1f} | 1.00 |", flush=True)
    total = 0.0
    for task in (StudyVocabularies, Disciplines):
        spent, unknown = run([build_task(task, tools)], build_documents(vocabulary))
        total += spent
        print(f"| {task.name}, {unknown} unknown | {spent:.1f} | {spent / peer:.2f} |", flush=True)
    print(f"| both | {total:.1f} | {total / peer:.2f} |")
    return 0 if total < LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
