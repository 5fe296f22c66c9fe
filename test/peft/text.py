"""Adapters of small language models, both ways. usage: text.py write DIR, text.py check DIR

`write` saves an adapter of each kind by PEFT, with the logits that the adapted model gives; `check` loads what text.mts trained,
and what it merged, and compares the logits with lowrank's. A warning, and a difference above 1e-5 of the largest, fail.
"""

import sys
import warnings
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

MODELS = Path(__file__).resolve().parents[1] / "models" / "fixtures"
IDS = torch.tensor([[(11 * i * i + 2 * i + 7) % 290 for i in range(24)]])
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CASES = {
    "llama3": dict(target_modules=LINEAR, use_rslora=True),
    "mistral": dict(target_modules=["q_proj", "v_proj"], rank_pattern={"layers.1.self_attn.q_proj": 3}),
    "qwen2": dict(target_modules="all-linear"),
    "qwen3": dict(target_modules=["k_proj", "down_proj"], use_dora=True),
}


def base_of(name):
    model = AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=torch.float32, attn_implementation="eager").eval()
    # PEFT looks a hub up by this name.
    model.config._name_or_path = ""
    return model


def logits_of(model):
    with torch.no_grad():
        return model(input_ids=IDS, use_cache=False).logits[0]


def write(folder):
    for seed, (name, case) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        model = get_peft_model(base_of(name), LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", **case)).eval()
        with torch.no_grad():
            for key, p in model.named_parameters():
                if "lora_B" in key:
                    p.normal_(0, 0.1)
        model.save_pretrained(folder / name / "peft")
        tensors = {"ids": IDS[0].int(), "logits": logits_of(model).contiguous()}
        save_file(tensors, folder / name / "peft.safetensors")


def check(folder):
    failed = []
    for name in CASES:
        expected = load_file(folder / name / "lowrank.safetensors")["logits"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Of transformers, about what PEFT asks it.
            warnings.simplefilter("ignore", FutureWarning)
            adapted = logits_of(PeftModel.from_pretrained(base_of(name), folder / name / "lowrank").eval())
        merged = AutoModelForCausalLM.from_pretrained(
            folder / name / "merged", dtype=torch.float32, attn_implementation="eager"
        ).eval()
        apart = [float((x - expected).abs().max() / expected.abs().max()) for x in (adapted, logits_of(merged))]
        print(f"{name:10} adapted {apart[0]:.1e}, merged {apart[1]:.1e}")
        if max(apart) > 1e-5:
            failed.append(name)
    if failed:
        sys.exit(f"logits differ: {', '.join(failed)}")


{"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
