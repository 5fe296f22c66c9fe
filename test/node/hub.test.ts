/** Models by their id, against a server on this machine that speaks the hub's protocol. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { type HubModelOptions, hubModel } from '../../src/node/hub.js';
import { COMMIT, serveHub, sha256 } from './hubServer.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-hub-'));
const hub = await serveHub();
afterAll(() => {
  hub.close();
  rmSync(root, { recursive: true });
});

const random = new Random(1);
const bytesOf = (length: number) => Uint8Array.from({ length }, () => 256 * random.uniform());
const text = (content: string) => new TextEncoder().encode(content);
const weights = bytesOf(300_000);
const CONFIG = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'] as const;
const small = CONFIG.map((name): [string, Uint8Array] => [name, text(`{"name": "${name}"}`)]);
const whole = new Map([
  ...small,
  ['model.safetensors', weights],
  ['pytorch_model.bin', bytesOf(20_000)],
  ['consolidated.safetensors', bytesOf(20_000)],
  ['onnx/model.onnx', bytesOf(20_000)],
  ['README.md', text('# a model')],
]);
const index = {
  weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
};
const shards = new Map([
  ...small,
  ['model.safetensors.index.json', text(JSON.stringify(index))],
  ['model-00001-of-00002.safetensors', bytesOf(50_000)],
  ['model-00002-of-00002.safetensors', bytesOf(60_000)],
]);
const ggufs = new Map([
  ['m-Q4_K_M.gguf', bytesOf(20_000)],
  ['m-Q8_0.gguf', bytesOf(30_000)],
  ['sub/m-IQ4_K_M.gguf', bytesOf(20_001)],
]);

let home = '';
let env: Record<string, string> = {};
let count = 0;
beforeEach(() => {
  home = join(root, String(count++));
  env = { HF_ENDPOINT: `${hub.url}/`, XDG_CACHE_HOME: home };
  hub.repositories.clear();
  hub.repositories.set('org/whole', whole);
  hub.repositories.set('org/shards', shards);
  hub.repositories.set('org/ggufs', ggufs);
  for (const list of [hub.requests, hub.storage.requests]) list.length = 0;
  hub.storage.files.clear();
  Object.assign(hub, { token: undefined, fault: undefined, list: undefined });
  hub.storage.fault = undefined;
});

const get = (id: string, options: HubModelOptions = {}) => hubModel(id, { env, download: true, ...options });
const held = (path: string) => readdirSync(path).sort();
/** What lowrank's cache has of a repository. */
const folderOf = (id: string) => join(home, 'lowrank', 'hub', `models--${id.replace('/', '--')}`);

/** Ends the storage's next answer after so many bytes. */
function cutAfter(length: number): void {
  hub.storage.fault = (_, response) => {
    hub.storage.fault = undefined;
    response.writeHead(200, { 'Content-Length': weights.length });
    response.write(weights.subarray(0, length), () => response.destroy());
    return true;
  };
}

