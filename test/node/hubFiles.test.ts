/** Which files of a repository make a model, and ids. */
import { describe, expect, it } from 'vitest';
import { modelFiles } from '../../src/node/hubFiles.js';
import { parseHubId } from '../../src/node/hubId.js';

describe('modelFiles', () => {
  const folder = ['README.md', 'model.safetensors', 'tokenizer.json', 'config.json', 'vocab.json', 'm.gguf'];

  it('takes a folder before a GGUF file, and of two forms of weights the one file', () => {
    expect(modelFiles(folder, undefined)).toEqual({
      ...{ kind: 'folder', small: ['tokenizer.json', 'config.json'], weights: 'model.safetensors' },
    });
    const both = [...folder, 'model.safetensors.index.json', 'model-00001-of-00001.safetensors'];
    expect(modelFiles(both, undefined)).toMatchObject({ weights: 'model.safetensors' });
    expect(modelFiles(folder, 'm.gguf')).toEqual({ kind: 'gguf', file: 'm.gguf' });
  });

  const ggufs = ['m-Q4_K_M.gguf', 'm-Q8_0.gguf', 'sub/m-IQ4_K_M.gguf', 'm-a.Q8_0.GGUF'];

  it('takes a GGUF file by its name, or by the end of it', () => {
    expect(modelFiles(['x.gguf', 'y'], undefined)).toEqual({ kind: 'gguf', file: 'x.gguf' });
    expect(modelFiles(ggufs, 'sub/m-IQ4_K_M.gguf')).toEqual({ kind: 'gguf', file: 'sub/m-IQ4_K_M.gguf' });
    // Not the one whose name ends in IQ4_K_M.
    expect(modelFiles(ggufs, 'q4_k_m')).toEqual({ kind: 'gguf', file: 'm-Q4_K_M.gguf' });
    expect(modelFiles(ggufs, 'a.q8_0.gguf')).toEqual({ kind: 'gguf', file: 'm-a.Q8_0.GGUF' });
  });

  it('lists several', () => {
    expect(modelFiles(ggufs.slice(0, 2), undefined)).toEqual({
      ...{
        kind: 'unclear',
        why: 'has several GGUF files: m-Q4_K_M.gguf, m-Q8_0.gguf: choose one with ORG/NAME:FILE',
      },
    });
    const why = 'has several files for Q8_0: m-Q8_0.gguf, m-a.Q8_0.GGUF: choose one with ORG/NAME:FILE';
    expect(modelFiles(ggufs, 'Q8_0')).toEqual({ kind: 'unclear', why });
    const many = Array.from({ length: 14 }, (_, i) => `${String.fromCharCode(97 + i)}.gguf`);
    expect(modelFiles(many, undefined)).toMatchObject({
      why: expect.stringContaining('l.gguf and 2 more: '),
    });
  });

  it.each<[string, string[], string | undefined, string]>([
    [
      'pickle',
      ['config.json', 'pytorch_model-00001-of-2.bin'],
      undefined,
      'has pytorch_model-00001-of-2.bin, whose',
    ],
    [
      'an adapter',
      ['adapter_config.json', 'adapter_model.safetensors'],
      undefined,
      'is an adapter, which is',
    ],
    [
      'a slow tokenizer',
      ['config.json', 'model.safetensors', 'tokenizer.model'],
      undefined,
      'has no tokenizer.json',
    ],
    ['a config', ['config.json'], undefined, 'has no model.safetensors and no GGUF file'],
    ['a text', ['README.md'], undefined, 'has no config.json and no GGUF file'],
    ['others', ggufs.slice(0, 2), 'Q5', 'has no Q5: its GGUF files are m-Q4_K_M.gguf, m-Q8_0.gguf'],
    ['part of a name', ggufs, '_K_M', 'has no _K_M: its GGUF files are'],
    ['no GGUF file', folder.slice(0, 5), 'Q5', 'has no Q5 and no other GGUF file'],
  ])('says of %s why it is none', (_, names, file, why) => {
    expect(modelFiles(names, file)).toEqual({ kind: 'none', why: expect.stringContaining(why) });
  });
});

describe('parseHubId', () => {
  it('reads each form', () => {
    const repository = 'Hugging-Face/Smol_LM2.5';
    const none = { revision: undefined, file: undefined };
    expect(parseHubId(repository)).toEqual({ repository, ...none });
    expect(parseHubId(`${repository}@refs/pr/1`)).toEqual({ repository, ...none, revision: 'refs/pr/1' });
    expect(parseHubId(`${repository}:Q8_0`)).toEqual({ repository, ...none, file: 'Q8_0' });
    const file = { repository, revision: 'v1', file: 'a b/c.gguf' };
    expect(parseHubId(`${repository}@v1:a b/c.gguf`)).toEqual(file);
    expect(parseHubId(`${repository}/a b/c.gguf@v1`)).toEqual(file);
  });

  it.each([
    ['', 'model', 'a/b/c', './a', '/a', '../x', 'a/..', 'a/.', 'a//b', '~/a', 'a\\b/c', 'C:/a'],
    ['a/b--c', 'a/b..c', 'a/b.git', 'a/-b', 'a/b.', `a/${'b'.repeat(97)}`, 'a/b c', 'ä/b', 'a/b\n'],
    ['a/b@', 'a/b@../x', 'a/b@x/../y', 'a/b@x//y', 'a/b@-x', 'a/b@x y', `a/b@${'x'.repeat(201)}`],
    ['a/b:', 'a/b:../x.gguf', 'a/b:/x', 'a/b:x:y', 'a/b/../x.gguf', 'a/b/c.gguf:d.gguf', 'a/b:x\u0000'],
  ])('refuses what is no id: %j …', (...texts) => {
    for (const each of texts) expect(parseHubId(each), JSON.stringify(each)).toBeUndefined();
  });
});
