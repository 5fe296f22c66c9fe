/** Models in files of every kind of place, read tensor by tensor, and their errors. */
import { mkdtemp, open, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FileSource, mapFiles } from '../../src/files/fileSource.js';
import type { FileStore } from '../../src/files/fileStore.js';
import { httpFiles, httpSource } from '../../src/files/http.js';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { loadTensors } from '../../src/nn/modelFile.js';
import { directoryFiles } from '../../src/node/directoryFiles.js';
import { fileSource } from '../../src/node/fileSource.js';
import { openModel, openSafetensors } from '../../src/safetensors/open.js';
import { parseSafetensors, serializeSafetensors } from '../../src/safetensors/safetensors.js';
import { reference as device } from '../support/devices.js';
import { type FileServer, serveFiles } from './server.js';

let server: FileServer;
let root = '';
beforeAll(async () => {
  server = await serveFiles();
  root = await mkdtemp(join(tmpdir(), 'lowrank-files-'));
});
afterAll(async () => {
  server.close();
  await rm(root, { recursive: true });
});
beforeEach(() => {
  server.files.clear();
  server.requests.length = 0;
  server.fault = undefined;
});

const INDEX = 'model.safetensors.index.json';
const sizes = { inFeatures: 12, classes: 3 };

const bytesOf = (
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array | Float64Array }>,
) => serializeSafetensors([...tensors].map(([name, tensor]) => [name, { dtype: 'F32', ...tensor }] as const));

/** A DigitsNet in two files with their index. */
async function shards(): Promise<{
  files: Map<string, Uint8Array>;
  state: Awaited<ReturnType<DigitsNet['stateDict']>>;
}> {
  const state = await new DigitsNet(device, { ...sizes, seed: 5 }).stateDict();
  const entries = [...state];
  const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const parts = [new Map(entries.slice(0, 3)), new Map(entries.slice(3))];
  const map = Object.fromEntries(parts.flatMap((part, i) => [...part.keys()].map((key) => [key, names[i]])));
  const index = JSON.stringify({ metadata: { total_size: 1 }, weight_map: map });
  const files = new Map(parts.map((part, i) => [names[i], bytesOf(part)]));
  files.set(INDEX, new TextEncoder().encode(index));
  return { files, state };
}

const PLACES: Record<string, (files: ReadonlyMap<string, Uint8Array>) => Promise<FileSource>> = {
  'a Map': async (files) => mapFiles(files),
  'a Map of Blobs': async (files) =>
    mapFiles(new Map([...files].map(([name, bytes]) => [name, new Blob([bytes as BlobPart])]))),
  'a directory': async (files) => {
    const path = await mkdtemp(join(root, 'd-'));
    for (const [name, bytes] of files) await writeFile(join(path, name), bytes);
    return directoryFiles(path);
  },
  'HTTP ranges': async (files) => {
    for (const [name, bytes] of files) server.files.set(`m/${name}`, bytes);
    return httpFiles(`${server.url}m`);
  },
};

describe.each(Object.entries(PLACES))('a model in %s', (place, put) => {
  it('is loaded tensor by tensor, from one file or from several', async () => {
    const { files, state } = await shards();
    for (const given of [files, new Map([['model.safetensors', bytesOf(state)]])]) {
      const source = await put(given);
      const opened = await openModel(source);
      expect([...opened.tensors.keys()].sort()).toEqual([...state.keys()].sort());
      const model = new DigitsNet(device, sizes);
      const steps: number[] = [];
      await loadTensors(model, opened.tensors, { onBytes: (done, total) => steps.push(done / total) });
      expect(await model.stateDict()).toEqual(state);
      expect(steps).toHaveLength(6);
      expect(steps.at(-1)).toBe(1);
    }
    // No request was for a whole file.
    if (place === 'HTTP ranges') {
      for (const each of server.requests) expect(each).toMatch(/^GET \/m\/\S+ bytes=\d+-\d+$/);
    }
  });

  it('must have its files', async () => {
    const { files } = await shards();
    await expect(openModel(await put(new Map()))).rejects.toThrow(
      /: has no model\.safetensors and no model\.safetensors\.index\.json$/,
    );
    files.delete('model-00002-of-00002.safetensors');
    await expect(openModel(await put(files))).rejects.toThrow(
      /: model-00002-of-00002\.safetensors is missing, which the index names$/,
    );
  });
});