describe('hubModel, fetching', () => {
  it('fetches what loading reads, once, and says how far it is', async () => {
    const seen: [number, number][] = [];
    const path = await get('org/whole', { onBytes: (done, total) => seen.push([done, total]) });
    expect(path).toBe(join(folderOf('org/whole'), 'snapshots', COMMIT));
    expect(held(path)).toEqual([...CONFIG, 'model.safetensors'].sort());
    for (const name of held(path))
      expect(readFileSync(join(path, name))).toEqual(Buffer.from(whole.get(name) ?? []));
    const total = weights.length + small.reduce((sum, [, { length }]) => sum + length, 0);
    expect(seen.at(-1)).toEqual([total, total]);
    expect(seen.every(([done, all], i) => all === total && done >= (seen[i - 1]?.[0] ?? 0))).toBe(true);
    expect(held(folderOf('org/whole'))).toEqual(['refs', 'snapshots']);
    hub.requests.length = 0;
    expect(await get('org/whole')).toBe(path);
    expect(await get('org/whole', { download: false, revision: COMMIT })).toBe(path);
    expect(hub.requests).toEqual([]);
  });

  it('fetches the files that an index names', async () => {
    const path = await get('org/shards');
    expect(held(path)).toEqual([...shards.keys()].sort());
    const rest = new Map(shards);
    rest.delete('model-00002-of-00002.safetensors');
    hub.repositories.set('org/rest', rest);
    await expect(get('org/rest')).rejects.toThrow(
      'org/rest: has no model-00002-of-00002.safetensors, which its model.safetensors.index.json names',
    );
    const out = { weight_map: { a: '../model.safetensors' } };
    hub.repositories.set(
      'org/out',
      new Map([...rest, ['model.safetensors.index.json', text(JSON.stringify(out))]]),
    );
    await expect(get('org/out')).rejects.toThrow('must be in a safetensors file beside the index');
  });

  it('sends the token to the hub, and to no host that it redirects to', async () => {
    hub.token = 'hf_secret';
    env.HF_TOKEN = 'hf_secret';
    await get('org/whole');
    expect(hub.requests.every((request) => request.endsWith(' token'))).toBe(true);
    expect(hub.storage.requests).toEqual([`GET /${sha256(weights)} `]);
  });

  it('takes the token of a login', async () => {
    hub.token = 'hf_file';
    mkdirSync(join(home, 'huggingface'), { recursive: true });
    writeFileSync(join(home, 'huggingface', 'token'), 'hf_file\n');
    await get('org/whole');
    env.HF_TOKEN_PATH = join(home, 'elsewhere');
    await expect(get('org/shards')).rejects.toThrow('set HF_TOKEN');
  });

  it('does not get the token back from another host', async () => {
    hub.token = 'hf_secret';
    env.HF_TOKEN = 'hf_secret';
    hub.storage.fault = (_, response) => {
      response.writeHead(302, { Location: `${hub.url}/org/whole/resolve/main/config.json` }).end();
      return true;
    };
    await expect(get('org/whole')).rejects.toThrow('answers 401');
    expect(hub.requests.at(-1)).toBe('GET /org/whole/resolve/main/config.json');
  });

  it('goes on where it was cut', async () => {
    cutAfter(100_000);
    await expect(get('org/whole')).rejects.toThrow(
      /^org\/whole: model\.safetensors: cannot be fetched: .*; the next try goes on from here$/,
    );
    // What is whole stays, and nothing looks whole that is not.
    expect(held(join(folderOf('org/whole'), 'snapshots', COMMIT))).toEqual([...CONFIG].sort());
    await expect(get('org/whole', { download: false })).rejects.toThrow('--download');
    const before = hub.requests.length;
    const path = await get('org/whole');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    expect(hub.storage.requests.at(-1)).toMatch(/ bytes=[1-9]\d*-299999$/);
    // The list of files, and the weights.
    expect(hub.requests.length - before).toBe(2);
    expect(held(folderOf('org/whole'))).toEqual(['refs', 'snapshots']);
  });

  it('begins anew where the host gives no parts', async () => {
    cutAfter(100_000);
    await expect(get('org/whole')).rejects.toThrow('the next try');
    hub.storage.fault = ({ headers }, response) => {
      if (headers.range === undefined) return false;
      response.writeHead(416).end();
      return true;
    };
    const path = await get('org/whole');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
  });

  it('does not fetch again what was there when it was killed before its last step', async () => {
    mkdirSync(folderOf('org/whole'), { recursive: true });
    writeFileSync(join(folderOf('org/whole'), `${sha256(weights)}.part`), weights);
    const path = await get('org/whole');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
    expect(hub.storage.requests).toEqual([]);
  });

  it('ends at a signal, and goes on later', async () => {
    const controller = new AbortController();
    const onBytes = (done: number) => {
      if (done > 100_000) controller.abort(new Error('enough'));
    };
    await expect(get('org/whole', { onBytes, signal: controller.signal })).rejects.toThrow('enough');
    await get('org/whole');
    expect(hub.storage.requests.at(-1)).toMatch(/ bytes=[1-9]\d*-299999$/);
  });

  it('fetches each file once for several that ask at the same time', async () => {
    const paths = await Promise.all(Array.from({ length: 3 }, () => get('org/whole')));
    expect(new Set(paths).size).toBe(1);
    expect(hub.storage.requests.length).toBe(1);
    expect(readFileSync(join(paths[0], 'model.safetensors')).equals(weights)).toBe(true);
  });

  it('takes a branch, a tag, a commit and a pull request', async () => {
    const path = await get('org/whole@v1');
    expect(hub.requests[0]).toBe('GET /api/models/org/whole/revision/v1?blobs=true');
    expect(await get('org/whole', { revision: 'refs/pr/1' })).toBe(path);
    expect(hub.requests).toContain('GET /api/models/org/whole/revision/refs%2Fpr%2F1?blobs=true');
    expect(await get(`org/whole@${COMMIT}`)).toBe(path);
    await expect(get('org/whole@v2')).rejects.toThrow(/org\/whole: .* answers 404: it has no revision v2$/);
    await expect(get('org/whole@v1', { revision: 'main' })).rejects.toThrow(
      'revision must be that of the id',
    );
    await expect(get('org/whole', { revision: '../x' })).rejects.toThrow(
      'must be a branch, a tag or a commit',
    );
  });

  it('takes size and checksum of the headers where the list has none', async () => {
    hub.list = (siblings) => siblings.map(({ rfilename }) => ({ rfilename }));
    const path = await get('org/whole');
    expect(held(path)).toEqual([...CONFIG, 'model.safetensors'].sort());
    hub.storage.files.set(sha256(ggufs.get('m-Q8_0.gguf') ?? weights), bytesOf(30_000));
    await expect(get('org/ggufs:m-Q8_0.gguf')).rejects.toThrow('must have the SHA-256');
  });
});

