/** What `--model` may be, against a hub on this machine. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelPath } from '../../src/cli/modelPath.js';
import { type Phase, SILENT } from '../../src/cli/progress.js';
import { ggufs, hubPlace, layOut, read, weights } from '../node/hubPlace.js';

const place = await hubPlace();
const { hub } = place;
const NAMES = ['HF_ENDPOINT', 'XDG_CACHE_HOME', 'HF_HOME', 'HF_TOKEN', 'HF_HUB_CACHE'];
const before = NAMES.map((name): [string, string | undefined] => [name, process.env[name]]);
const start = process.cwd();

function setAll(values: Iterable<readonly [string, string | undefined]>): void {
  for (const [name, value] of values) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

beforeEach(() => {
  setAll(NAMES.map((name) => [name, place.env[name]]));
  mkdirSync(place.home);
});
afterEach(() => {
  process.chdir(start);
  setAll(before);
});

const { signal } = new AbortController();
const found = (model: string, download = false) => modelPath({ model, download }, SILENT, signal);

describe('modelPath', () => {
  it('takes an id from the cache, or downloads it with its progress', async () => {
    const snapshot = layOut(join(place.home, 'huggingface', 'hub'), 'a/folder', read);
    expect(await found('a/folder')).toBe(snapshot);
    await expect(found('org/whole')).rejects.toThrow('--download fetches it from 127.0.0.1:');
    const phases: Phase[] = [];
    const progress = { ...SILENT, begin: (phase: Phase) => void phases.push(phase) };
    const path = await modelPath({ model: 'org/whole', download: true }, progress, signal);
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    expect(phases).toEqual([{ name: 'download', total: 1, unit: 'MB', transient: true }]);
    expect(await found('org/ggufs/m-Q8_0.gguf', true)).toMatch(/m-Q8_0\.gguf$/);
    expect(await found('org/ggufs:Q4_K_M', true)).toMatch(/m-Q4_K_M\.gguf$/);
  });

  it('takes a path before an id', async () => {
    process.chdir(place.home);
    mkdirSync('org/whole', { recursive: true });
    writeFileSync('org/m.gguf', ggufs.get('m-Q8_0.gguf') ?? weights);
    expect(await found('org/whole', true)).toBe('org/whole');
    expect(await found('org/m.gguf', true)).toBe('org/m.gguf');
    expect(hub.requests).toEqual([]);
  });

  it.each(['nowhere.gguf', 'models/nowhere.gguf', 'm.whl', './a/b', 'a/b/c', 'model', '/no/where'])(
    'says of %s that it is neither path nor id',
    async (model) => {
      await expect(found(model, true)).rejects.toThrow(
        `${model}: cannot be read: no such file or directory, and it is not an id such as HuggingFaceTB/SmolLM2-135M-Instruct`,
      );
      expect(hub.requests).toEqual([]);
    },
  );

  it('takes a name with an ending as an id where a revision says so', async () => {
    hub.repositories.set('org/name.gguf', new Map([['m.gguf', weights]]));
    expect(await found('org/name.gguf@main', true)).toMatch(/m\.gguf$/);
  });
});
