/** Lines to copy: read by a real shell and, by its rules, as Python and Modelfiles. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  llamaCppLine,
  modelfileLines,
  peftLines,
  pythonText,
  shellWord,
  transformersLines,
} from '../../../src/cli/language/loadingText.js';

describe('shellWord', () => {
  it.each(['m.gguf', 'a b', "it's", '$HOME', '`id`', 'a;rm -rf x', 'a"b', '*', 'né', '~', ''])(
    'is read by a shell as %j',
    (word) => {
      expect(execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' })).toBe(word);
    },
  );

  it('is not an option and has no control characters', () => {
    expect(shellWord('-rf')).toBe('./-rf');
    expect(shellWord('a\u001b[31m\nb')).toBe("'a\\u001b[31m\\u000ab'");
  });
});

describe('pythonText', () => {
  it('escapes quotes as JSON does, and what is not seen as Python does', () => {
    expect(pythonText('a"b\\c\n')).toBe('"a\\"b\\\\c\\n"');
    expect(pythonText('né 🙂')).toBe('"né 🙂"');
    // A mark of direction, and a tag beyond the 16-bit characters.
    expect(pythonText('a\u202eb\u{e0041}')).toBe('"a\\U0000202eb\\U000e0041"');
  });
});

describe('lines for other programs', () => {
  it('load a GGUF file by its folder and name, and a folder by itself', () => {
    expect(peftLines({ kind: 'gguf', path: '/models/m.gguf' }, 'run')).toEqual([
      'from peft import PeftModel',
      'from transformers import AutoModelForCausalLM, AutoTokenizer',
      '',
      'tokenizer = AutoTokenizer.from_pretrained("/models", gguf_file="m.gguf")',
      'base = AutoModelForCausalLM.from_pretrained("/models", gguf_file="m.gguf", dtype="float32")',
      'model = PeftModel.from_pretrained(base, "run")',
    ]);
    expect(transformersLines({ kind: 'folder', path: 'out' }).slice(2)).toEqual([
      'tokenizer = AutoTokenizer.from_pretrained("out")',
      'model = AutoModelForCausalLM.from_pretrained("out", dtype="float32")',
    ]);
  });

  it('name files in a Modelfile so that none is taken for the name of a model', () => {
    expect(modelfileLines('m.gguf', '/run/a b.gguf')).toEqual(['FROM ./m.gguf', 'ADAPTER /run/a b.gguf']);
    expect(modelfileLines('../m.gguf')).toEqual(['FROM ../m.gguf']);
    expect(modelfileLines('C:\\m.gguf')).toEqual(['FROM C:\\m.gguf']);
    // A second instruction would be one of the stranger's.
    expect(modelfileLines('m.gguf', undefined, ['<|end|>', 'a"b', 'c\nd'])).toEqual([
      'FROM ./m.gguf',
      'PARAMETER stop "<|end|>"',
    ]);
    expect(modelfileLines('m\nSYSTEM x')).toEqual(['FROM ./m\\u000aSYSTEM x']);
  });

  it('give llama.cpp the adapter beside the model', () => {
    expect(llamaCppLine('m.gguf', 'my run/a.gguf')).toBe("llama-cli -m m.gguf --lora 'my run/a.gguf'");
  });
});
