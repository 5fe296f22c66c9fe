"""pip install -r test/models/requirements.txt
python test/models/make_fixtures.py [SmolLM2-135M-Instruct.Q4_1.gguf]

Writes fixtures/<name>/, small random models of the Llama family as transformers saves them, each with the logits that
transformers computes for a row of tokens, and fixtures/<name>.gguf of some of them, with the rows of q and k in the order
that llama.cpp wants. With the real model's file it also writes fixtures/smollm2.json and fixtures/smollm2.safetensors:
prompts, some of their logits, and greedy texts.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

FIXTURES = Path(__file__).resolve().parent / "fixtures"
TOKENS = 40
torch.set_num_threads(1)

# ---- a tokenizer of bytes and a few merges

CORPUS = ["the cat sat on the mat", "she sells sea shells", "a model of the world in the world"] * 4


def tokenizer():
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=290,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=["<|start|>", "<|end|>"],
        show_progress=False,
    )
    bpe.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<|start|>",
        eos_token="<|end|>",
        chat_template="{% for m in messages %}<|start|>{{ m['role'] }}: {{ m['content'] }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant: {% endif %}",
    )


# ---- small models: heads ≠ kv heads, odd sizes, in one a head that is not hidden / heads

COMMON = dict(vocab_size=301, num_hidden_layers=2, max_position_embeddings=128, bos_token_id=0, eos_token_id=1)
MODELS = {
    "llama": lambda: LlamaForCausalLM(
        LlamaConfig(**COMMON, hidden_size=48, intermediate_size=77, num_attention_heads=6, num_key_value_heads=2,
                    rope_parameters={"rope_type": "default", "rope_theta": 5000.0}, tie_word_embeddings=True)),
    "llama3": lambda: LlamaForCausalLM(
        LlamaConfig(**COMMON, hidden_size=40, intermediate_size=56, num_attention_heads=4, num_key_value_heads=4,
                    head_dim=14, attention_bias=True, mlp_bias=True, tie_word_embeddings=False,
                    rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0,
                                     "high_freq_factor": 4.0, "original_max_position_embeddings": 16})),
    "mistral": lambda: MistralForCausalLM(
        MistralConfig(**COMMON, hidden_size=48, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2,
                      head_dim=12, sliding_window=7, tie_word_embeddings=False, attn_implementation="eager")),
    "qwen2": lambda: Qwen2ForCausalLM(
        Qwen2Config(**COMMON, hidden_size=64, intermediate_size=96, num_attention_heads=4, num_key_value_heads=2,
                    tie_word_embeddings=True)),
    "qwen3": lambda: Qwen3ForCausalLM(
        Qwen3Config(**COMMON, hidden_size=64, intermediate_size=96, num_attention_heads=3, num_key_value_heads=1,
                    head_dim=32, tie_word_embeddings=False)),
}


def make(name, model, words):
    torch.manual_seed(len(name))
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "norm" in key:
                p.uniform_(0.5, 1.5)
            else:
                p.normal_(0, 0.3 if "bias" in key else 0.08 if "embed" not in key else 0.5)
    model = model.float().eval()
    folder = FIXTURES / name
    folder.mkdir(parents=True, exist_ok=True)
    # One model in several files, one in halves.
    if name == "mistral":
        model = model.to(torch.bfloat16)
    model.save_pretrained(folder, max_shard_size="60KB" if name == "qwen3" else "5GB")
    words.save_pretrained(folder)
    # The model as a reader loads it: the angles are those of float32 as well.
    model = type(model).from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor([[(7 * i * i + 3 * i + 5) % 301 for i in range(TOKENS)]])
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0]
        text = model.generate(input_ids=ids[:, :8], max_new_tokens=24, do_sample=False, pad_token_id=1, eos_token_id=1000)
    save_file({"ids": ids[0].numpy().astype(np.int32), "logits": logits.numpy(), "greedy": text[0].numpy().astype(np.int32)},
              folder / "expected.safetensors")
    return model


# ---- the same as GGUF

NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(key):
    parts = key.split(".")
    if parts[:2] == ["model", "layers"]:
        return f"blk.{parts[2]}.{NAMES['.'.join(parts[3:-1])]}.{parts[-1]}"
    return f"{NAMES['.'.join(parts[:-1])]}.{parts[-1]}"


def write_gguf(name, model, words):
    config = model.config
    arch = config.model_type
    w = GGUFWriter(FIXTURES / f"{name}.gguf", arch)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(config.hidden_size)
    w.add_block_count(config.num_hidden_layers)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count(config.num_attention_heads)
    w.add_head_count_kv(config.num_key_value_heads)
    w.add_key_length(head_dim)
    w.add_value_length(head_dim)
    w.add_layer_norm_rms_eps(config.rms_norm_eps)
    w.add_rope_freq_base(config.rope_parameters["rope_theta"])
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    data = json.loads(words.backend_tokenizer.to_str())
    vocab = sorted(data["model"]["vocab"], key=data["model"]["vocab"].get)
    w.add_token_list(vocab)
    w.add_token_types([3 if t.startswith("<|") else 1 for t in vocab])
    w.add_token_merges([" ".join(m) if isinstance(m, list) else m for m in data["model"]["merges"]])
    w.add_bos_token_id(0)
    w.add_eos_token_id(1)
    w.add_add_bos_token(False)
    w.add_chat_template(words.chat_template)
    if config.rope_parameters["rope_type"] == "llama3":
        inv = model.model.rotary_emb.inv_freq
        plain = 1.0 / (config.rope_parameters["rope_theta"] ** (torch.arange(0, head_dim, 2).float() / head_dim))
        w.add_tensor("rope_freqs.weight", (plain / inv).numpy().astype(np.float32))
    for key, p in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        value = p.float()
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(key.split(".")[-2])
        if arch == "llama" and heads:
            value = value.reshape(heads, 2, head_dim // 2, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)
        w.add_tensor(gguf_name(key), value.contiguous().numpy())
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


# ---- the real model

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "Once upon a time, in a small village by the sea, there lived an old fisherman who had a secret. Every night, when "
    "the moon was high, he went down to the shore and sang to the waves. The villagers said that he was mad, but the "
    "children knew better: they had seen the lights under the water, blue and green and gold, dancing to his song. One "
    "evening a girl named Mara followed him, hiding behind the rocks, and what she saw there changed her life for ever. "
    "The old man took off his hat, bowed to the sea, and said: \"I have come to keep my promise.\" And the water answered, "
    "in a voice like a hundred bells, that it had waited for him for seventy years, and that the time",
    "1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89,",
    "Water boils at 100 degrees Celsius. In Fahrenheit, this is",
]
CHAT = [{"role": "user", "content": "Name three animals that live near a river."}]


def real(path):
    folder, file = str(Path(path).parent), Path(path).name
    words = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
    picked = torch.linspace(0, model.config.vocab_size - 1, 48).long()
    tensors, rows = {"picked": picked.numpy().astype(np.int32)}, []
    for i, prompt in enumerate(PROMPTS):
        ids = words(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits = model(input_ids=ids).logits[0]
            text = model.generate(input_ids=ids, max_new_tokens=64, do_sample=False, pad_token_id=2, eos_token_id=10**6)
        rows.append({"prompt": prompt, "ids": ids[0].tolist(), "largest": float(logits.abs().max()),
                     "best": logits.argmax(-1).tolist(), "greedy": text[0, ids.shape[1]:].tolist()})
        tensors[f"logits{i}"] = logits[:, picked].contiguous().numpy()
    prompt = words.apply_chat_template(CHAT, add_generation_prompt=True, tokenize=False)
    ids = words(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        text = model.generate(input_ids=ids, max_new_tokens=64, do_sample=False, pad_token_id=2)
    chat = {"messages": CHAT, "rendered": prompt, "ids": ids[0].tolist(),
            "text": words.decode(text[0, ids.shape[1]:], skip_special_tokens=True)}
    save_file(tensors, FIXTURES / "smollm2.safetensors")
    (FIXTURES / "smollm2.json").write_text(json.dumps({"prompts": rows, "chat": chat}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    words = tokenizer()
    for name, build in MODELS.items():
        model = make(name, build(), words)
        if name in ("llama", "llama3", "qwen2", "qwen3"):
            write_gguf(name, model, words)
    if len(sys.argv) > 1:
        real(sys.argv[1])
