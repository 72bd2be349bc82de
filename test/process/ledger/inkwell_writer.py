"""inkwell's way of writing its cost file, as facts: temp file first, flock on the file itself, merge by id, replace.

Usage: inkwell_writer.py FILE COUNT. Prints the id of each record once its save has returned. A fixture of ours for
machines where the real inkwell-cli cannot be installed; the hazards are inkwell's and are kept on purpose.
"""

import fcntl
import json
import os
import shutil
import sys
import tempfile
import uuid


def load(path):
    try:
        with open(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return json.load(file)
    except FileNotFoundError:
        return []
    except ValueError:
        with open(path + ".bak") as file:
            return json.load(file)


def save(path, history):
    if os.path.exists(path) and os.path.getsize(path) > 0:
        shutil.copy2(path, path + ".bak")
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".tmp_costs_", suffix=".json")
    with open(path, "a+") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        locked.seek(0)
        text = locked.read()
        try:
            there = json.loads(text) if text.strip() else []
        except ValueError:
            there = []
        known = {record["usage_id"] for record in there}
        combined = there + [record for record in history if record["usage_id"] not in known]
        with open(handle, "w") as file:
            json.dump(combined, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    return combined


path, count = sys.argv[1], int(sys.argv[2])
history = load(path)
for _ in range(count):
    record = {
        "usage_id": str(uuid.uuid4()),
        "provider": "gemini",
        "model": "gemini-2.5-flash",
        "operation": "transcription",
        "input_tokens": 10000,
        "output_tokens": 2000,
        "total_tokens": 12000,
        "cost_usd": 0.00135,
        "cost_known": True,
        "billing_mode": "known",
        "timestamp": "2026-01-31T09:30:00.123456Z",
        "episode_title": None,
        "template_name": None,
    }
    history = save(path, history + [record])
    print(record["usage_id"], flush=True)
