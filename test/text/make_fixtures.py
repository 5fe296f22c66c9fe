"""Ids and rendered conversations that tests compare with, from PyPI tokenizers and transformers.

    pip install -r test/text/requirements.txt
    python test/text/make_fixtures.py path/to/SmolLM2-135M-Instruct.Q4_1.gguf

The small vocabularies are trained here, which does not give the same one twice: they stand in the fixtures.
"""
import json
import random
import sys
from pathlib import Path

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent / "fixtures"
DIGITS = "1234567890" * 4

LINES = [
    "", " ", "  ", "a", " a", "a ", "  a  1", "a\n", "\n", "\n\n", "\r\n", " \n \n", "\t", "\t\t1", "a\tb\t 2",
    "The capital of France is", " Paris", "Hello, world!", "don't I'll we've they're I'm he'd she's", "DON'T I'LL WE'VE",
    "def f(x):\n    return x ** 2  # square\n", "if (a && b) { return a[i]->b; }", "\tfor (int i = 0; i < 10; ++i)",
    "const s = `${a}${b}`;\n\n\n", "<div class=\"a\">&nbsp;</div>", "SELECT * FROM t WHERE id=42;", "x+=1;y-=2;z*=3",
    "0", "12", "123", "1234", DIGITS, "3.14159", "1,000,000", "a1b2c3", "a 1 b  2 c   3 d    4", "   1", "1   ", "1 2 3",
    "2024-12-31T23:59:59Z", "0x1F 0b101 1e-9", "½ ² ³ ① Ⅷ", "٣٤٥", "१२३", "٣ ٤", "a٣b", "１２３", "𝟘𝟙𝟚", "x²+y²=z²",
    "你好，世界。", "今天天气很好 2024年", "日本語のテキスト カタカナ", "한국어 텍스트", "ไทยไม่มีช่องว่าง", "שלום עולם", "مرحبا بالعالم",
    "اَلْعَرَبِيَّةُ", "Привет, мир!", "Ελληνικά", "हिन्दी में", "বাংলা", "Tiếng Việt", "Ĝis la revido", "naïve café résumé",
    "e\u0301 cafe\u0301", "\u00e9\u0301", "ﬁ ﬂ", "ſ K Å", "ÅÅ", "İstanbul ıI", "ß ẞ", "Ǆ ǅ ǆ",
    "😀", "😀😀", "👨‍👩‍👧‍👦", "👍🏽", "🇫🇷🇩🇪", "❤️ ❤", "a😀b", " 😀 1", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☃ ☂", "→ ⇒ ∀x∈ℝ", "∑ᵢ xᵢ²", "©®™", "“quotes” ‘single’ – — …",
    "\u00a0a\u00a0\u00a0b", "\u2003a", "a\u200bb", "\ufeffbom", "a\ufeff b", "\u0085nel\u0085", "a\u2028b\u2029c", "\u3000全角", "\u180e",
    "a\u0000b", "\u0001\u0002\u0003", "\u0007\b\f\v", "\u001b[31mred", "\u007f", "\u0004", "x\u0006", "\u0013\u0014", "\u00ad soft",
    "\U000e0001tag", "\U0003fffd", "\U00040000", "\U0010fffd", "\ue000\uf8ff", "\ufffd", "\ufffe",
    "'s 't 'S 'ſ", "''s", "a's b 'tis", "'", "\"", "\\", "\\n", "////", "####", "=====", "-----", "....", "!!!???", "_a_b_", "$1.50 €2", "%d%%",
    "http://example.org/a?b=c&d=1#e", "user@example.org", "C:\\Users\\x", "/usr/local/bin", "snake_case camelCase PascalCase",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababababababab", "xyzzyxyzzyxyzzy",
    " " * 7 + "7", " " * 16, " " * 33 + "x", "a" + " " * 9 + "\n" + " " * 9 + "b", "\n" * 9, "\n \n  \n   x", "x \n", "x  \n y", " \t 1 \t x",
    "a  b   c    d", "1  1   1", "a.  1", ")  2", "\n1", "\n 1", "\n  1", "\t1", "\r1", "\u00a01", "\u00a0\u00a01", "－1", "x  ٣", "x   ½",
    "The quick brown fox jumps over the lazy dog 1234567890 times.", "<|im_start", "im_end|>", "<|endoftext |>", "<repo_name", "< |im_end|>",
    "user\nHello\nassistant\n", "### Instruction:\nWrite.\n\n### Response:\n", "Q: 2+2?\nA: 4", "[INST] hi [/INST]", "<s>a</s>", "<pad>",
]


