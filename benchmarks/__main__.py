"""``make bench``: everything that is measured about speed, in one run on one machine, into benchmarks/speed.md.

Takes about half an hour. Needs the Debian package postfix and root for the
comparison with a plain relay.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.systems import ROOT

REPORT = Path(__file__).with_name("speed.md")

# Title, and the module that prints the figures below it.
PARTS = (
    ("Messages a second, beside a plain relay and a hand-made gateway", ("benchmarks.throughput",)),
    ("Goals", ("benchmarks.goals",)),
    ("Durable commits", ("benchmarks.commit",)),
    ("Delivery alone", ("benchmarks.delivery",)),
    ("Reading mail alone", ("benchmarks.reading",)),
    ("Reading attachments alone", ("benchmarks.documents",)),
    ("Detection alone", ("benchmarks.speed",)),
)


def main() -> None:
    """Run all parts, or those whose module is named, and write the report."""
    wanted = set(sys.argv[1:])
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")
    lines = [
        "# Speed",
        "",
        f"Made by `make bench` on {now}: {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}. The machine is shared; load generator and sink run on it as well, so "
        "read ratios, not absolutes.",
    ]
    failed = []
    for title, command in PARTS:
        if wanted and command[0].rpartition(".")[2] not in wanted:
            continue
        print(f"\n## {title}\n", flush=True)
        program = [sys.executable, "-m", *command]
        ended = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        print(ended.stdout, flush=True)
        lines += ["", f"## {title}", "", f"`python -m {' '.join(command)}`", "", ended.stdout.strip()]
        if ended.returncode:
            failed.append(command[0])
    if not wanted:
        REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
