/** The README of a run folder: its facts, its snippets, and strangers' names in it. */
import { describe, expect, it } from 'vitest';
import { code, fenced, tableOf, text } from '../../../src/cli/language/markdown.js';
import { type RunFacts, runReadme } from '../../../src/cli/language/runReadme.js';

const FACTS: RunFacts = {
  base: {
    ...{ kind: 'gguf', path: '../m.gguf', name: 'SmolLM2', parameters: 134515008 },
    ...{ fingerprint: 'sha256 ab', repository: 'owner/name' },
  },
  adapter: {
    ...{ kind: 'LoRA', rank: 8, alpha: 16, parameters: 2442240 },
    ...{ targets: ['q_proj', 'v_proj'], fitsGguf: true },
  },
  data: [{ part: 'training', file: 'train.jsonl', examples: 1160, tokens: 2, trainedTokens: 1 }],
  results: [
    {
      part: 'held-out examples',
      before: { loss: 3.25, perplexity: 25.79, bitsPerByte: 1.125, accuracy: 0.416 },
      after: { loss: 2, perplexity: 7.389, bitsPerByte: 0.75, accuracy: 0.5 },
    },
  ],
  settings: { rank: 8, schedule: 'cosine', adapter: undefined },
  ...{ steps: 30, seconds: 93.4, system: undefined, version: '0.2.0' },
};

describe('runReadme', () => {
  it('states the facts', () => {
    const readme = runReadme(FACTS);
    expect(readme).toMatch(/^---\nbase_model: owner\/name\nlibrary_name: peft\n/);
    for (const line of [
      '- Base model: `SmolLM2`, 134,515,008 parameters',
      '- File: `../m.gguf` (`sha256 ab`)',
      '- Adapter: LoRA, rank 8, alpha 16, 2,442,240 parameters (1.82 %)',
      '- Training: 30 steps in 93 s, by lowrank `0.2.0`',
      '| training | `train.jsonl` | 1,160 | 2 | 1 |',
      '| held-out examples | loss (nats per trained token) | 3.2500 | 2.0000 |',
      '|  | token accuracy | 41.6 % | 50.0 % |',
      '| `schedule` | `cosine` |',
    ])
      expect(readme.split('\n')).toContain(line);
    expect(readme).not.toContain('undefined');
    expect(readme.endsWith('```\n')).toBe(true);
  });

  it('says how to load it, in the run folder', () => {
    const readme = runReadme(FACTS);
    expect(readme).toContain('```sh\nlowrank chat --model ../m.gguf --adapter .\n```');
    expect(readme).toContain(`\`\`\`python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("..", gguf_file="m.gguf")
base = AutoModelForCausalLM.from_pretrained("..", gguf_file="m.gguf", dtype="float32")
model = PeftModel.from_pretrained(base, ".")
\`\`\``);
    expect(readme).toContain(
      '```sh\nlowrank export --model ../m.gguf --adapter . --to gguf\nllama-cli -m ../m.gguf --lora adapter.gguf\n```',
    );
    expect(readme).toContain('```\nFROM ../m.gguf\nADAPTER ./adapter.gguf\n```');
  });

  it('says how a conversation was written, and what ended an answer', () => {
    const format = { example: '<s>Hello\n\u001b<a>', stops: ['<e>', '<`>'] };
    const readme = runReadme({ ...FACTS, format });
    expect(readme).toContain('## Prompt format\n\nThe adapter was trained on conversations in this form.');
    expect(readme).toContain(
      '```\n<s>Hello\n\\u001b<a>\n```\n\nTokens that end an answer: `<e>` or ``<`>``\n',
    );
    expect(readme).toContain('ADAPTER ./adapter.gguf\nPARAMETER stop "<e>"\nPARAMETER stop "<`>"\n');
    expect(runReadme(FACTS)).not.toContain('Prompt format');
  });

  it('merges what a GGUF adapter does not hold', () => {
    const readme = runReadme({ ...FACTS, adapter: { ...FACTS.adapter, kind: 'DoRA', fitsGguf: false } });
    expect(readme).toContain('--to merged --out merged.gguf\nllama-cli -m merged.gguf\n');
    expect(readme).not.toContain('--lora');
  });

  it('names the GGUF file that a folder needs for llama.cpp', () => {
    const readme = runReadme({ ...FACTS, base: { ...FACTS.base, kind: 'folder', path: '../base' } });
    expect(readme).toContain('llama-cli -m BASE.gguf --lora adapter.gguf');
    expect(readme).not.toContain('pip install gguf');
  });

  it('says so where nothing was measured', () => {
    expect(runReadme({ ...FACTS, results: [] })).toContain('Nothing was held out, so nothing was measured.');
    const [result] = FACTS.results;
    expect(runReadme({ ...FACTS, results: [{ ...result, before: null }] })).toContain(
      '| perplexity |  | 7.39 |',
    );
  });

  it('keeps the texts of strangers texts', () => {
    const evil = '](http://x) <script>alert(1)</script> `` ` | **b**\n# Heading\n---\u202e';
    const readme = runReadme({
      ...FACTS,
      base: { ...FACTS.base, name: evil, path: `a\n\`\`\`\n${evil}`, repository: 'a\nb: c' },
      data: [{ ...FACTS.data[0], part: evil, file: evil }],
      results: [{ ...FACTS.results[0], part: evil }],
      settings: { [evil]: evil },
      ...{ system: evil, version: evil },
    });
    expect(readme).not.toContain('\u202e');
    expect(readme).not.toContain('base_model');
    // None of the lines is a heading, a rule or a fence that the README does not have by itself.
    const marks = (of: string) => of.split('\n').filter((line) => /^\s*(#|```|---|<)/.test(line));
    const own = marks(runReadme({ ...FACTS, base: { ...FACTS.base, repository: undefined } }));
    expect(marks(readme).length).toBe(own.length);
    // Every row of a table has as many cells as its heading: no | of theirs begins another.
    const cells = (line: string) => line.replace(/\\./g, '').split('|').length - 2;
    const rows = readme.split('\n').filter((line) => line.startsWith('|'));
    const counts = rows.map(cells);
    expect(counts).toEqual([5, 5, 5, ...Array.from({ length: 6 }, () => 4), 2, 2, 2]);
  });
});

describe('code', () => {
  it('is a span with a fence that its text does not have', () => {
    expect(code('a')).toBe('`a`');
    expect(code('a`b')).toBe('``a`b``');
    expect(code('``a')).toBe('``` ``a ```');
    expect(code(' a ')).toBe('`  a  `');
    expect(code('\n')).toBe('`\\u000a`');
    expect(code(' ')).toBe('(empty)');
  });
});

describe('text', () => {
  it('escapes what Markdown acts on, and leaves the rest readable', () => {
    expect(text('held-out examples, 3.5 %')).toBe('held-out examples, 3.5 %');
    expect(text('[a](b) *c* <d> e|f')).toBe('\\[a\\]\\(b\\) \\*c\\* \\<d\\> e\\|f');
    expect(text('http://x www.y.z a@b')).toBe('http\\:\\/\\/x www\\.y.z a\\@b');
  });
});

describe('tableOf', () => {
  it('escapes each | once', () => {
    expect(tableOf(['a', 'b'], [['`x|y`', '1\\|2']], 1)).toBe(
      '| a | b |\n| --- | ---: |\n| `x\\|y` | 1\\|2 |',
    );
  });
});

describe('fenced', () => {
  it('has a fence that no line can end', () => {
    expect(fenced('sh', ['ls'])).toBe('```sh\nls\n```');
    expect(fenced('', ['````'])).toBe('`````\n````\n`````');
  });
});
