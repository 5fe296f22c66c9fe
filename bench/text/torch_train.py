"""The same by PyTorch and PEFT in float32, on one thread: torch_train.py MODEL STEPS; prints JSON."""

import json
import resource
import sys
import time
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

path, steps = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
plain = type(model)(type(model.config)(**{k: v for k, v in model.config.to_dict().items() if k != "quantization_config"}))
plain.load_state_dict(model.state_dict())
del model
plain.config.use_cache = False
linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(plain, LoraConfig(r=8, lora_alpha=16, target_modules=linear, task_type="CAUSAL_LM"))
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
ids = torch.tensor([[500 + (i * 37) % 20000 for i in range(257)]])
times = []
for _ in range(steps):
    begun = time.process_time()
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    times.append(time.process_time() - begun)
median = sorted(times[1:])[len(times[1:]) // 2]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"tokensPerSecond": 256 / median, "processMiB": peak}))
