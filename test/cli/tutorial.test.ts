/**
 * The bytes of the tutorial's job, `lowrank mnist --seed 7`, on the `simd` build: the oracle is their SHA-256, which no
 * change may alter. The command takes the `relaxed` build where the runtime has relaxed SIMD (Node 22 and later): there it
 * must repeat its own bytes, and the library, with `deterministic`, comes to these.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StateDict } from '../../src/core.js';
import { Adam, applyLora, fit, saveAdapter, selectDevice } from '../../src/index.js';
import { DigitsNet, loadMnist } from '../../src/mnist/index.js';
import { serializeModel } from '../../src/nn/modelFile.js';
import { mnistFiles } from '../../src/node.js';
import { temporaryDirectory } from './slice.js';

const BYTES = {
  'base.safetensors': '73f390248e3fbaa511918df3a13105fd23970676d22fe2cfe6a24aa071f7fa76',
  'layer/adapter_model.safetensors': '5270d4c51d8f2540a86d6b861ea34c0a75920d11fdfc6f071e33fa1f08829744',
  'parametrization/adapter_model.safetensors':
    '0390ceb7480286b80509d878152515ffcb97983ec57d4310f590f029c727564b',
};
const SEED = 7;
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** A process without flags: relaxed SIMD needs one before Node 22, and has none to switch it off after. */
const isRelaxed = Number(process.versions.node.split('.')[0]) >= 22;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('the job of the tutorial, with seed 7', { timeout: 300_000 }, () => {
  let directory: string;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ path: directory, remove } = await temporaryDirectory());
  });
  afterAll(() => remove());

  async function hashesIn(folder: string): Promise<Record<string, string>> {
    const read = async (name: string) => [name, sha256(await readFile(join(folder, name)))];
    return Object.fromEntries(await Promise.all(Object.keys(BYTES).map(read)));
  }

  it(`writes ${isRelaxed ? 'the same bytes twice' : 'its bytes'}, run by the command`, async () => {
    const run = async (name: string) => {
      const out = join(directory, name);
      const options = ['--seed', `${SEED}`, '--threads', '1', '--device', 'wasm', '--out', out, '--quiet'];
      await promisify(execFile)(process.execPath, [MAIN, 'mnist', ...options]);
      return hashesIn(out);
    };
    expect(await run('command')).toEqual(isRelaxed ? await run('again') : BYTES);
  });

  it('comes to the same bytes on every Node, done with the library and deterministic', async () => {
    const { device } = await selectDevice({ deterministic: true, threads: 1 });
    expect(device.features).toEqual(['simd']);
    const { train } = await loadMnist(device, await mnistFiles());
    const model = new DigitsNet(device, { seed: SEED });
    await fit(model, train, { optimizer: new Adam(model.parameters()), batchSize: 10, seed: SEED });
    const state: StateDict = await model.stateDict();
    const hashes: Record<string, string> = { 'base.safetensors': sha256(serializeModel(state)) };
    for (const method of ['layer', 'parametrization'] as const) {
      const adapted = new DigitsNet(device, { seed: SEED });
      adapted.loadStateDict(state);
      const bias = method === 'layer' ? 'lora_only' : 'none';
      await applyLora(adapted, { method, rank: 2, alpha: 1, seed: SEED, bias, init: 'normal' });
      const optimizer = new Adam(adapted.parameters());
      const data = train.subset([2, 3, 5, 8, 9]);
      await fit(adapted, data, { optimizer, batchSize: 10, seed: SEED, limit: 200 });
      const files = new Map<string, Uint8Array>();
      await saveAdapter(adapted, files);
      hashes[`${method}/adapter_model.safetensors`] = sha256(
        files.get('adapter_model.safetensors') ?? new Uint8Array(),
      );
    }
    expect(hashes).toEqual(BYTES);
    device.dispose();
  });
});
