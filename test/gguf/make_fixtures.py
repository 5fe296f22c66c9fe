"""pip install -r test/gguf/requirements.txt
python test/gguf/make_fixtures.py

Writes fixtures/blocks.gguf: a tensor of each type, of random bytes with finite scales, and metadata of each type;
fixtures/numbers.gguf: the same tensors as the package's own decoder has them, in float32; fixtures/quantized.gguf: numbers,
and what the package makes of them. The same versions write the same bytes again.
"""

from pathlib import Path

import numpy as np
from gguf import GGUFValueType, GGUFWriter, GGMLQuantizationType as Type
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize

FIXTURES = Path(__file__).resolve().parent / "fixtures"
SEED = 4000
ROWS, COLUMNS = 3, 512
TYPES = [
    Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q4_K, Type.Q5_K, Type.Q6_K,
]
# The places of the halves in a block.
HALVES = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
    Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
}
# Zeros, the smallest and largest numbers, and subnormal ones: their results are exact as well.
EXTREMES = np.array([0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00, 0xBC00], dtype=np.uint16)

rng = np.random.default_rng(SEED)


def halves(count):
    """Mostly of a weight's size, with the extremes among them."""
    values = rng.normal(0, 0.02, count).astype(np.float16).view(np.uint16)
    return np.where(rng.random(count) < 0.4, rng.choice(EXTREMES, count), values)


def random_blocks(kind):
    """Random bytes, [ROWS, bytes of a row]."""
    weights, size = GGML_QUANT_SIZES[kind]
    count = ROWS * COLUMNS // weights
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for at in HALVES.get(kind, []):
        blocks[:, at : at + 2] = halves(count).reshape(-1, 1).view(np.uint8)
    if kind == Type.F16:
        blocks = halves(count).reshape(-1, 1).view(np.uint8)
    if kind in (Type.F32, Type.BF16):
        numbers = rng.normal(0, 1, count).astype(np.float32).view(np.uint32)
        blocks = (numbers if kind == Type.F32 else (numbers >> 16).astype(np.uint16)).reshape(-1, 1).view(np.uint8)
    return blocks.reshape(ROWS, -1)


def write(name, fill):
    writer = GGUFWriter(FIXTURES / f"{name}.gguf", "llama")
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def numbers_of(kind, blocks):
    with np.errstate(over="raise", invalid="raise"):
        flat = {Type.F32: np.float32, Type.F16: np.float16}.get(kind)
        data = blocks.view(flat) if flat else blocks
        return np.ascontiguousarray(dequantize(data, kind), dtype=np.float32)


def add_metadata(writer):
    writer.add_uint8("test.u8", 200)
    writer.add_int8("test.i8", -100)
    writer.add_uint16("test.u16", 40000)
    writer.add_int16("test.i16", -20000)
    writer.add_uint32("test.u32", 4000000000)
    writer.add_int32("test.i32", -2000000000)
    writer.add_uint64("test.u64", 2**63)
    writer.add_int64("test.i64", -5)
    writer.add_float32("test.f32", 0.5)
    writer.add_float64("test.f64", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "Ġé😀")
    writer.add_array("test.strings", ["a", "", "Ġb"])
    writer.add_array("test.ints", [1, -2, 3])
    writer.add_array("test.floats", [0.5, -1.5])
    writer.add_array("test.bools", [True, False])
    writer.add_key_value("test.bytes", [1, 2, 255], GGUFValueType.ARRAY, sub_type=GGUFValueType.UINT8)


def quantizer_input():
    """Blocks of many sizes: of weights, zeros, all equal, one of them large, halves between two codes, very small."""
    rows = [rng.normal(0, scale, 512) for scale in (0.02, 1, 1e-4, 100)]
    rows.append(rng.permutation(np.repeat([0.0, 1.0, -2.0, 0.5], 128)))
    rows.append(np.concatenate([np.zeros(32), np.ones(32), -np.ones(32), np.full(416, 0.3)]))
    # For a maximum of 127, and for a range of 15, the codes are the numbers: these lie between two of them.
    ties = np.concatenate([[127.0], rng.integers(-126, 126, 31) + 0.5])
    ranges = np.concatenate([[0.0, 15.0], rng.integers(0, 14, 30) + 0.5])
    rows.append(np.tile(np.concatenate([ties, ranges]), 8))
    rows.append(np.where(np.arange(512) % 32 == 5, 3000.0, rng.normal(0, 0.1, 512)))
    rows.append(rng.normal(0, 1e-7, 512))
    rows.append(rng.normal(0, 1e-30, 512))
    return np.array(rows, dtype=np.float32)


blocks = {kind: random_blocks(kind) for kind in TYPES}


def fill_blocks(writer):
    add_metadata(writer)
    for kind, data in blocks.items():
        writer.add_tensor(kind.name, data, raw_dtype=kind)


def fill_numbers(writer):
    for kind, data in blocks.items():
        writer.add_tensor(kind.name, numbers_of(kind, data))


def fill_quantized(writer):
    values = quantizer_input()
    writer.add_tensor("values", values)
    for kind in (Type.F16, Type.BF16, Type.Q8_0, Type.Q4_1):
        data = np.ascontiguousarray(quantize(values, kind)).view(np.uint8)
        writer.add_tensor(kind.name, data, raw_dtype=kind)


FIXTURES.mkdir(exist_ok=True)
write("blocks", fill_blocks)
write("numbers", fill_numbers)
write("quantized", fill_quantized)
