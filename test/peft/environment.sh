#!/usr/bin/env bash
# Makes the Python environment under build/peft that holds real PEFT, where it is not there yet.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=build/peft/venv
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet "$(grep '^torch==' test/peft/requirements.txt)"
fi
"$venv/bin/python" -m pip install --quiet -r test/peft/requirements.txt
