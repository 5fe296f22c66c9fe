"""A GGUF file in another format: requantize.py FROM TO Q8_0|Q4_0.

Matrices are dequantised and quantised again; what is F32 stays as it is. By PyPI's gguf.
"""
import sys

import gguf

source, target, name = sys.argv[1:]
kind = gguf.GGMLQuantizationType[name]
reader = gguf.GGUFReader(source)
architecture = reader.fields[gguf.Keys.General.ARCHITECTURE].contents()
writer = gguf.GGUFWriter(target, architecture)
for key, field in reader.fields.items():
    if key.startswith("GGUF.") or key == gguf.Keys.General.ARCHITECTURE:
        continue
    inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
    writer.add_key_value(key, field.contents(), field.types[0], sub_type=inner)
tensors = []
for tensor in reader.tensors:
    data, type_ = tensor.data, tensor.tensor_type
    if type_ != gguf.GGMLQuantizationType.F32:
        data, type_ = gguf.quantize(gguf.dequantize(data, type_), kind), kind
    writer.add_tensor(tensor.name, data, raw_dtype=type_)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
