"""Loads what lowrank wrote into real PEFT and compares the outputs. usage: check_written.py DIR

A warning, a key that is missing or not used, and an output that is off by more than 1e-5 of the largest fail.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from net import Net
from peft import PeftModel
from safetensors.torch import load_file


def difference(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def check(folder):
    facts = json.loads((folder / "case.json").read_text())
    base = Net(facts["tokens"])
    base.load_state_dict(load_file(folder / "base.safetensors"))
    x = torch.tensor(facts["input"])
    x = x.long() if facts["tokens"] else x.view(7, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = PeftModel.from_pretrained(base, folder).eval()
    written = set(load_file(folder / "adapter_model.safetensors"))
    from peft import get_peft_model_state_dict

    held = set(get_peft_model_state_dict(model))
    if written != held:
        return f"keys differ: {sorted(written ^ held)}"
    expected = torch.tensor(facts["output"]).view(7, 4)
    adapted = difference(model(x), expected)
    merged = difference(model.merge_and_unload()(x), expected)
    return f"adapted {adapted:.1e}, merged {merged:.1e}" + ("" if adapted <= 1e-5 and merged <= 1e-5 else " FAILED")


def main():
    failed = []
    folders = sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir())
    for folder in folders:
        try:
            result = check(folder)
        except Exception as error:
            result = f"FAILED: {error!r}"
        print(f"{folder.name:20} {result}")
        if "adapted" not in result or "FAILED" in result:
            failed.append(folder.name)
    if failed or not folders:
        sys.exit(f"real PEFT does not take {', '.join(failed) or 'anything: there is nothing'}")


main()
