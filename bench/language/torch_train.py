"""Training by PyTorch and PEFT in float32: torch_train.py REQUEST, which is JSON with model, adapter, threads, training and work.

Each line on standard input is a question in JSON, each line on standard output its answer: see serve.ts.
"""
import json
import sys
import time

import peft
import torch

from peft_common import base_model, padded, serve

request = json.loads(sys.argv[1])
work, training = request["work"], request["training"]


def job_batches():
    """Batches of a round, and their number of labels; round None is the checked steps."""
    with open(work["examples"], encoding="utf-8") as file:
        examples = [(e["ids"], [-100 if label < 0 else label for label in e["labels"]]) for e in json.load(file)]
    size, steps, checked = work["batchSize"], work["steps"], work["checkSteps"]

    def batches(turn):
        first, count = (0, checked) if turn is None else (checked + turn * steps, steps)
        rows = [examples[i % len(examples)] for i in range(first * size, (first + count) * size)]
        labels = sum(label >= 0 for _, row in rows for label in row)
        return [padded(rows[i : i + size]) for i in range(0, len(rows), size)], labels

    return batches


def row_batches():
    """The same row in every step: random tokens, all trained."""
    count, tokens, steps, checked = work["examples"], work["tokens"], work["steps"], work["checkSteps"]
    ids = torch.tensor([[500 + (row * (tokens + 1) + i) * 37 % 20000 for i in range(tokens + 1)] for row in range(count)])

    def batches(turn):
        batch = {"input_ids": ids, "labels": ids}
        return [batch] * (checked if turn is None else steps), steps * tokens * count

    return batches


def open_service():
    torch.set_num_threads(request["threads"])
    model = peft.PeftModel.from_pretrained(base_model(request["model"]), request["adapter"], is_trainable=True)
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = training["learningRate"], training["weightDecay"]
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=decay)
    batches_of = job_batches() if work["kind"] == "job" else row_batches()

    def run(batches):
        losses = []
        for batch in batches:
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, training["clipNorm"])
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        return losses

    def answer(question):
        if question["do"] == "hello":
            threads = torch.get_num_threads()
            return {"how": f"PyTorch {torch.__version__}, PEFT {peft.__version__}, float32, {threads} thread{'s' * (threads > 1)}"}
        if question["do"] == "check":
            return {"values": run(batches_of(None)[0])}
        batches, amount = batches_of(question["round"])
        cpu, begun = time.process_time(), time.perf_counter()
        run(batches)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        return {"samples": {"train": {"work": amount, "seconds": seconds, "cpuSeconds": cpu}}}

    return answer


serve(open_service)
