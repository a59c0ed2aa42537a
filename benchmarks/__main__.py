"""``make bench``: everything that is measured about speed, each part into a file of benchmarks/results.

``python -m benchmarks [PART ...]`` measures some of it. All of it takes about
half an hour, needs the Debian package postfix and root for the comparison
with a plain relay, and a machine that does nothing else.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys

from benchmarks.systems import ROOT

RESULTS = ROOT / "benchmarks/results"

PARTS = {
    "throughput": "Messages a second, beside a plain relay and a hand-made gateway",
    "goals": "Goals",
    "commit": "Durable commits",
    "delivery": "Delivery alone",
    "reading": "Reading mail alone",
    "documents": "Reading attachments alone",
    "speed": "Detection alone",
}


def report(part: str, output: str) -> str:
    """The page of one part."""
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    return (
        f"# {PARTS[part]}\n\n`python -m benchmarks.{part}` on {dt.datetime.now(dt.UTC):%Y-%m-%d}: {machine}. "
        "The machine is shared; load generator and sink run on it as well, so read ratios, not absolutes.\n\n"
        f"{output.strip()}\n"
    )


def main() -> None:
    """Measure the named parts (none: all) and write their pages."""
    failed = []
    RESULTS.mkdir(exist_ok=True)
    for part in sys.argv[1:] or PARTS:
        program = [sys.executable, "-m", f"benchmarks.{part}"]
        ended = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        page = report(part, ended.stdout)
        print(page, flush=True)
        if ended.returncode:
            failed.append(part)
        else:
            (RESULTS / f"{part}.md").write_text(page, encoding="utf-8")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