describe('hubModel, choosing', () => {
  it('takes a GGUF file by its name, or by the end of it', async () => {
    expect(await get('org/ggufs:m-Q8_0.gguf')).toMatch(new RegExp(`${COMMIT}/m-Q8_0.gguf$`));
    expect(await get('org/ggufs/m-Q8_0.gguf')).toMatch(/m-Q8_0.gguf$/);
    // Not the one whose name ends in IQ4_K_M.
    expect(await get('org/ggufs:q4_k_m')).toMatch(/m-Q4_K_M.gguf$/);
    const path = await get('org/ggufs@v1:sub/m-IQ4_K_M.gguf');
    expect(readFileSync(path).length).toBe(20_001);
  });

  it('takes the only one, and lists several', async () => {
    hub.repositories.set('org/one', new Map([['a.gguf', bytesOf(10)]]));
    expect(readFileSync(await get('org/one')).length).toBe(10);
    await expect(get('org/ggufs')).rejects.toThrow(
      'org/ggufs: has several GGUF files: m-Q4_K_M.gguf, m-Q8_0.gguf, sub/m-IQ4_K_M.gguf: choose one with ORG/NAME:FILE',
    );
    await expect(get('org/ggufs:Q5_0')).rejects.toThrow(
      'org/ggufs: has no Q5_0: its GGUF files are m-Q4_K_M.gguf, ',
    );
    await expect(get('org/whole:a.gguf')).rejects.toThrow('org/whole: has no a.gguf and no other GGUF file');
  });

  it.each<[string, readonly string[], string]>([
    ['pickle', ['config.json', 'pytorch_model.bin'], 'has pytorch_model.bin, whose pickle can run any code'],
    ['adapter', ['adapter_config.json', 'adapter_model.safetensors'], 'is an adapter'],
    ['slow', ['config.json', 'model.safetensors', 'tokenizer.model'], 'has no tokenizer.json'],
    ['none', ['README.md'], 'has no config.json and no GGUF file'],
  ])('refuses a repository that is no model to load: %s', async (name, names, message) => {
    hub.repositories.set(`org/${name}`, new Map(names.map((each) => [each, bytesOf(10)])));
    await expect(get(`org/${name}`)).rejects.toThrow(`org/${name}: ${message}`);
    // Nothing but the list was asked for, and nothing is left.
    expect(hub.requests.length).toBe(1);
    expect(existsSync(folderOf(`org/${name}`))).toBe(false);
  });
});

