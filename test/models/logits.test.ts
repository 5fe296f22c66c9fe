/** Small models of the family against transformers, from safetensors and from GGUF, on every device. */
import { afterAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { KeyValueCache } from '../../src/models/keyValueCache.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { causalRanges } from '../../src/models/tokenContext.js';
import { tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';
import { difference, expected, folder, GGUF_MODELS, ggufBytes, MODELS } from './fixtures.js';

const devices = await allDevices();
afterAll(() => {
  for (const [, device] of devices) device.dispose();
});

/** Tolerance for f32: the oracle itself is f32. */
const CLOSE = 1e-5;

function logitsOf(model: LlamaForCausalLM, ids: Int32Array): Promise<ArrayLike<number>> {
  return noGrad(() => model.forward(tensor(model.device, ids, [ids.length], 'i32'))).read();
}

describe.each(devices)('on %s', (_, device: Backend) => {
  it.each(MODELS)('%s: the logits are those of transformers', async (name) => {
    const { model } = await loadLanguageModel(device, folder(name));
    const { ids, logits } = expected(name);
    expect(difference(await logitsOf(model, ids), logits)).toBeLessThan(CLOSE);
    model.dispose();
  });

  it.each(GGUF_MODELS)('%s: the same from a GGUF file', async (name) => {
    const { model } = await loadLanguageModel(device, new Blob([ggufBytes(name).slice()]));
    const { ids, logits } = expected(name);
    expect(difference(await logitsOf(model, ids), logits)).toBeLessThan(CLOSE);
    model.dispose();
  });

  it.each(MODELS)('%s: a cache that is filled in parts gives the same as a whole pass', async (name) => {
    const { model } = await loadLanguageModel(device, folder(name));
    const { ids } = expected(name);
    const whole = await logitsOf(model, ids);
    const cache = new KeyValueCache(device, model.cacheSizes, 64);
    const found: number[] = [];
    // The second part is padded, and read again after the cache was truncated.
    for (const [from, to, rows] of [
      [0, 17, 17],
      [17, 22, 8],
      [17, 22, 8],
      [22, 23, 1],
      [23, 40, 17],
    ]) {
      cache.truncate(from);
      const part = await inCache(model, cache, ids.subarray(from, to), rows);
      found.splice(from * model.config.vocabularySize);
      found.push(...part);
    }
    expect(difference(found, whole)).toBeLessThan(CLOSE);
    model.dispose();
    cache.dispose();
  });
});

/** Logits of tokens after those of a cache. @param rows  number of rows to which the tokens are padded */
async function inCache(
  model: LlamaForCausalLM,
  cache: KeyValueCache,
  ids: Int32Array,
  rows: number,
): Promise<number[]> {
  const { device, config } = model;
  const start = cache.length;
  const padded = new Int32Array(rows);
  padded.set(ids);
  const places = padded.map((_, i) => (i < ids.length ? start + i : 0));
  const context = {
    positions: tensor(device, places, [rows], 'i32'),
    length: start + ids.length,
    ranges: tensor(device, causalRanges(start, ids.length, rows, config.slidingWindow), [rows, 4], 'i32'),
    cached: { cache, rows: tensor(device, places.slice(0, ids.length), [ids.length], 'i32') },
  };
  const logits = noGrad(() =>
    model.lm_head.forward(model.hiddenStates(tensor(device, padded, [rows], 'i32'), context)),
  );
  cache.advance(ids.length);
  return [...(await logits.read())].slice(0, ids.length * config.vocabularySize);
}
