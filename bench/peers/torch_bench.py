"""PyTorch as a peer: answers commands, one JSON object per line, until its input ends.

Eager mode, one thread, Adam as it comes. It times itself, so that the pipe is not in the figures.
Arguments: a folder with manifest.json (names, types, shapes, offsets) and data.bin.
"""

import json
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

torch.set_num_threads(1)
torch.set_num_interop_threads(1)

with open(os.path.join(sys.argv[1], "manifest.json"), encoding="utf8") as file:
    MANIFEST = json.load(file)
with open(os.path.join(sys.argv[1], "data.bin"), "rb") as file:
    DATA = bytearray(file.read())


def array(name):
    """A new tensor with the values of that name."""
    entry = MANIFEST["arrays"][name]
    dtype = {"f32": torch.float32, "u8": torch.uint8}[entry["dtype"]]
    count = torch.Size(entry["shape"]).numel()
    return torch.frombuffer(DATA, dtype=dtype, count=count, offset=entry["offset"]).reshape(entry["shape"]).clone()


class LoraLinear(nn.Module):
    """base(x) + s (x Aᵀ) Bᵀ"""

    def __init__(self, base, lora_a, lora_b, scaling):
        super().__init__()
        self.base = base
        self.lora_a = nn.Parameter(lora_a)
        self.lora_b = nn.Parameter(lora_b)
        self.scaling = scaling

    def forward(self, x):
        return self.base(x) + (x @ self.lora_a.T) @ self.lora_b.T * self.scaling


class LoraParametrization(nn.Module):
    """W + s B A"""

    def __init__(self, lora_a, lora_b, scaling):
        super().__init__()
        self.lora_a = nn.Parameter(lora_a)
        self.lora_b = nn.Parameter(lora_b)
        self.scaling = scaling

    def forward(self, weight):
        return weight + torch.matmul(self.lora_b, self.lora_a) * self.scaling


class DigitsNet(nn.Module):
    def __init__(self, kind, weights):
        super().__init__()
        layers = []
        for i in range(3):
            weight, bias, lora_a, lora_b = (
                array(f"{weights}.{i}.{name}") for name in ("weight", "bias", "loraA", "loraB")
            )
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            layer.weight.data, layer.bias.data = weight, bias
            if kind != "full":
                layer.requires_grad_(False)
            if kind == "wrapper":
                layer = LoraLinear(layer, lora_a, lora_b, MANIFEST["scaling"])
            elif kind == "parametrization":
                lora = LoraParametrization(lora_a, lora_b, MANIFEST["scaling"])
                parametrize.register_parametrization(layer, "weight", lora)
            layers.append(layer)
        self.linear1, self.linear2, self.linear3 = layers
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.linear3(self.linear2(self.linear1(x))))


class Steps:
    def __init__(self, kind):
        self.kind = kind
        self.batches = list(zip(array("train.x").split(MANIFEST["batchSize"]), TRAIN_Y.split(MANIFEST["batchSize"])))

    def reset(self):
        self.model = DigitsNet(self.kind, "initial")
        trained = [each for each in self.model.parameters() if each.requires_grad]
        adam = MANIFEST["adam"]
        self.optimizer = torch.optim.Adam(
            trained, lr=adam["learningRate"], betas=(adam["beta1"], adam["beta2"]), eps=adam["eps"]
        )

    def train(self, batches):
        losses = []
        for x, y in batches:
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        return losses

    def check(self):
        return self.train(self.batches[: MANIFEST["checkSteps"]])

    def run(self):
        self.train(self.batches)


class Evaluation:
    def __init__(self, batch_size):
        self.batches = list(zip(TEST_X.split(batch_size), TEST_Y.split(batch_size)))
        self.model = DigitsNet("full", "trained").eval()

    def reset(self):
        pass

    def check(self):
        wrong = torch.zeros(10, dtype=torch.int64)
        with torch.inference_mode():
            for x, y in self.batches:
                missed = y[self.model(x).argmax(1) != y]
                wrong += torch.bincount(missed, minlength=10)
        return wrong.tolist()

    run = check


class Matmul:
    def __init__(self, size, letters):
        a, b = array(f"matrix.{size}.a"), array(f"matrix.{size}.b")
        self.a = a.T if letters[0] == "T" else a
        self.b = b.T if letters[1] == "T" else b
        self.out = torch.empty(size, size)
        self.rows = MANIFEST["sampledRows"][str(size)]

    def reset(self):
        pass

    def run(self):
        torch.mm(self.a, self.b, out=self.out)

    def check(self):
        self.run()
        return self.out[self.rows].flatten().tolist()


def open_task(name):
    kind, *rest = name.split(" ")
    if kind == "evaluation":
        return Evaluation(int(rest[0]))
    if kind == "matmul":
        return Matmul(int(rest[0]), rest[1])
    return Steps(kind)


def timed(task, milliseconds):
    task.reset()
    seconds = []
    begun = before = time.perf_counter()
    while True:
        task.run()
        now = time.perf_counter()
        seconds.append(now - before)
        before = now
        if now - begun >= milliseconds / 1000:
            return seconds


TRAIN_Y = array("train.y").long()
TEST_X, TEST_Y = array("test.x"), array("test.y").long()
TASKS = {name: open_task(name) for name in MANIFEST["tasks"]}


def answer(command):
    if command["do"] == "hello":
        return {"version": torch.__version__, "threads": torch.get_num_threads(), "python": sys.version.split()[0]}
    task = TASKS[command["task"]]
    if command["do"] == "time":
        return {"values": timed(task, command["ms"])}
    task.reset()
    return {"values": task.check()}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # told to the other side, which names the peer as failed
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