describe('hubModel, refusing what a hub gives', () => {
  it.each<[string, unknown]>([
    ['above the folder', '../../x'],
    ['at the root', '/x'],
    ['with a drive', 'C:x'],
    ['with backslashes', '..\\x'],
    ['of several lines', 'a\nb'],
    ['without an end', 'x'.repeat(1001)],
    ['that is none', 7],
  ])('a name %s', async (_, rfilename) => {
    hub.list = (siblings) => [...siblings, { rfilename, size: 1, blobId: 'a'.repeat(40) }];
    await expect(get('org/whole')).rejects.toThrow('org/whole: the hub names a file that cannot be one: ');
    expect(existsSync(folderOf('org/whole'))).toBe(false);
  });

  it('too many names, and lists that are none', async () => {
    hub.list = () => Array.from({ length: 20_001 }, (_, i) => ({ rfilename: `${i}` }));
    await expect(get('org/whole')).rejects.toThrow('must have at most 20000 files: the hub names 20001');
    hub.list = () => 'none';
    await expect(get('org/whole')).rejects.toThrow("the hub's answer names no commit, or no files");
    hub.fault = (_, response) => {
      response.writeHead(200).end('<html>');
      return true;
    };
    await expect(get('org/whole')).rejects.toThrow("the hub's answer is no list of files");
    hub.fault = (_, response) => {
      response.writeHead(200).end(' '.repeat(17 * 2 ** 20));
      return true;
    };
    await expect(get('org/whole')).rejects.toThrow('must have at most 16777216 bytes');
  });

  const changed = (change: Record<string, unknown>) => (siblings: Record<string, unknown>[]) =>
    siblings.map((each) => (each.rfilename === 'model.safetensors' ? { ...each, ...change } : each));

  it('a file of another size, in its headers or only in its bytes', async () => {
    hub.list = changed({ lfs: { sha256: sha256(weights), size: weights.length - 1 } });
    await expect(get('org/whole')).rejects.toThrow(
      'org/whole: model.safetensors: must have 299999 bytes: the host gives 300000',
    );
    hub.list = undefined;
    hub.storage.fault = (_, response) => {
      response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(Buffer.concat([weights, weights]));
      return true;
    };
    await expect(get('org/whole')).rejects.toThrow('the host gave more than the 300000 bytes that it said');
    expect(held(folderOf('org/whole'))).toEqual(['snapshots']);
  });

  it('a file with another checksum, large or small', async () => {
    hub.storage.files.set(sha256(weights), bytesOf(weights.length));
    await expect(get('org/whole')).rejects.toThrow(
      `org/whole: model.safetensors: must have the SHA-256 ${sha256(weights)}: what the host gave has `,
    );
    expect(held(join(folderOf('org/whole'), 'snapshots', COMMIT))).not.toContain('model.safetensors');
    // The wrong bytes are not gone on with.
    hub.storage.files.clear();
    await get('org/whole');
    hub.list = (siblings) => siblings.map((each) => ({ ...each, blobId: 'b'.repeat(40) }));
    await expect(get('org/shards')).rejects.toThrow(
      `config.json: must have the git blob id ${'b'.repeat(40)}`,
    );
  });

  it('sizes that fit no disk', async () => {
    hub.list = changed({ lfs: { sha256: sha256(weights), size: 2 ** 52 } });
    await expect(get('org/whole')).rejects.toThrow(
      /org\/whole: needs 4,503,599,628 MB more in .* MB are free/,
    );
  });

  it('redirects without an end, and to what is no address of a file', async () => {
    const redirect = (Location: string) => {
      hub.fault = (_, response) => {
        response.writeHead(302, { Location }).end();
        return true;
      };
    };
    redirect('/again');
    await expect(get('org/whole')).rejects.toThrow('org/whole: cannot be fetched: more than 5 redirects');
    for (const location of ['file:///etc/passwd', 'data:,x', 'http://a:b@127.0.0.1/', 'http://']) {
      redirect(location);
      await expect(get('org/whole')).rejects.toThrow('redirects to an address that is not taken');
    }
  });
});