def random_lines(count):
    """Lines of adjacent pieces that pre-tokenizers split."""
    rng = random.Random(7)
    pieces = ["a", "word", "Ünï", " ", "  ", "   ", "\n", "\t", "\r\n", "1", "12", "345", "٣", "½", "'s", "'ll", "'", "!", "...", "你", "好吗", "😀", "\u00a0", "é", "e\u0301", "-", "_", "(", ")", "x=", "ß", "한"]
    return ["".join(rng.choice(pieces) for _ in range(rng.randint(2, 9))) for _ in range(count)]


SPECIAL_LINES = ["<|im_start|>user\nhi<|im_end|>\n", "a<|im_end|>b", "<|im_end|><|im_end|>", " <|im_start|> 1", "<<|im_end|>>", "<|im_end|>  1"]

GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def words(digits):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS % digits), "isolated"), BYTES])


PRE = {
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), GPT2]),
    "gpt-2": GPT2,
    "llama-bpe": words(r"\p{N}{1,3}"),
    "qwen2": words(r"\p{N}"),
}


def smollm(path):
    fields = GGUFReader(path).fields
    get = lambda key: fields[f"tokenizer.{key}"].contents()
    tokens, types = get("ggml.tokens"), get("ggml.token_type")
    merges = [tuple(line.split(" ")) for line in get("ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer, tokenizer.decoder = PRE["smollm"], decoders.ByteLevel()
    tokenizer.add_special_tokens([token for token, type in zip(tokens, types) if type == 3])
    return tokenizer, get("chat_template")


def ids_of(tokenizer, lines, lossless=True):
    """Ids; null for a line that loses bytes, which the tokenizer drops silently."""
    out = []
    for line in lines:
        ids = tokenizer.encode(line, add_special_tokens=False).ids
        norm = tokenizer.normalizer.normalize_str(line) if tokenizer.normalizer else line
        lost = lossless and tokenizer.decode(ids, skip_special_tokens=False) != norm
        out.append(None if lost else ids)
    return out


def with_specials(tokenizer):
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken("<think>", normalized=False)])
    return tokenizer


def byte_level(pre, lines):
    tokenizer = Tokenizer(models.BPE(ignore_merges=pre == "llama-bpe"))
    tokenizer.pre_tokenizer, tokenizer.decoder = PRE[pre], decoders.ByteLevel()
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    alphabet.remove("Ą")  # byte 0x04
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([line for line in lines if "\u0004" not in line] * 3, trainer)
    tokenizer = with_specials(tokenizer)
    start = tokenizer.token_to_id("<|im_start|>")
    tokenizer.post_processor = processors.TemplateProcessing(single="<|im_start|> $A", special_tokens=[("<|im_start|>", start)])
    return tokenizer


def word_piece(lines):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=420, special_tokens=special, limit_alphabet=150, show_progress=False)
    tokenizer.train_from_iterator(lines * 3, trainer)
    around = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=around)
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    return tokenizer


