"""The small model of the oracle, and the kinds of adapters; in != out and rank > 1 everywhere."""

import torch
from peft import LoraConfig
from torch import nn

TARGETS = [0, 1, 2, 3, 1, 0, 2]
LINEAR = ["block.linear1", "block.linear2"]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = nn.Linear(6, 9)
        self.linear2 = nn.Linear(9, 5)

    def forward(self, x):
        return self.linear2(torch.relu(self.linear1(x)))


class Net(nn.Module):
    """Tokens (or rows of 6 numbers) to 4 classes."""

    def __init__(self, tokens):
        super().__init__()
        if tokens:
            self.emb = nn.Embedding(11, 6)
        self.tokens = tokens
        self.block = Block()
        self.head = nn.Linear(5, 4)

    def forward(self, x):
        return self.head(self.block(self.emb(x) if self.tokens else x))


def lora(**options):
    return LoraConfig(**{"r": 3, "lora_alpha": 5, "target_modules": LINEAR, **options})


# name: (whether the input is tokens, config)
CASES = {
    "plain": (False, lora()),
    "rslora": (False, lora(use_rslora=True)),
    "dora": (False, lora(use_dora=True)),
    "embedding": (True, lora(target_modules=["emb"])),
    "embedding-linear": (True, lora(target_modules=["emb", *LINEAR])),
    "dora-embedding": (True, lora(target_modules=["emb", "linear1"], use_dora=True)),
    "patterns": (False, lora(rank_pattern={"linear2": 2}, alpha_pattern={"block.linear1": 7})),
    "bias-lora-only": (False, lora(bias="lora_only")),
    "bias-all": (False, lora(bias="all")),
    "bias-all-head": (False, lora(bias="all", modules_to_save=["head"])),
    "bias-lora-only-head": (False, lora(bias="lora_only", modules_to_save=["head"])),
    "modules-to-save": (False, lora(modules_to_save=["head"])),
    "lora-bias": (False, lora(lora_bias=True)),
    "dropout": (False, lora(lora_dropout=0.1)),
    "exclude": (False, lora(target_modules=["linear1", "linear2", "head"], exclude_modules=["linear2"])),
    "regex": (False, lora(target_modules=r"block\.linear[12]")),
    "all-linear": (False, lora(target_modules=["linear1", "linear2", "head"])),
    "gaussian": (False, lora(init_lora_weights="gaussian")),
    "orthogonal": (False, lora(r=4, init_lora_weights="orthogonal")),
    "pissa": (False, lora(init_lora_weights="pissa")),
    "pissa-embedding": (True, lora(target_modules=["emb", *LINEAR], init_lora_weights="pissa")),
    "olora": (False, lora(init_lora_weights="olora")),
}
