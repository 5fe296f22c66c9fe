/** Where dropped files go, by their names. */
import { describe, expect, it } from 'vitest';
import { type Belongs, belongs, opened, unknownSentence } from '../../../web/language/dropped.js';

describe('files that are dropped', () => {
  it.each<[names: string[], as: Belongs, opened: string[]]>([
    [['SmolLM2.Q4_1.gguf'], 'model', ['SmolLM2.Q4_1.gguf']],
    [
      ['config.json', 'tokenizer.json', 'model.safetensors'],
      'model',
      ['config.json', 'tokenizer.json', 'model.safetensors'],
    ],
    [['config.json'], 'model', ['config.json']],
    [['orders.JSONL'], 'examples', ['orders.JSONL']],
    [['photo.png', 'facts.csv', 'more.csv'], 'examples', ['facts.csv']],
    [['notes.txt'], 'examples', ['notes.txt']],
    [['lowrank-project.zip', 'facts.csv'], 'zip', ['lowrank-project.zip']],
    [
      ['adapter_config.json', 'README.md', 'adapter_model.safetensors'],
      'adapter',
      ['adapter_config.json', 'adapter_model.safetensors'],
    ],
    [['photo.png'], 'nowhere', []],
    [['gguf'], 'nowhere', []],
    [[], 'nowhere', []],
  ])('%o: %s', (names, as, taken) => {
    expect(belongs(names)).toBe(as);
    const files = names.map((name) => ({ name }));
    expect(opened(files, as).map(({ name }) => name)).toEqual(taken);
  });

  it('are named where nothing opens them', () => {
    expect(unknownSentence(['a.png', 'b.png', 'c.png', 'd.png'])).toMatch(
      /^This page cannot open a\.png, b\.png, c\.png, …: /,
    );
    expect(unknownSentence([])).toMatch(/^This page cannot open what was dropped: /);
  });
});