describe('an index', () => {
  const with_ = async (change: (map: Record<string, unknown>) => unknown) => {
    const { files } = await shards();
    const json = JSON.parse(new TextDecoder().decode(files.get(INDEX)));
    const map = change(json.weight_map) ?? json.weight_map;
    files.set(INDEX, new TextEncoder().encode(JSON.stringify({ ...json, weight_map: map })));
    return openModel(mapFiles(files));
  };
  it.each<[string, (map: Record<string, unknown>) => unknown, RegExp]>([
    [
      'that names a tensor no file has',
      (map) => ({ ...map, more: map['linear1.weight'] }),
      /lacks tensors that the index names: more$/,
    ],
    [
      'that leaves one out',
      (map) => void delete map['linear1.bias'],
      /has tensors that the index does not name: linear1\.bias$/,
    ],
    [
      'that leads elsewhere',
      (map) => ({ ...map, 'linear1.bias': '../x.safetensors' }),
      /linear1\.bias must be in a safetensors file beside the index/,
    ],
    [
      'with an entry that does not name a file',
      (map) => ({ ...map, 'linear1.bias': 3 }),
      /linear1\.bias must be in a safetensors file/,
    ],
    ['without tensors', () => ({}), /must have a weight_map with tensors$/],
  ])('%s is refused', async (_, change, message) => {
    await expect(with_(change)).rejects.toThrow(message);
  });
});

describe('a host', () => {
  const name = 'a.safetensors';
  const put = () =>
    server.files.set(
      name,
      serializeSafetensors([['a', { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }]]),
    );
  const read = async () => {
    const source = await httpSource(`${server.url}${name}`);
    if (!source) return undefined;
    const { tensors } = await openSafetensors(source, name);
    return tensors.get('a')?.read();
  };

  it('may not have the file', async () => {
    expect(await read()).toBeUndefined();
  });

  it.each<[string, NonNullable<FileServer['fault']>, RegExp]>([
    [
      'that gives no ranges',
      (_, response) => !!response.writeHead(200).end('x'.repeat(100)),
      /the host gives no parts of files \(range requests\)$/,
    ],
    ['that is broken', (_, response) => !!response.writeHead(500).end(), /the host answers 500$/],
    [
      'that gives another part',
      (_, response) => !!response.writeHead(206, { 'Content-Range': 'bytes 5-5/100' }).end('x'),
      /the host returned another part: bytes 5-5\/100 for bytes 0-0$/,
    ],
    [
      'that gives too much',
      (_, response) => !!response.writeHead(206, { 'Content-Range': 'bytes 0-0/100' }).end('xxx'),
      /the host returned more than was requested$/,
    ],
    [
      'that ends early',
      (request, response) => {
        if (request.headers.range === 'bytes=0-0') return false;
        const [, first, last] = /(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
        const range = `bytes ${first}-${last}/${server.files.get(name)?.length}`;
        response.writeHead(206, { 'Content-Range': range }).end('x');
        return true;
      },
      /the connection ended early$/,
    ],
    [
      'that hangs up',
      (request) => {
        request.socket.destroy();
        return true;
      },
      /the connection failed$/,
    ],
  ])('%s is an error', async (_, fault, message) => {
    put();
    server.fault = fault;
    await expect(read()).rejects.toThrow(message);
  });

  it('that replaces the file meanwhile does not mix the two', async () => {
    put();
    const source = await httpSource(`${server.url}${name}`);
    server.files.set(name, new Uint8Array(server.files.get(name)?.length ?? 0).fill(7));
    await expect(source?.read(0, 8)).rejects.toThrow(/it was changed while it was read/);
  });

  it('may be abandoned', async () => {
    put();
    const leave = new AbortController();
    const source = await httpSource(`${server.url}${name}`, { signal: leave.signal });
    leave.abort(new Error('enough'));
    await expect(source?.read(0, 8)).rejects.toThrow('enough');
  });
});

describe('a file of a directory', () => {
  it('may be larger than 2 GiB', async () => {
    const path = join(root, 'large.safetensors');
    const size = 3 * 2 ** 30;
    const header = JSON.stringify({
      a: { dtype: 'U8', shape: [size], data_offsets: [0, size] },
      b: { dtype: 'F32', shape: [1], data_offsets: [size, size + 4] },
    });
    const start = new Uint8Array(8 + header.length);
    new DataView(start.buffer).setUint32(0, header.length, true);
    start.set(new TextEncoder().encode(header), 8);
    await writeFile(path, start);
    await truncate(path, start.length + size + 4);
    const file = await open(path, 'r+');
    await file.write(new Uint8Array(Float32Array.of(2.5).buffer), 0, 4, start.length + size);
    await file.close();
    const { tensors } = await openSafetensors(await fileSource(path), path);
    const bytes = await tensors.get('b')?.read();
    expect(new Float32Array(bytes?.slice().buffer ?? new ArrayBuffer(4))[0]).toBe(2.5);
    await rm(path);
  });

  it('that is replaced while it is read is an error', async () => {
    const path = join(root, 'changing');
    await writeFile(path, 'before');
    const source = await fileSource(path);
    await writeFile(path, 'after!');
    await utimes(path, 1, 1);
    await expect(source.read(0, 6)).rejects.toThrow(`${path}: cannot be read: it was changed meanwhile`);
    await expect(source.read(0, 7)).rejects.toThrow('is cut short: bytes 0 to 7 are requested of 6');
  });

  it('is never outside the directory', async () => {
    await expect(directoryFiles(root).open('../x')).rejects.toThrow('is outside of the directory');
    await expect(directoryFiles(root).open('/etc/passwd')).rejects.toThrow('is outside of the directory');
  });
});

describe('loadTensors', () => {
  const sourceOf = async (tensors: Parameters<typeof serializeSafetensors>[0]) =>
    (await openModel(mapFiles(new Map([['model.safetensors', serializeSafetensors(tensors)]])))).tensors;

  it('refuses before it reads anything, and lists every mismatch', async () => {
    const model = new DigitsNet(device, sizes);
    const before = await model.stateDict();
    const one = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    const tensors = await sourceOf([
      ['linear1.weight', one],
      ['other', one],
    ]);
    const reads: string[] = [];
    const watched = new Map(
      [...tensors].map(([name, each]) => [
        name,
        {
          ...each,
          read: () => {
            reads.push(name);
            return each.read();
          },
        },
      ]),
    );
    await expect(loadTensors(model, watched)).rejects.toThrow(
      'loadTensors: linear1.weight must be [256,12]: found [1]; missing linear1.bias; missing linear2.weight; missing linear2.bias; missing linear3.weight; missing linear3.bias; unexpected other',
    );
    expect(reads).toEqual([]);
    expect(await model.stateDict()).toEqual(before);
  });

  it('takes halves exactly, and refuses values that are not finite, by name', async () => {
    const model = new DigitsNet(device, sizes);
    const state = await model.stateDict();
    const halves = new Map(
      [...state].map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((x) => Math.fround(Math.round(x * 64) / 64)) },
      ]),
    );
    await loadTensors(
      model,
      await sourceOf([...halves].map(([name, each]) => [name, { dtype: 'BF16', ...each }] as const)),
    );
    expect(await model.stateDict()).toEqual(halves);
    const bad = new Map(halves);
    bad.set('linear2.bias', { shape: [128], data: new Float32Array(128).fill(1, 0, 3).fill(Number.NaN, 3) });
    const tensors = await sourceOf(
      [...bad].map(([name, each]) => [name, { dtype: 'F16', ...each }] as const),
    );
    await expect(loadTensors(model, tensors)).rejects.toThrow(
      'loadTensors: linear2.bias is not finite at 3: NaN',
    );
  });
});

