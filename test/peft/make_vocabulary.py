"""Writes adapters of a model with a vocabulary as real PEFT saves them: what else PEFT puts into a file, and Python's patterns.

usage: make_vocabulary.py DIR [SEED]

DIR/<case>/ holds PEFT's two files, DIR/base.safetensors the weights before PEFT touched them, DIR/facts.json the input and of
each case the output of the model that PEFT loads from these files.
"""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn

LINEAR = ["linear1", "linear2"]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = nn.Linear(6, 9)
        self.linear2 = nn.Linear(9, 5)

    def forward(self, x):
        return self.linear2(torch.relu(self.linear1(x)))


class Net(nn.Module):
    """Tokens to 4 classes, with the names by which PEFT knows a vocabulary."""

    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(11, 6)
        self.block = Block()
        self.dec = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 5))
        self.head = nn.Linear(5, 5)
        self.lm_head = nn.Linear(5, 4)

    def get_input_embeddings(self):
        return self.embed_tokens

    def get_output_embeddings(self):
        return self.lm_head

    def forward(self, x):
        return self.lm_head(self.head(self.dec(self.block(self.embed_tokens(x)))))


# name: (options of the config, of save_pretrained)
CASES = {
    "vocabulary": ({"target_modules": ["embed_tokens", "lm_head", *LINEAR]}, {}),
    "vocabulary-dora": ({"target_modules": ["embed_tokens", "lm_head"], "use_dora": True}, {}),
    "vocabulary-bias-all": ({"target_modules": ["lm_head", *LINEAR], "bias": "all"}, {}),
    "vocabulary-saved": ({}, {"save_embedding_layers": True}),
    "bias-lora-only": ({"bias": "lora_only"}, {}),
    "bias-all-sequential": ({"bias": "all", "modules_to_save": ["dec", "lm_head"]}, {}),
    "head-in-lm-head": ({"modules_to_save": ["head"]}, {}),
    "names-of-others": ({"target_modules": ["linear1", "nothing"], "modules_to_save": ["lm_head", "score"]}, {}),
    "all-linear": ({"target_modules": "all-linear", "exclude_modules": "^(?!block|dec).*"}, {}),
    "lookahead": ({"target_modules": r"^(?!.*dec)(?!lm_).*(linear\d|head)$"}, {}),
    "named-group": ({"target_modules": r"(?i)BLOCK\.(?P<kind>linear)[12]"}, {}),
    "pattern-order": (
        {"target_modules": ["dec.0", "dec.2", *LINEAR], "alpha_pattern": {".*c.0": 16, "0": 4, "2": 7}},
        {},
    ),
    "pattern-ends": ({"alpha_pattern": {r"linear1\Z": 40, r"\Ablock.linear2": 30}}, {}),
    "init-eva": ({"init_lora_weights": "eva"}, {}),
}


def main():
    root = Path(sys.argv[1])
    torch.manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 20261125)
    values = Net().state_dict()
    x = torch.randint(0, 11, (7,))
    root.mkdir(parents=True)
    save_file(values, root / "base.safetensors")
    outputs = {}
    for name, (config, saving) in CASES.items():
        base = Net()
        base.load_state_dict(values)
        model = get_peft_model(base, LoraConfig(**{"r": 2, "lora_alpha": 5, "target_modules": LINEAR, **config}))
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.2 * torch.randn_like(parameter))
        model.save_pretrained(root / name, **saving)
        (root / name / "README.md").unlink(missing_ok=True)
        base = Net()
        base.load_state_dict(load_file(root / "base.safetensors"))
        output = PeftModel.from_pretrained(base, root / name).eval()(x)
        outputs[name] = [float(f"{value:.9g}") for value in output.detach().flatten().tolist()]
    (root / "facts.json").write_text(json.dumps({"input": x.tolist(), "outputs": outputs}))


main()