def sentence_piece(lines):
    """A tokenizer like that of Llama 2: spaces are ▁, and characters without a token become bytes."""
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.train_from_iterator(lines * 3, trainers.BpeTrainer(vocab_size=200, limit_alphabet=60, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    vocab = {"<unk>": 0, **{f"<0x{byte:02X}>": byte + 1 for byte in range(256)}}
    for token in sorted(model["vocab"], key=model["vocab"].get):
        vocab.setdefault(token, len(vocab))
    merges = [tuple(pair) for pair in model["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = trained.normalizer
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return with_specials(tokenizer)


USER, ANSWER = {"role": "user", "content": "What is 2+2?"}, {"role": "assistant", "content": " 4\n"}
SYSTEM = {"role": "system", "content": "Be brief."}
CONVERSATIONS = [
    [USER],
    [SYSTEM, USER],
    [USER, ANSWER],
    [USER, ANSWER, {"role": "user", "content": "Sure?\n\n  Tell 'me' \"why\" — é 你好 😀 {{ x }} {% if %}"}],
    [SYSTEM, USER, ANSWER, USER],
    [{"role": "user", "content": ""}],
    [USER, {"role": "assistant", "content": "<think>\nwhy\n</think>\n\n \ufeff so \u0085\n"}],
]
TOOLS = [{"type": "function", "function": {"name": "add", "description": "Adds <two> & \"more\" é", "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "integer"}}, "required": ["a"]}}}]

TEMPLATES = {
    "roles as tokens": "{% for message in messages %}\n{{ '<|' + message.role + '|>\n' + message.content + eos_token }}\n{% endfor %}\n{% if add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}",
    "alternating": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set first = messages[0]['content'] + '\n\n' %}{% else %}{% set rest = messages %}{% set first = '' %}{% endif %}{% for m in rest %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if m['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = m['role'] %}{% endif %}{{ '<turn>' + role + '\n' + (first if loop.first else '') + m['content'] | trim + '</turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<turn>model\n' }}{% endif %}",
    "tools and namespaces": "{%- set ns = namespace(last=-1, text='') -%}\n{%- for m in messages -%}\n    {%- if m.role == 'user' -%}{%- set ns.last = loop.index0 -%}{%- endif -%}\n{%- endfor -%}\n{%- macro show(m, mark='') -%}\n    {{- '<|im_start|>' ~ m.role ~ mark ~ '\\n' ~ m.content ~ '<|im_end|>\\n' -}}\n{%- endmacro -%}\n{%- if tools is defined and tools %}\n    {{- '<tools>' }}\n    {%- for tool in tools %}\n        {{- tool | tojson }}\n        {{- (tool.function.parameters.properties.keys() | list | join(', ')) }}\n    {%- endfor %}\n    {{- '</tools>\\n' }}\n{%- endif %}\n{%- for m in messages %}\n    {%- set content = m.content.split('</think>')[-1].strip('\\n').rstrip() if m.role == 'assistant' else m.content %}\n    {{- show({'role': m.role, 'content': content}, '*' if loop.index0 == ns.last else '') }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}",
    "spans": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% for n in range(2) %}{{ n }}{% endfor %}{% endfor %}",
}


def rendered(templates):
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")
    out = []
    for name, template in templates.items():
        for messages in CONVERSATIONS:
            for prompt in (False, True):
                for tools in ([None, TOOLS] if "tools" in name else [None]):
                    try:
                        text = tokenizer.apply_chat_template(messages, tools, chat_template=template, tokenize=False, add_generation_prompt=prompt)
                    except Exception as error:
                        text = {"raises": str(error)}
                    out.append({"template": name, "messages": messages, "prompt": prompt, "tools": bool(tools), "text": text})
    return {"templates": templates, "tools": TOOLS, "rendered": out}


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    (HERE / name).write_text(text + "\n")
    print(name, len(text))


HERE.mkdir(exist_ok=True)
lines = LINES + random_lines(300 - len(LINES))
small = LINES + random_lines(12)
real, template = smollm(sys.argv[1])
write("smollm.json", {"lines": lines, "ids": ids_of(real, lines), "special": {"lines": SPECIAL_LINES, "ids": ids_of(real, SPECIAL_LINES)}})
pre = {}
for name in PRE:
    tokenizer = byte_level(name, small)
    pre[name] = {"json": json.loads(tokenizer.to_str()), "ids": ids_of(tokenizer, small), "special": ids_of(tokenizer, SPECIAL_LINES)}
write("byteLevel.json", {"lines": small, "specialLines": SPECIAL_LINES, "pre": pre})
others = {}
for name, tokenizer in (("wordPiece", word_piece(small)), ("sentencePiece", sentence_piece(small))):
    cut = [line for line in small if len(line) < 40]
    content = tokenizer.to_str()
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encoded = [tokenizer.encode(line).ids for line in cut]
    plain = ids_of(tokenizer, cut, lossless=False)
    texts = [tokenizer.decode(ids, skip_special_tokens=False) for ids in plain]
    others[name] = {"json": json.loads(content), "lines": cut, "ids": plain, "withSpecial": encoded[:20], "texts": texts}
write("others.json", others)
write("chat.json", rendered({"SmolLM2": template, **TEMPLATES}))
