"""Shared code of the peers in Python: the model in float32, padded batches as TRL makes them, and answers to questions."""
import json
import os
import resource
import sys

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM


def base_model(path):
    """The weights of the file as float32, in a model without quantisation."""
    folder, name = os.path.split(os.path.abspath(path))
    quantised = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    config = quantised.config.to_dict()
    config.pop("quantization_config", None)
    model = LlamaForCausalLM(LlamaConfig(**config))
    model.load_state_dict({key: value.float() for key, value in quantised.state_dict().items()})
    model.config.use_cache = False
    return model


def padded(rows):
    width = max(len(ids) for ids, _ in rows)
    shape = (len(rows), width)
    batch = {
        "input_ids": torch.full(shape, 2),
        "labels": torch.full(shape, -100),
        "attention_mask": torch.zeros(shape, dtype=torch.long),
    }
    for i, (ids, labels) in enumerate(rows):
        batch["input_ids"][i, : len(ids)] = torch.tensor(ids)
        batch["labels"][i, : len(labels)] = torch.tensor(labels)
        batch["attention_mask"][i, : len(ids)] = 1
    return batch


def serve(open_service):
    """Answers each line on standard input with one on standard output, see serve.ts; opens the service at the first."""
    service = None
    for line in sys.stdin:
        try:
            service = service or open_service()
            reply = service(json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({**reply, "peakBytes": peak}), flush=True)
