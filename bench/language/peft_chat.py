"""The same training by PyTorch and PEFT: LoRA of rank 8 on all linear layers, padded batches as TRL makes them, float32.

usage: peft_chat.py MODEL.gguf DATA OPTIONS   DATA has train.jsonl and valid.jsonl; OPTIONS is JSON with threads, batchSize,
passes, learningRate, schedule (constant or cosine, which rises over a tenth of the steps) and seed
Prints one JSON object: the loss of the held-out examples before and after each pass, seconds of the steps, peak memory.
"""
import json
import os
import random
import resource
import sys
import time

import peft
import torch
import transformers
from transformers import AutoTokenizer

from peft_common import base_model, padded

CLIP = 1.0
VALIDATION_BATCH = 10

path, data, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
torch.set_num_threads(options["threads"])
torch.manual_seed(options["seed"])
order = random.Random(options["seed"])
folder, name = os.path.split(os.path.abspath(path))
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)


def encoded(line):
    """Token ids and labels of an example; the answer and its end of turn are trained."""
    question, answer = (message["content"] for message in json.loads(line)["messages"])
    user = [{"role": "user", "content": question}]
    prompt = tokenizer.apply_chat_template(user, add_generation_prompt=True, tokenize=False)
    head = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    ids = tokenizer(prompt + answer + "<|im_end|>", add_special_tokens=False)["input_ids"]
    return ids, [-100] * len(head) + ids[len(head):]


def examples_of(part):
    with open(os.path.join(data, f"{part}.jsonl"), encoding="utf-8") as file:
        return [encoded(line) for line in file]


def held_out_loss():
    model.eval()
    total = count = 0
    with torch.no_grad():
        for i in range(0, len(valid), VALIDATION_BATCH):
            batch = padded(valid[i : i + VALIDATION_BATCH])
            tokens = int((batch["labels"][:, 1:] != -100).sum())
            total += model(**batch).loss.item() * tokens
            count += tokens
    model.train()
    return total / count


train, valid = examples_of("train"), examples_of("valid")
config = peft.LoraConfig(r=8, lora_alpha=16, target_modules="all-linear")
model = peft.get_peft_model(base_model(path), config)
size, passes = options["batchSize"], options["passes"]
steps = passes * -(-len(train) // size)
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=options["learningRate"], weight_decay=0.0)
if options["schedule"] == "cosine":
    schedule = transformers.get_cosine_schedule_with_warmup(optimizer, steps // 10, steps)
else:
    schedule = transformers.get_constant_schedule(optimizer)

losses, seconds = [held_out_loss()], 0.0
print(f"held-out loss {losses[0]:.4f}", file=sys.stderr)
for turn in range(passes):
    order.shuffle(train)
    begun = time.time()
    for i in range(0, len(train), size):
        model(**padded(train[i : i + size])).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, CLIP)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    seconds += time.time() - begun
    losses.append(held_out_loss())
    print(f"pass {turn + 1} of {passes}: held-out loss {losses[-1]:.4f}, {seconds:.0f} s", file=sys.stderr)
tokens = sum(len(ids) for ids, _ in train)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
versions = {"peft": peft.__version__, "transformers": transformers.__version__, "torch": torch.__version__}
figures = {"steps": steps, "tokens": tokens, "losses": losses, "seconds": seconds, "peakResidentBytes": peak}
print(json.dumps({"versions": versions, **figures}))