describe('hubModel, refused', () => {
  const refusedWith = (status: number, code = '') => {
    hub.fault = (_, response) => {
      response.writeHead(status, { 'X-Error-Code': code }).end();
      return true;
    };
    return get('org/whole').then(
      () => expect.unreachable(),
      (error: Error) => error.message.replace(hub.url, 'URL').replace(/127\.0\.0\.1:\d+/, 'HOST'),
    );
  };

  it('says what to do', async () => {
    expect(await refusedWith(401)).toBe(
      'org/whole: HOST answers 401: there is no such model, or it is private or gated: check the name, or set HF_TOKEN to a token that may read it',
    );
    expect(await refusedWith(401, 'GatedRepo')).toBe(
      'org/whole: HOST answers 401: it is gated: accept its terms at URL/org/whole and set HF_TOKEN to a token that may read it',
    );
    expect(await refusedWith(503)).toBe('org/whole: cannot be fetched: HOST answers 503: try again later');
    expect(await refusedWith(418)).toBe('org/whole: cannot be fetched: HOST answers 418');
    expect(await refusedWith(404)).toMatch(
      /answers 404: there is no such model, or the token may not see it$/,
    );
    env.HF_TOKEN = 'hf_secret';
    expect(await refusedWith(401)).toBe(
      'org/whole: HOST answers 401: the token is not valid: set HF_TOKEN to another one',
    );
    expect(await refusedWith(403)).toMatch(
      'the token may not read it: give it the permission, or accept the terms',
    );
    expect(await refusedWith(403, 'GatedRepo')).toMatch(
      'accept its terms at URL/org/whole with the account of the token',
    );
    await expect(get('org/nothing')).rejects.toThrow('org/whole'.length > 0 ? 'HF' : '');
  });

  it('says that the hub cannot be reached', async () => {
    env.HF_ENDPOINT = 'http://127.0.0.1:1';
    await expect(get('org/whole')).rejects.toThrow('org/whole: cannot be fetched from 127.0.0.1:1: ');
  });

  it('refuses an endpoint or a token that is none, without showing a secret', async () => {
    env.HF_ENDPOINT = 'ftp://x';
    await expect(get('org/whole')).rejects.toThrow(
      'HF_ENDPOINT: must be an address that begins with https://: ftp://x',
    );
    env.HF_ENDPOINT = 'https://user:secret@127.0.0.1';
    await expect(get('org/whole')).rejects.toThrow(
      /^HF_ENDPOINT: must be an address without a password(?!.*secret)/,
    );
    env.HF_ENDPOINT = hub.url;
    env.HF_TOKEN = 'hf secret\u00e9';
    await expect(get('org/whole')).rejects.toThrow(/^HF_TOKEN: must be one word of ASCII characters$/);
  });

  it('refuses what is no id, and unknown options', async () => {
    for (const id of [
      '',
      'model',
      'a/b/c',
      '../x',
      'a/..',
      'a/b--c',
      'a/b.git',
      'a/b@',
      'a/b@../x',
      'a/b:../x.gguf',
      './a',
      'a\\b/c',
    ])
      await expect(get(id), id).rejects.toThrow('hubModel: id must have the form ORG/NAME');
    await expect(get('org/whole', { token: 'x' } as object)).rejects.toThrow('unknown option "token"');
    expect(hub.requests).toEqual([]);
  });
});

