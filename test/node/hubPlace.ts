/** A hub on this machine with some repositories, and caches of their own for each test. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import { Random } from '../../src/base/random.js';
import { type HubModelOptions, hubModel } from '../../src/node/hub.js';
import { COMMIT, type HubServer, serveHub, sha256 } from './hubServer.js';

const random = new Random(1);
export const bytesOf = (length: number) => Uint8Array.from({ length }, () => 256 * random.uniform());
export const text = (content: string) => new TextEncoder().encode(content);

export const weights = bytesOf(300_000);
export const SMALL = [
  'chat_template.jinja',
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
] as const;
const small = SMALL.map((name): [string, Uint8Array] => [name, text(`{"name": "${name}"}`)]);
/** What loading reads of `org/whole`. */
export const read: ReadonlyMap<string, Uint8Array> = new Map([...small, ['model.safetensors', weights]]);
export const whole = new Map([
  ...read,
  ['pytorch_model.bin', bytesOf(20_000)],
  ['consolidated.safetensors', bytesOf(20_000)],
  ['onnx/model.onnx', bytesOf(20_000)],
  ['README.md', text('# a model')],
]);
const index = {
  weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
};
export const shards = new Map([
  ...small,
  ['model.safetensors.index.json', text(JSON.stringify(index))],
  ['model-00001-of-00002.safetensors', bytesOf(50_000)],
  ['model-00002-of-00002.safetensors', bytesOf(60_000)],
]);
export const ggufs = new Map([
  ['m-Q4_K_M.gguf', bytesOf(20_000)],
  ['m-Q8_0.gguf', bytesOf(30_000)],
  ['sub/m-IQ4_K_M.gguf', bytesOf(20_001)],
]);

export interface HubPlace {
  readonly hub: HubServer;
  /** The environment of the next call, with new caches for each test. */
  env: Record<string, string>;
  /** Holds both caches. */
  home: string;
  /** `hubModel` with this environment, which may download. */
  get(id: string, options?: HubModelOptions): Promise<string>;
  /** What lowrank's cache has of a repository. */
  folderOf(repository: string): string;
  /** Ends the next answer with weights after the given number of bytes. */
  cutAfter(length: number): void;
}

/** To be called once in a file of tests. */
export async function hubPlace(): Promise<HubPlace> {
  const root = mkdtempSync(join(tmpdir(), 'lowrank-hub-'));
  const hub = await serveHub();
  let count = 0;
  const place: HubPlace = {
    ...{ hub, env: {}, home: '' },
    get: (id, options = {}) => hubModel(id, { env: place.env, download: true, ...options }),
    folderOf: (id) => join(place.home, 'lowrank', 'hub', `models--${id.replace('/', '--')}`),
    cutAfter: (length) => {
      hub.storage.fault = (_, response) => {
        hub.storage.fault = undefined;
        response.writeHead(200, { 'Content-Length': weights.length });
        response.write(weights.subarray(0, length), () => response.destroy());
        return true;
      };
    },
  };
  beforeEach(() => {
    place.home = join(root, String(count++));
    place.env = { HF_ENDPOINT: `${hub.url}/`, XDG_CACHE_HOME: place.home };
    hub.repositories.clear();
    for (const [name, files] of Object.entries({ whole, shards, ggufs }))
      hub.repositories.set(`org/${name}`, files);
    hub.requests.length = 0;
    hub.storage.requests.length = 0;
    hub.storage.files.clear();
    hub.storage.fault = undefined;
    Object.assign(hub, { token: undefined, fault: undefined, list: undefined });
  });
  afterAll(() => {
    hub.close();
    rmSync(root, { recursive: true });
  });
  return place;
}

/**
 * Lays files out as Hugging Face's tools do: blobs, and links to them. Checked once against huggingface_hub 2.4.0.
 * @returns the snapshot
 */
export function layOut(cache: string, repository: string, files: ReadonlyMap<string, Uint8Array>): string {
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
