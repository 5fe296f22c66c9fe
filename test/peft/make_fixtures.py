"""Writes adapters of every kind as real PEFT saves them, with what they compute.

usage: make_fixtures.py DIR [SEED]

Each DIR/<case>/ holds PEFT's two files, base.safetensors (the weights before PEFT touched them) and case.json (input,
outputs of base, adapted and merged model, and the losses of 20 steps from this adapter on, of Adam and of Adam with the
groups of LoRA+).
"""

import copy
import json
import sys
from pathlib import Path

import torch
from net import CASES, TARGETS, Net, lora
from peft import get_peft_model
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import load_file, save_file

STEPS = 20


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def stir(model):
    """Random values for all that trains, so that nothing is zero; what came of the weights is only moved a little."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.add_(0.2 * torch.randn_like(parameter))


def case(folder, name, tokens, config, dtype=None):
    base = Net(tokens)
    x = torch.randint(0, 11, (7,)) if tokens else torch.randn(7, 6)
    folder.mkdir(parents=True)
    save_file(base.state_dict(), folder / "base.safetensors")
    facts = {"tokens": tokens, "input": numbers(x), "base": numbers(base(x))}
    model = get_peft_model(base, config)
    stir(model)
    model.eval()
    model.save_pretrained(folder)
    if dtype:
        path = folder / "adapter_model.safetensors"
        halves = {key: tensor.to(dtype) for key, tensor in load_file(path).items()}
        save_file(halves, path, metadata={"format": "pt"})
        model.load_state_dict(
            {key.replace(".weight", ".default.weight"): t.float() for key, t in halves.items()}, strict=False
        )
    facts["adapted"] = numbers(model(x))
    facts["merged"] = numbers(copy.deepcopy(model).merge_and_unload()(x))
    plus = copy.deepcopy(model)
    facts["losses"], facts["plusLosses"] = [], []
    if config.lora_dropout == 0:
        facts["losses"] = train(model, x, torch.optim.Adam(trained(model), lr=0.01))
        facts["plusLosses"] = train(
            plus, x, create_loraplus_optimizer(plus, torch.optim.Adam, lr=0.01, loraplus_lr_ratio=4)
        )
    facts["trained"] = numbers(model.eval()(x))
    (folder / "README.md").unlink(missing_ok=True)
    (folder / "case.json").write_text(json.dumps(facts))


def trained(model):
    return [p for p in model.parameters() if p.requires_grad]


def train(model, x, optimizer):
    model.train()
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), torch.tensor(TARGETS))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def weighted(folder):
    """Two adapters, and what PEFT makes of them together."""
    base = Net(True)
    x = torch.randint(0, 11, (7,))
    folder.mkdir(parents=True)
    save_file(base.state_dict(), folder / "base.safetensors")
    config = lora(target_modules=["emb", "linear1", "linear2"])
    model = get_peft_model(base, config, adapter_name="one")
    model.add_adapter("two", lora(target_modules=["emb", "linear1", "linear2"], lora_alpha=2))
    for adapter in ("one", "two"):
        model.set_adapter(adapter)
        stir(model)
    facts = {"tokens": True, "input": numbers(x), "combined": {}, "weights": [0.7, -0.4]}
    for kind in ("linear", "cat", "svd"):
        model.add_weighted_adapter(["one", "two"], facts["weights"], kind, combination_type=kind)
        model.set_adapter(kind)
        facts["combined"][kind] = numbers(model.eval()(x))
    model.save_pretrained(folder, selected_adapters=["one", "two"])
    for path in folder.rglob("README.md"):
        path.unlink()
    (folder / "case.json").write_text(json.dumps(facts))


def main():
    root = Path(sys.argv[1])
    torch.manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 20261124)
    for name, (tokens, config) in CASES.items():
        case(root / name, name, tokens, config)
    case(root / "f16", "f16", False, lora(), torch.float16)
    case(root / "bf16", "bf16", False, lora(), torch.bfloat16)
    weighted(root / "weighted")


main()