describe('hubModel, from the cache of Hugging Face', () => {
  /** Lays files out as huggingface_hub does: blobs, and links to them. */
  function cached(cache: string, repository: string, files: ReadonlyMap<string, Uint8Array>): string {
    const folder = join(cache, `models--${repository.replace('/', '--')}`);
    const snapshot = join(folder, 'snapshots', COMMIT);
    for (const each of ['blobs', 'refs', join('snapshots', COMMIT)])
      mkdirSync(join(folder, each), { recursive: true });
    writeFileSync(join(folder, 'refs', 'main'), COMMIT);
    for (const [name, bytes] of files) {
      writeFileSync(join(folder, 'blobs', sha256(bytes)), bytes);
      symlinkSync(join('..', '..', 'blobs', sha256(bytes)), join(snapshot, name));
    }
    return snapshot;
  }
  const folder = new Map([...small, ['model.safetensors', weights] as const]);

  it('finds a folder, shards and a GGUF file without a request', async () => {
    const theirs = join(home, 'huggingface', 'hub');
    const snapshot = cached(theirs, 'a/folder', folder);
    expect(await get('a/folder')).toBe(snapshot);
    expect(await get(`a/folder@${COMMIT}`)).toBe(snapshot);
    expect(await get('a/shards', { download: false }).catch((error: Error) => error.message)).toMatch(
      'is neither in',
    );
    expect(await (cached(theirs, 'a/shards', shards), get('a/shards'))).toMatch(/a--shards/);
    const gguf = cached(theirs, 'a/gguf', new Map([['m-Q8_0.gguf', weights]]));
    expect(await get('a/gguf')).toBe(join(gguf, 'm-Q8_0.gguf'));
    expect(await get('a/gguf:q8_0')).toBe(join(gguf, 'm-Q8_0.gguf'));
    expect(hub.requests).toEqual([]);
  });

  it.each<[string, (at: string) => Record<string, string>]>([
    ['HF_HOME', (at) => ({ HF_HOME: at })],
    ['HF_HUB_CACHE', (at) => ({ HF_HUB_CACHE: join(at, 'hub'), HF_HOME: '/nowhere' })],
    ['HUGGINGFACE_HUB_CACHE', (at) => ({ HUGGINGFACE_HUB_CACHE: join(at, 'hub') })],
    ['a variable', (at) => ({ BASE: at, HF_HUB_CACHE: '${BASE}/hub' })],
  ])('looks where %s says', async (_, more) => {
    const at = join(home, 'place');
    const snapshot = cached(join(at, 'hub'), 'a/folder', folder);
    expect(await hubModel('a/folder', { env: { ...env, ...more(at) } })).toBe(snapshot);
  });

  it('says what is missing, and fetches all of it then', async () => {
    const theirs = join(home, 'huggingface', 'hub');
    const snapshot = cached(theirs, 'org/whole', folder);
    rmSync(join(theirs, 'models--org--whole', 'blobs', sha256(weights)));
    await expect(get('org/whole', { download: false })).rejects.toThrow(
      `org/whole: in ${theirs} it has no model.safetensors and no GGUF file: fetch it from 127.0.0.1:`,
    );
    expect(await get('org/whole')).not.toBe(snapshot);
    const part = new Map(shards);
    part.delete('model-00001-of-00002.safetensors');
    cached(theirs, 'org/shards', part);
    await expect(get('org/shards', { download: false })).rejects.toThrow(
      'it has no model-00001-of-00002.safetensors: ',
    );
    await expect(get('org/nothing', { download: false })).rejects.toThrow(
      `org/nothing: it is neither in ${theirs} nor in ${join(home, 'lowrank', 'hub')}: fetch it from`,
    );
    env.HF_HUB_OFFLINE = '1';
    hub.requests.length = 0;
    await expect(get('org/shards')).rejects.toThrow('HF_HUB_OFFLINE forbids downloading it');
    expect(hub.requests).toEqual([]);
  });

  it('lists several GGUF files that it has', async () => {
    const theirs = join(home, 'huggingface', 'hub');
    cached(theirs, 'org/ggufs', new Map([...ggufs].slice(0, 2)));
    await expect(get('org/ggufs')).rejects.toThrow(
      'has several GGUF files: m-Q4_K_M.gguf, m-Q8_0.gguf: choose one',
    );
    expect(hub.requests).toEqual([]);
  });
});
