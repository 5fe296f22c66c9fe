/** Models that are fetched by their id, against a server on this machine that speaks the hub's protocol. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesOf, ggufs, hubPlace, read, SMALL, shards, text, weights } from './hubPlace.js';
import { COMMIT, sha256 } from './hubServer.js';

const place = await hubPlace();
const { hub, get, folderOf, cutAfter } = place;
const held = (path: string) => readdirSync(path).sort();
const hasWeights = (path: string) => readFileSync(join(path, 'model.safetensors')).equals(weights);

describe('a download from the hub', () => {
  it('fetches what loading reads, once, and says how far it is', async () => {
    const seen: [number, number][] = [];
    const path = await get('org/whole', { onBytes: (done, total) => seen.push([done, total]) });
    expect(path).toBe(join(folderOf('org/whole'), 'snapshots', COMMIT));
    expect(held(path)).toEqual([...read.keys()].sort());
    for (const [name, bytes] of read) expect(readFileSync(join(path, name)).equals(bytes), name).toBe(true);
    const total = [...read.values()].reduce((sum, { length }) => sum + length, 0);
    expect(seen.at(-1)).toEqual([total, total]);
    expect(seen.every(([done, all], i) => all === total && done >= (seen[i - 1]?.[0] ?? 0))).toBe(true);
    expect(held(folderOf('org/whole'))).toEqual(['refs', 'snapshots']);
    hub.requests.length = 0;
    expect(await get('org/whole')).toBe(path);
    expect(await get('org/whole', { download: false, revision: COMMIT })).toBe(path);
    expect(hub.requests).toEqual([]);
  });

  it('fetches the files that an index names', async () => {
    expect(held(await get('org/shards'))).toEqual([...shards.keys()].sort());
    const rest = new Map(shards);
    rest.delete('model-00002-of-00002.safetensors');
    hub.repositories.set('org/rest', rest);
    await expect(get('org/rest')).rejects.toThrow(
      'org/rest: has no model-00002-of-00002.safetensors, which its model.safetensors.index.json names',
    );
    const index = text(JSON.stringify({ weight_map: { a: '../model.safetensors' } }));
    hub.repositories.set('org/out', new Map([...rest, ['model.safetensors.index.json', index]]));
    await expect(get('org/out')).rejects.toThrow('must be in a safetensors file beside the index');
  });

  it('continues where it was cut', async () => {
    cutAfter(100_000);
    await expect(get('org/whole')).rejects.toThrow(
      'org/whole: model.safetensors: cannot be fetched: the connection was cut (UND_ERR_SOCKET); the next attempt continues from here',
    );
    // What is whole stays, and nothing looks whole that is not.
    expect(held(join(folderOf('org/whole'), 'snapshots', COMMIT))).toEqual([...SMALL]);
    await expect(get('org/whole', { download: false })).rejects.toThrow('--download');
    const before = hub.requests.length;
    expect(hasWeights(await get('org/whole'))).toBe(true);
    expect(hub.storage.requests.at(-1)).toMatch(/ bytes=[1-9]\d*-299999$/);
    // The list of files, and the weights.
    expect(hub.requests.length - before).toBe(2);
    expect(held(folderOf('org/whole'))).toEqual(['refs', 'snapshots']);
  });

  it('begins again where the host gives no parts', async () => {
    cutAfter(100_000);
    await expect(get('org/whole')).rejects.toThrow('the next attempt');
    hub.storage.fault = ({ headers }, response) => {
      if (headers.range === undefined) return false;
      response.writeHead(416).end();
      return true;
    };
    expect(hasWeights(await get('org/whole'))).toBe(true);
  });

  it('takes the bytes that are there when it was killed before its last step', async () => {
    mkdirSync(folderOf('org/whole'), { recursive: true });
    writeFileSync(join(folderOf('org/whole'), `${sha256(weights)}.part`), weights);
    expect(hasWeights(await get('org/whole'))).toBe(true);
    expect(hub.storage.requests).toEqual([]);
  });

  it('keeps the part of a file that the repository still has, and of no other', async () => {
    const begun = `${sha256(ggufs.get('m-Q4_K_M.gguf') ?? weights)}.part`;
    mkdirSync(folderOf('org/ggufs'), { recursive: true });
    for (const name of [begun, `${'0'.repeat(64)}.part`])
      writeFileSync(join(folderOf('org/ggufs'), name), bytesOf(100));
    await get('org/ggufs:Q8_0');
    expect(held(folderOf('org/ggufs'))).toEqual([begun, 'refs', 'snapshots']);
  });

  it('ends at a signal, and continues later', async () => {
    const controller = new AbortController();
    const onBytes = (done: number) => {
      if (done > 100_000) controller.abort(new Error('enough'));
    };
    await expect(get('org/whole', { onBytes, signal: controller.signal })).rejects.toThrow('enough');
    expect(hasWeights(await get('org/whole'))).toBe(true);
    expect(hub.storage.requests.at(-1)).toMatch(/ bytes=[1-9]\d*-299999$/);
  });

  it('fetches each file once for several that ask at the same time', async () => {
    const paths = await Promise.all(Array.from({ length: 3 }, () => get('org/whole')));
    expect(new Set(paths).size).toBe(1);
    expect(hub.storage.requests.length).toBe(1);
    expect(hasWeights(paths[0])).toBe(true);
  });

  it('takes a branch, a tag, a commit and a pull request', async () => {
    const path = await get('org/whole@v1');
    expect(hub.requests[0]).toBe('GET /api/models/org/whole/revision/v1?blobs=true');
    expect(await get('org/whole', { revision: 'refs/pr/1' })).toBe(path);
    expect(hub.requests).toContain('GET /api/models/org/whole/revision/refs%2Fpr%2F1?blobs=true');
    expect(await get(`org/whole@${COMMIT}`)).toBe(path);
    await expect(get('org/whole@v2')).rejects.toThrow(/org\/whole: .* answers 404: it has no revision v2$/);
  });
});

describe('a download from a hub that errs', () => {
  const changed = (change: Record<string, unknown>) => (siblings: Record<string, unknown>[]) =>
    siblings.map((each) => (each.rfilename === 'model.safetensors' ? { ...each, ...change } : each));

  it('refuses a file of another size, in its headers or only in its bytes', async () => {
    hub.list = changed({ lfs: { sha256: sha256(weights), size: weights.length - 1 } });
    await expect(get('org/whole')).rejects.toThrow(
      'org/whole: model.safetensors: must have 299999 bytes: the host gives 300000',
    );
    hub.list = undefined;
    hub.storage.fault = (_, response) => {
      response.writeHead(200, { 'Transfer-Encoding': 'chunked' });
      // Without an end.
      const more = () => void (response.destroyed || response.write(weights, more));
      more();
      return true;
    };
    await expect(get('org/whole')).rejects.toThrow(
      'the host sent more than the 300000 bytes that it announced',
    );
    expect(held(folderOf('org/whole'))).toEqual(['snapshots']);
  });

  it('refuses a file with another checksum, large or small', async () => {
    hub.storage.files.set(sha256(weights), bytesOf(weights.length));
    await expect(get('org/whole')).rejects.toThrow(
      `org/whole: model.safetensors: must have the SHA-256 ${sha256(weights)}: what the host gave has `,
    );
    expect(held(join(folderOf('org/whole'), 'snapshots', COMMIT))).toEqual([...SMALL]);
    // The wrong bytes are not continued.
    hub.storage.files.clear();
    expect(hasWeights(await get('org/whole'))).toBe(true);
    const wrong = 'b'.repeat(40);
    hub.repositories.set('org/other', read as Map<string, Uint8Array>);
    hub.list = (siblings) => siblings.map((each) => ({ ...each, blobId: wrong }));
    await expect(get('org/other')).rejects.toThrow(
      `org/other: tokenizer.json: must have the git blob id ${wrong}: what the host gave has `,
    );
  });

  it('refuses sizes that fit no disk', async () => {
    hub.list = changed({ lfs: { sha256: sha256(weights), size: 2 ** 52 } });
    await expect(get('org/whole')).rejects.toThrow(
      /org\/whole: needs 4,503,599,62\d MB more in .* MB are free/,
    );
    expect(hub.requests.length).toBe(1);
  });

  it('refuses a repository that has no model to load, and leaves nothing', async () => {
    hub.repositories.set('org/none', new Map([['README.md', bytesOf(10)]]));
    await expect(get('org/none')).rejects.toThrow('org/none: has no config.json and no GGUF file');
    await expect(get('org/ggufs')).rejects.toThrow('org/ggufs: has several GGUF files: m-Q4_K_M.gguf, ');
    expect(hub.requests.length).toBe(2);
    expect(existsSync(place.home)).toBe(false);
  });

  it('fetches one of several GGUF files', async () => {
    const path = await get('org/ggufs@v1:sub/m-IQ4_K_M.gguf');
    expect(readFileSync(path).equals(ggufs.get('sub/m-IQ4_K_M.gguf') ?? weights)).toBe(true);
    expect(await get('org/ggufs/m-Q8_0.gguf')).toMatch(/m-Q8_0\.gguf$/);
    expect(hub.storage.requests.length).toBe(2);
  });
});