describe('an adapter and a checkpoint', () => {
  const adapted = async () => {
    const model = new DigitsNet(device, sizes);
    await applyLora(model, { rank: 2, seed: 3 });
    return model;
  };
  const values = async (model: DigitsNet) =>
    [...(await model.stateDict())].map(([name, { data }]) => [name, [...data]]);

  it.each(Object.entries(PLACES))('are read from %s', async (_, put) => {
    const files = new Map<string, Uint8Array>();
    const model = await adapted();
    for (const parameter of model.parameters()) {
      const count = parameter.shape.reduce((product, size) => product * size, 1);
      if (parameter.requiresGrad) parameter.write(new Float32Array(count).fill(0.25));
    }
    await saveAdapter(model, files);
    const read = new DigitsNet(device, sizes);
    await loadAdapter(read, await put(files));
    expect(await values(read)).toEqual(await values(model));
  });

  it('are written to a store in parts, as to a Map', async () => {
    const files = new Map<string, Uint8Array>();
    const model = await adapted();
    await saveAdapter(model, files);
    const path = join(root, 'store');
    const store = directoryFiles(path);
    await saveAdapter(model, store);
    expect(await store.read([...files.keys()])).toEqual(files);
    expect((await readdir(path)).sort()).toEqual([...files.keys()].sort());
    const parts: [string, number][] = [];
    const watched: FileStore = {
      ...store,
      write: async (contents) => {
        for (const [name, content] of contents) {
          let count = 0;
          for await (const _ of content instanceof Uint8Array ? [content] : content) count++;
          parts.push([name, count]);
        }
      },
    };
    await saveAdapter(model, watched);
    // The header and each of the tensors.
    const { tensors } = parseSafetensors(files.get('adapter_model.safetensors') ?? new Uint8Array(), '');
    expect(parts).toEqual([
      ['adapter_config.json', 1],
      ['adapter_model.safetensors', 1 + tensors.size],
    ]);
  });

  it('refuse a path where directories do not exist, and anything that is not a place', async () => {
    const model = await adapted();
    await expect(saveAdapter(model, 'some/where')).rejects.toThrow(
      'some/where: a path is supported only in Node: pass a Map of files by name, or a FileSource or FileStore',
    );
    await expect(loadAdapter(model, 3 as never)).rejects.toThrow(
      'loadAdapter: from must be a Map, a path, or have the method open: got number',
    );
    await expect(saveAdapter(model, { open: async () => undefined } as never)).rejects.toThrow(
      'saveAdapter: to must be a Map, a path, or have the methods open, read and write: got object',
    );
  });
});
