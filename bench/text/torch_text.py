"""The same of transformers in float32, on one thread: torch_text.py MODEL PROMPT-TOKENS TOKENS; prints JSON."""

import json
import sys
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

path, prompt_tokens, tokens = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
begun = time.perf_counter()
model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
load = time.perf_counter() - begun
ids = torch.tensor([[500 + (i * 37) % 20000 for i in range(prompt_tokens)]])
with torch.no_grad():
    model(input_ids=ids[:, :32])
    begun = time.perf_counter()
    out = model(input_ids=ids, use_cache=True, logits_to_keep=1)
    prompt = time.perf_counter() - begun
    begun = time.perf_counter()
    for _ in range(tokens):
        out = model(input_ids=out.logits[:, -1:].argmax(-1), past_key_values=out.past_key_values, use_cache=True)
    rest = time.perf_counter() - begun
print(json.dumps({"loadSeconds": load, "prompt": prompt_tokens / prompt, "decode": tokens / rest}))
