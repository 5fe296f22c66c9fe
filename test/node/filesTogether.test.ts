/** Two files as one unit: a crash at any moment, and readers beside writers. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wholeLater } from '../../src/files/fileStore.js';
import { directoryFiles } from '../../src/node/directoryFiles.js';
import { flushDirectory, writeFlushed } from '../../src/node/files.js';
import { finishWriting, type Operations, readTogether, writeTogether } from '../../src/node/filesTogether.js';

const [CONFIG, MODEL] = ['adapter_config.json', 'adapter_model.safetensors'];
const bytes = (text: string) => new TextEncoder().encode(text);
const pair = (text: string) => new Map([CONFIG, MODEL].map((name) => [name, bytes(text)]));

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lowrank-together-'));
});
afterEach(() => rm(root, { recursive: true }));

/** The process ends before the operation of this number; nothing is cleaned up afterwards. */
function endingAt(count: number): Operations {
  let left = count;
  const step =
    <Args extends unknown[]>(operation: (...args: Args) => Promise<void>) =>
    async (...args: Args) => {
      if (left-- <= 0) throw new Error('the process has ended');
      await operation(...args);
    };
  return {
    write: step(writeFlushed),
    rename: step(rename),
    remove: step((path: string) => rm(path, { force: true })),
    flush: step(flushDirectory),
  };
}

/** What another program finds: PEFT takes a directory for an adapter where it has a config. */
async function seenByOthers(): Promise<string> {
  const read = (name: string) => readFile(join(root, name), 'utf8').catch(() => 'none');
  const [config, model] = [await read(CONFIG), await read(MODEL)];
  if (config === 'none') return 'no adapter';
  return config === model ? config : `a mixture of ${config} and ${model}`;
}

async function read(): Promise<string> {
  const files = await readTogether(root, [CONFIG, MODEL]);
  const [config, model] = [CONFIG, MODEL].map((name) => new TextDecoder().decode(files.get(name)));
  return config === model ? config : `a mixture of ${config} and ${model}`;
}

describe('two files that are written together', () => {
  it.each([['over old ones'], ['into an empty directory']])(
    '%s are never mixed, whenever it ends',
    async (how) => {
      const seen = new Set<string>();
      let count = 0;
      for (; ; count++) {
        await rm(root, { recursive: true });
        root = await mkdtemp(join(tmpdir(), 'lowrank-together-'));
        if (how === 'over old ones') await directoryFiles(root).write(pair('old'));
        const failed = await writeTogether(root, pair('new'), endingAt(count)).then(
          () => false,
          () => true,
        );
        const others = await seenByOthers();
        expect(['old', 'new', 'no adapter']).toContain(others);
        seen.add(others);
        if (!failed) break;
        // A second crash, during the recovery from the first.
        await finishWriting(root, endingAt(2)).catch(() => undefined);
        expect(['old', 'new', 'no adapter']).toContain(await seenByOthers());
        const now = await read().catch(() => 'no adapter');
        expect([how === 'over old ones' ? 'old' : 'no adapter', 'new']).toContain(now);
        expect(await seenByOthers()).toBe(now);
        // What is written next is whole, and nothing is left behind.
        await directoryFiles(root).write(pair('next'));
        expect(await read()).toBe('next');
      }
      expect(count).toBeGreaterThan(10);
      expect(seen).toEqual(
        new Set(how === 'over old ones' ? ['old', 'no adapter', 'new'] : ['no adapter', 'new']),
      );
      expect((await readdir(root)).sort()).toEqual([CONFIG, MODEL]);
    },
  );

  it('are read as they were at one moment, beside a writer', async () => {
    await directoryFiles(root).write(pair('0'));
    let isOver = false;
    const writing = (async () => {
      for (let i = 1; i <= 60; i++) await directoryFiles(root).write(pair(`${i}`));
      isOver = true;
    })();
    const seen = new Set<string>();
    while (!isOver) {
      const text = await read();
      expect(text).toMatch(/^\d+$/);
      seen.add(text);
    }
    await writing;
    expect(await read()).toBe('60');
    expect(seen.size).toBeGreaterThan(1);
  });

  it('leave no half where the disk is full, and say so', async () => {
    await directoryFiles(root).write(pair('old'));
    const full: Operations = {
      ...endingAt(1e6),
      write: async (path, content) => {
        if ((await wholeLater(content)).length > 5)
          throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        await writeFlushed(path, content);
      },
    };
    await expect(writeTogether(root, pair('new and long'), full)).rejects.toThrow(
      `${join(root, CONFIG)}: cannot be written: no space left on the device (ENOSPC)`,
    );
    expect(await read()).toBe('old');
    expect((await readdir(root)).sort()).toEqual([CONFIG, MODEL]);
  });

  it.each([
    '{',
    '[]',
    '{"adapter_config.json":"../x"}',
    '[["adapter_config.json","../x"],["adapter_model.safetensors","y"]]',
    '[["adapter_config.json"]]',
    '[["../adapter_config.json",".lowrank-tmp-1-unknown-00000000-000000000000"]]',
  ])('have a journal that is looked at: %s', async (text) => {
    await directoryFiles(root).write(pair('old'));
    await writeFile(join(root, '.lowrank-journal.json'), text);
    await expect(read()).rejects.toThrow('is not a journal of written files: delete it');
    expect(await seenByOthers()).toBe('old');
  });
});
