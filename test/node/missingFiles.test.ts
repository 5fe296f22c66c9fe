/** Directories that hold something other than an adapter's two files: what they hold, and what to do. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { directoryFiles } from '../../src/node/directoryFiles.js';
import { tensorsOf } from '../../src/node/missingFiles.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lowrank-adapters-'));
});
afterEach(() => rm(root, { recursive: true }));

const BOTH = ['adapter_config.json', 'adapter_model.safetensors'];
const MISSING = 'has no adapter_config.json and no adapter_model.safetensors: ';

async function fill(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), name);
  }
}

describe('an adapter directory', () => {
  it.each<[string, string[], string]>([
    ['nothing', [], `${MISSING}it is empty`],
    [
      'a pickle',
      [BOTH[0], 'adapter_model.bin'],
      'has no adapter_model.safetensors: it has adapter_model.bin, whose pickle can run any code and is not read: load it with PEFT and save it again (save_pretrained writes safetensors)',
    ],
    ['only the tensors', [BOTH[1]], 'has no adapter_config.json: it holds adapter_model.safetensors'],
    [
      'adapters in sub-directories',
      ['b/adapter_config.json', 'a/adapter_config.json', 'README.md'],
      `${MISSING}the adapters are in its sub-directories a, b: give one of them, such as ROOT/a`,
    ],
    [
      'a whole model',
      ['config.json', 'model.safetensors'],
      `${MISSING}it holds a whole model, not an adapter`,
    ],
    [
      'a model in parts',
      ['model-00001-of-00002.safetensors'],
      `${MISSING}it holds a whole model, not an adapter`,
    ],
    ['other files', ['a', 'b', 'c', 'd', 'e', 'f', 'g'], `${MISSING}it holds a, b, c, d, e and 2 more`],
  ])('with %s', async (_, names, message) => {
    await fill(...names);
    const expected = new DataError(`${root}: ${message.replace('ROOT', root)}`);
    await expect(directoryFiles(root).read(BOTH)).rejects.toThrow(expected);
  });

  it('is read, also by a symbolic link', async () => {
    await fill(...BOTH.map((name) => `real/${name}`));
    await symlink(join(root, 'real'), join(root, 'link'));
    for (const name of ['real', 'link']) {
      expect([...(await directoryFiles(join(root, name)).read(BOTH)).keys()]).toEqual(BOTH);
      expect(await tensorsOf(join(root, name))).toBe(join(root, name, BOTH[1]));
    }
    expect(await tensorsOf(join(root, 'real', BOTH[1]))).toBe(join(root, 'real', BOTH[1]));
  });

  it('is not a file, and must exist', async () => {
    await fill(BOTH[1]);
    await expect(directoryFiles(join(root, BOTH[1])).read(BOTH)).rejects.toThrow(
      new DataError(`${join(root, BOTH[1])}: must be a directory: it is a file: give ${root}`),
    );
    const none = join(root, 'none');
    const missing = new DataError(`${none}: cannot be read: no such file or directory (ENOENT)`);
    await expect(directoryFiles(none).read(BOTH)).rejects.toThrow(missing);
    await expect(tensorsOf(none)).rejects.toThrow(missing);
  });
});
