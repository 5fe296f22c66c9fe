"""Trained tokens of conversations, by the marks of transformers, which lowrank does not use.

    pip install -r test/text/requirements.txt
    python test/text/make_examples.py

The vocabulary is that of fixtures/byteLevel.json. Its special tokens begin and end turns; padding is the end of a turn.
"""
import json
import random
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent / "fixtures"
BEGIN = "{% if loop.first and m['role'] != 'system' %}{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}"
TURN = "{{ '<|im_start|>' + m['role'] + '\n' }}{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] + '<|im_end|>' }}{% endgeneration %}{% else %}{{ m['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}"
PROMPT = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
TEMPLATE = "{% for m in messages %}" + BEGIN + TURN + "{% endfor %}" + PROMPT
WORDS = 'river lamp café zwölf 数字 🙂 12345 "quoted" naïve\ttab x=y+1; sea\nunder  green never'.split(" ")

json_text = json.dumps(json.loads((HERE / "byteLevel.json").read_text())["pre"]["smollm"]["json"])
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=Tokenizer.from_str(json_text), bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>")
rng = random.Random(11)


def phrase(low, high):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def conversation():
    messages = [{"role": "system", "content": phrase(1, 4)}] if rng.random() < 0.4 else []
    for _ in range(rng.randint(1, 3)):
        messages += [{"role": "user", "content": phrase(1, 6)}, {"role": "assistant", "content": phrase(0, 5)}]
    return messages + ([{"role": "user", "content": phrase(1, 3)}] if rng.random() < 0.3 else [])


rows = []
for _ in range(40):
    messages = conversation()
    made = tokenizer.apply_chat_template(
        messages, chat_template=TEMPLATE, return_dict=True, return_assistant_tokens_mask=True, tokenize=True)
    trained = [i for i, one in enumerate(made["assistant_masks"]) if one]
    rows.append({"messages": messages, "ids": list(made["input_ids"]), "trained": trained})
text = json.dumps({"template": TEMPLATE, "rows": rows}, ensure_ascii=True, separators=(",", ":"))
(HERE / "examples.json").write_text(text + "\n")
print("examples.json", len(text))
