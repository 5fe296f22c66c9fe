"""pip install -r test/models/requirements.txt peft==0.21.2
python test/models/make_training_fixtures.py [SmolLM2-135M-Instruct.Q4_1.gguf]

Writes fixtures/training.json: for small models of fixtures/ and, with its file, the real one, LoRA on all linear layers from
factors that both sides make by themselves (uniform of test/torch/generator.ts, seed 10 and 11 for A and B of the first
module, then 12 and 13, …), gradients of the first step and the losses of AdamW's steps as PEFT and PyTorch compute them.
"""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "torch"))
from make_fixtures import uniform  # noqa: E402

FIXTURES = HERE / "fixtures"
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
RANK, ALPHA, RATE, DECAY, STEPS = 4, 8, 1e-3, 0.01, 20
TEXT = "The moon is made of green cheese, and the mice that live there sing every night until the sun rises."
torch.set_num_threads(1)


def modules(model):
    return [m for m in model.modules() if hasattr(m, "lora_A") and len(m.lora_A) > 0]


def run(model, ids, layers):
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, lora_dropout=0.0, task_type="CAUSAL_LM")
    model = get_peft_model(model, config)
    with torch.no_grad():
        for i, m in enumerate(modules(model)):
            for kind, seed, bound in (("lora_A", 10 + 2 * i, 0.05), ("lora_B", 11 + 2 * i, 0.02)):
                w = getattr(m, kind)["default"].weight
                w.copy_(torch.from_numpy(uniform(seed, w.numel(), bound)).reshape(w.shape))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=RATE, weight_decay=DECAY)
    ids = torch.tensor([ids])
    losses, gradients = [], {}
    for step in range(STEPS):
        loss = model(input_ids=ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            for name, p in model.named_parameters():
                if p.grad is None:
                    continue
                path = name.removeprefix("base_model.model.").replace(".default.weight", "")
                layer = int(path.split(".")[2])
                if layer in layers and any(t in path for t in ("q_proj", "down_proj", "k_proj")):
                    g = p.grad.flatten()
                    gradients[path] = {"largest": float(g.abs().max()), "every17": g[::17][:64].tolist()}
        optimizer.step()
        losses.append(loss.item())
    return {"ids": ids[0].tolist(), "losses": losses, "gradients": gradients}


if __name__ == "__main__":
    found = {}
    for name in ("llama3", "mistral", "qwen2", "qwen3"):
        model = AutoModelForCausalLM.from_pretrained(FIXTURES / name, dtype=torch.float32, attn_implementation="eager")
        model.config.use_cache = False
        found[name] = run(model, [(5 * i * i + i + 3) % 290 for i in range(30)], [0, 1])
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
        words = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
        # A copy that does not know that its weights were quantised.
        config = {k: v for k, v in model.config.to_dict().items() if k != "quantization_config"}
        plain = type(model)(type(model.config)(**config))
        plain.load_state_dict(model.state_dict())
        plain.config.use_cache = False
        found["smollm2"] = run(plain, words(TEXT, add_special_tokens=False)["input_ids"], [0, 15, 29])
    settings = {"rank": RANK, "alpha": ALPHA, "learningRate": RATE, "weightDecay": DECAY, "targets": TARGETS}
    (FIXTURES / "training.json").write_text(json.dumps({"settings": settings, "models": found}) + "\n")
