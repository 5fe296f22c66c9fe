#!/usr/bin/env bash
# Both ways with real PEFT: it writes adapters that lowrank reads and trains, and reads those that lowrank writes.
# Makes a Python environment under build/peft, or uses the interpreter that LOWRANK_PYTHON names.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=build/peft
python=${LOWRANK_PYTHON:-}
if [ -z "$python" ]; then
  bash test/peft/environment.sh
  python=$work/venv/bin/python
fi

rm -rf "$work/read" "$work/written" "$work/text"
# Sets of names have the order of their hashes in what PEFT writes.
export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
seed=$RANDOM
echo "seed $seed"
"$python" -W ignore test/peft/make_fixtures.py "$work/read" "$seed"
"$python" -W ignore test/peft/make_vocabulary.py "$work/read/vocabulary" "$seed"
LOWRANK_PEFT_FIXTURES=$PWD/$work/read npx vitest run test/peft
node --import tsx test/peft/write.mts "$work/written"
"$python" test/peft/check_written.py "$work/written"

# Language models.
"$python" -W ignore test/peft/text.py write "$work/text"
node --import tsx test/peft/text.mts "$work/text"
"$python" test/peft/text.py check "$work/text"
