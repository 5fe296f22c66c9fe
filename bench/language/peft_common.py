"""What the peers in Python share: the model in float32, and padded batches as TRL makes them."""
import os

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM


def base_model(path):
    """The weights of the file as float32, in a model that knows of no quantisation."""
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
