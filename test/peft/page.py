"""An adapter that the page has made, on the page's model in PyTorch. usage: page.py GGUF ADAPTER PROMPTS.json FOUND.json LOGITS

PROMPTS holds token ids of each prompt. FOUND gets the most likely ids after each of them, LOGITS (safetensors) those of the first
prompt. The weights are exactly what the quantised file stands for. A warning while the adapter is opened fails.
"""

import json
import os
import sys
import warnings

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

TOKENS = 32


def base_of(path):
    folder, name = os.path.split(os.path.abspath(path))
    quantised = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    config = quantised.config.to_dict()
    config.pop("quantization_config", None)
    base = LlamaForCausalLM(LlamaConfig(**config))
    base.load_state_dict({key: value.float() for key, value in quantised.state_dict().items()})
    # PEFT looks a hub up by this name.
    base.config._name_or_path = ""
    return base


def adapted(gguf, adapter):
    base = base_of(gguf)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Of transformers, about what PEFT asks it.
        warnings.simplefilter("ignore", FutureWarning)
        return PeftModel.from_pretrained(base, adapter).eval()


def greedy(model, ids):
    prompt = torch.tensor([ids])
    with torch.no_grad():
        found = model.generate(input_ids=prompt, max_new_tokens=TOKENS, do_sample=False, pad_token_id=0)
    return found[0][len(ids) :].tolist()


gguf, adapter, prompts_file, found_file, logits_file = sys.argv[1:]
with open(prompts_file) as file:
    prompts = json.load(file)
model = adapted(gguf, adapter)
with torch.no_grad():
    logits = model(input_ids=torch.tensor([prompts[0]]), use_cache=False).logits[0]
save_file({"logits": logits.contiguous()}, logits_file)
with open(found_file, "w") as file:
    json.dump([greedy(model, ids) for ids in prompts], file)
