"""Writes what Python's `re` makes of patterns and texts, for src/lora/pythonPattern.ts to make the same of them.

usage: make_patterns.py > ../fixtures/pythonPatterns.json (no packages; the version of Python is in the file)

Of each pattern: one digit a text, 1 where re.match finds a match, 2 where re.fullmatch does too, 0 where neither does; or null
where Python refuses the pattern.
"""

import json
import platform
import random
import re
import warnings

PATHS = [
    "",
    "0",
    "10",
    "block.0",
    "lin1",
    "lin1\n",
    "LIN1",
    "a\nb",
    "block.linear1",
    "model.layers.0.self_attn.q_proj",
    "model.layers.12.self_attn.v_proj",
    "model.layers.12.mlp.down_proj",
    "model.vision_tower.encoder.layers.3.self_attn.q_proj",
    "model.embed_tokens",
    "lm_head",
    "transformer.h.7.attn.c_attn",
    "a{2}",
    "aa",
    "aaa",
    "x-y z",
    "été.0",
    "٣",
    "x\u00a0y\u001cz",
    "中.q_proj",
    "a_b",
    "[a]",
    "\u0130",
    "\u0131",
    "\u017f",
    "\u212a",
]

WRITTEN = r"""
.*
.*\.(q|v)_proj
.*\.(q_proj|v_proj)$
^(?!.*vision).*
^(?!.*vision).*(q|k|v)_proj$
(?=.*self_attn).*q_proj
.*(?<!vision_tower)\..*
model\.layers\.(?:[0-9]|1[0-2])\..*_proj
model\.layers\.\d+\.(?P<kind>self_attn|mlp)\.\w+
(?P<a>x)(?P<a>y)
(?P<1a>x)
(?P=a)
(a)\1
(?P<q>a)(?P=q)
(?(1)a|b)
lin1\Z
\Alin1
\Alin1\Z
lin1$
^lin1
(?m)^b$
(?m)a$
a$
(?s)a.b
a.b
(?i)lin1
(?i:LIN)1
(?i)i
(?i)S
(?i)k
(?i)[a-z]
(?i)[^a-z]
(?i)[H-J]
(?i)[^s]
(?i)\w
(?i)[\W]
(?i)é.*
(?i)[k-m]in1
(?i)[^k-m]in1
(?-i:lin1)
(?i-s:lin1)
(?i-i:a)
lin(?i)1
(?i)(?s)a.b
(?#comment)lin1
(?#a\)b)lin1
(?x) lin1
(?a)\w+
(?u)\w+
(?au)a
(?a:\d)
(?L)a
\d
\d+
\D+
\w+
\W
\s
.*\s.*
.*\S
\w\s\w\s\w
\bx\b.*
.*\by.*
.*\Bq_proj
\B
\b
a{2}
a{2,}
a{,2}
a{,}
a{}
a{x}
a{2
a{1,x}
a\{2\}
{2}
x{3,2}
a{99999999999}
a**
a*?
a*??
a*+
a*+a
a++
a+?
a?+a
(?>a*)a
(?>a|aa)$
(?:a*)*
(?:a*)*b
(?:a|)*b
(a*)*
(?:)*
(?:){5}
(?=a)*a
^*
$+
\b?
*a
a|*
(
)
(a
a)
[
[a
[]
[]a]+
[^]a]
[a]
[\]a]+
[[a\]]+
[a-]+
[-a]+
[a-c]+
[c-a]
[\d-x]
[a-\d]
[\w.]+
[^\W\d_]+
[\s\S]+
[\x61-\x63]+
[\b]
[\1]
[\101]
[\8]
[\A]
[a&&b]
[.*]+
\x61
\x6
\u0061
\u006
\U00000061
\U00110000
\N{LATIN SMALL LETTER A}
\0
\07
\101
\141
\400
\8
\12
\
\q
\e
\z
\-
\.
\/
\#
\_
\é
\n
a\nb
lin1\n
(?
(?P
(?P<
(?P<>a)
(?P<n
(?Pz)
(?<a
(?<n>a)
(?<=a)
(?<=l)in1
lin(?<=n)1
.*(?<=\.)q_proj
.*(?<!\.)q_proj
(?<=a*)b
(?<=a|bc)d
(?<=ab|cd)e
(?<=a{2})a
(?<=^)a
(?<!)a
(?!)
(?=)
(?:)
()
|
a|
|a
(?:a|b|)
(?>)
(?'n'a)
(?t)a
(?-:a)
(?i-:a)
(?z)
été\.\d
.
..
[^a]
[^\n]+
\u00e9t\u00e9\.0
(?:.*){3}_proj
((((((((((a))))))))))
(.*\.)?(0)$
(.*\.)?(.*c.0)$
(.*\.)?(lin1\Z)$
(.*\.)?(\Alin1)$
(.*\.)?(^model.layers.12.self_attn.v_proj)$
(.*\.)?(h.\d.attn.c_attn)$
(.*\.)?((?i)x)$
(.*\.)?((?i:Q)_proj)$
(^|.*\.)lm_head($|\..*)
(^|.*\.)layers($|\..*)
""".strip("\n").split("\n")

ATOMS = ["a", "b", "0", ".", r"\.", r"\d", r"\w", r"\W", "_", "[ab]", "[^a]", "[a-c0]", r"[\d_]", "(?=a)", "(?!b)", "(?<=a)", r"\b", "^", "$", r"\Z"]
REPEATS = ["*", "+", "?", "{2}", "{1,2}", "{,1}", "{0}", "{2,}"]


def drawn(rng, depth):
    """A random pattern, sometimes one that Python refuses."""
    parts = []
    for _ in range(rng.randint(1, 3)):
        if depth > 0 and rng.random() < 0.45:
            inner = "|".join(drawn(rng, depth - 1) for _ in range(rng.randint(1, 3)))
            opening = rng.choice(["(", "(?:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?s:"])
            part = f"{opening}{inner})"
        else:
            part = rng.choice(ATOMS)
        if rng.random() < 0.4:
            part += rng.choice(REPEATS) + rng.choice(["", "", "", "?", "+"])
        parts.append(part)
    return "".join(parts)


def verdict(pattern, texts):
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        return None
    return "".join("2" if compiled.fullmatch(t) else "1" if compiled.match(t) else "0" for t in texts)


def main():
    warnings.simplefilter("ignore")
    rng = random.Random(20261125)
    short = ["".join(rng.choice("aab0._c\n") for _ in range(rng.randint(0, 5))) for _ in range(24)]
    random_patterns = list(dict.fromkeys(drawn(rng, 2) for _ in range(500)))
    print(
        json.dumps(
            {
                "python": platform.python_version(),
                "written": {"texts": PATHS, "verdicts": {p: verdict(p, PATHS) for p in WRITTEN}},
                "drawn": {"texts": short, "verdicts": {p: verdict(p, short) for p in random_patterns}},
            },
            ensure_ascii=True,
            indent=0,
        )
    )


main()
