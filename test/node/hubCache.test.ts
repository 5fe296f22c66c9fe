/** Models in the cache of Hugging Face's tools, laid out as these do. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubModel } from '../../src/node/hub.js';
import { ggufs, hubPlace, layOut, read, shards, weights } from './hubPlace.js';
import { COMMIT, sha256 } from './hubServer.js';

const place = await hubPlace();
const { hub, get } = place;
const theirs = () => join(place.home, 'huggingface', 'hub');

describe('the cache of Hugging Face', () => {
  it('gives a folder, shards and a GGUF file without a request', async () => {
    const folder = layOut(theirs(), 'a/folder', read);
    expect(await get('a/folder')).toBe(folder);
    expect(await get(`a/folder@${COMMIT}`)).toBe(folder);
    const inParts = layOut(theirs(), 'a/shards', shards);
    expect(await get('a/shards')).toBe(inParts);
    const gguf = layOut(theirs(), 'a/gguf', new Map([['m-Q8_0.gguf', weights]]));
    expect(await get('a/gguf')).toBe(join(gguf, 'm-Q8_0.gguf'));
    expect(await get('a/gguf:q8_0')).toBe(join(gguf, 'm-Q8_0.gguf'));
    expect(hub.requests).toEqual([]);
  });

  it.each<[string, (at: string) => Record<string, string>]>([
    ['HF_HOME', (at) => ({ HF_HOME: at })],
    ['HF_HUB_CACHE', (at) => ({ HF_HUB_CACHE: join(at, 'hub'), HF_HOME: '/nowhere' })],
    ['HUGGINGFACE_HUB_CACHE', (at) => ({ HUGGINGFACE_HUB_CACHE: join(at, 'hub') })],
    ['a variable', (at) => ({ BASE: at, HF_HUB_CACHE: '$BASE/hub' })],
  ])('is looked for where %s says', async (_, more) => {
    const at = join(place.home, 'elsewhere');
    const snapshot = layOut(join(at, 'hub'), 'a/folder', read);
    expect(await hubModel('a/folder', { env: { ...place.env, ...more(at) } })).toBe(snapshot);
  });

  it('may hold a part of a model, which is named, and all of it fetched', async () => {
    const snapshot = layOut(theirs(), 'org/whole', read);
    // The link still exists.
    rmSync(join(theirs(), 'models--org--whole', 'blobs', sha256(weights)));
    await expect(get('org/whole', { download: false })).rejects.toThrow(
      `org/whole: in ${theirs()} it has no model.safetensors and no GGUF file: --download fetches it from 127.0.0.1:`,
    );
    expect(await get('org/whole')).not.toBe(snapshot);
    const part = new Map(shards);
    part.delete('model-00001-of-00002.safetensors');
    layOut(theirs(), 'org/shards', part);
    await expect(get('org/shards', { download: false })).rejects.toThrow(
      'it has no model-00001-of-00002.safetensors: ',
    );
  });

  it('lists several GGUF files that it has', async () => {
    layOut(theirs(), 'org/ggufs', new Map([...ggufs].slice(0, 2)));
    await expect(get('org/ggufs')).rejects.toThrow(
      'org/ggufs: has several GGUF files: m-Q4_K_M.gguf, m-Q8_0.gguf: choose one with ORG/NAME:FILE',
    );
    expect(hub.requests).toEqual([]);
  });
});
