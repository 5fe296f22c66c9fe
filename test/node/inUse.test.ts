/** One user of a directory at a time: in one process, among processes that race, and after a kill. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { ensureWritableDirectory, writeFileAtomic } from '../../src/node/files.js';
import { withDirectory } from '../../src/node/inUse.js';
import { ownName, readOwnName } from '../../src/node/ownNames.js';

const USER = fileURLToPath(new URL('user.mts', import.meta.url));

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lowrank-in-use-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function start(...args: string[]) {
  return spawn(process.execPath, ['--import', 'tsx', USER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** A name as a process had it that is dead by now. */
async function nameOfDead(kind: 'tmp' | 'run'): Promise<string> {
  const child = start(root, 'hold');
  await once(child.stdout, 'data');
  const mine = (name: string) => readOwnName(name)?.pid === child.pid;
  const names = (await readdir(root)).filter((name) => mine(name) && name.includes(`-${kind}-`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  return names[0];
}

const run = { kind: 'run' } as const;
const nothing = async () => {};

describe('withDirectory', () => {
  it('refuses a second user by the name of the directory and its process, until the first has ended', async () => {
    await withDirectory(root, run, async () => {
      await expect(withDirectory(root, run, nothing)).rejects.toThrow(
        new DataError(
          `${root}: is in use by this process (${process.pid}): wait until it has ended, or name another directory`,
        ),
      );
      expect(await withDirectory(root, { kind: 'checkpoint' }, async () => 'another use')).toBe(
        'another use',
      );
    });
    expect(await withDirectory(root, run, async () => 'again')).toBe('again');
    expect(await readdir(root)).toEqual([]);
  });

  it('lets go when its body throws, and removes only directories that it made and that are empty', async () => {
    const path = join(root, 'a', 'b');
    const failing = withDirectory(path, run, () => Promise.reject(new TypeError('a mistake')));
    await expect(failing).rejects.toThrow(new TypeError('a mistake'));
    expect(await readdir(root)).toEqual([]);
    await withDirectory(path, run, () => writeFile(join(root, 'a', 'file'), ''));
    expect(await readdir(join(root, 'a'))).toEqual(['file']);
    await mkdir(path);
    await withDirectory(path, run, nothing);
    expect(existsSync(path)).toBe(true);
  });

  it('lets exactly one of those have it that come at the same moment', async () => {
    for (let i = 0; i < 20; i++) {
      let inside = 0;
      const body = async () => {
        expect(++inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 100));
      };
      const results = await Promise.allSettled([1, 2, 3].map(() => withDirectory(root, run, body)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(inside).toBe(1);
    }
  });

  it('is had by one process at a time, with marks of the dead among them', { timeout: 120_000 }, async () => {
    const stale = await nameOfDead('run');
    expect(await readdir(root)).toContain(stale);
    const users = [1, 2, 3].map(() => start(root, '30'));
    const ends = Promise.all(users.map((child) => once(child, 'exit')));
    let done = false;
    void ends.then(() => {
      done = true;
    });
    while (!done) {
      await writeFile(join(root, stale), '');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await ends).map(([code]) => code)).toEqual([0, 0, 0]);
    await ensureWritableDirectory(root);
    expect(await readdir(root)).toEqual([]);
  });

  it('takes a directory from a killed process, and removes what it left', async () => {
    const child = start(root, 'hold');
    await once(child.stdout, 'data');
    await expect(withDirectory(root, run, nothing)).rejects.toThrow(
      `${root}: is in use by process ${child.pid}: `,
    );
    expect(await readdir(root)).toHaveLength(2);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readdir(root)).toHaveLength(2);
    await withDirectory(root, run, async () => expect(await readdir(root)).toHaveLength(1));
    expect(await readdir(root)).toEqual([]);
  });

  it('cannot check a process of another host: says which file to delete', async () => {
    const mark = ownName('run').replace(/-[0-9a-f]{8}-(?=[0-9a-f]{12}$)/, '-00000000-');
    await writeFile(join(root, mark), 'farm');
    const refused = withDirectory(root, run, nothing);
    await expect(refused).rejects.toThrow(
      `${root}: is in use by process ${process.pid} of the host or container farm, which cannot be checked from ` +
        `here: if it has ended, delete ${join(root, mark)}`,
    );
    expect(await readdir(root)).toEqual([mark]);
  });

  it('says why a directory cannot be used', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(withDirectory(join(root, 'file'), run, nothing)).rejects.toThrow(
      new DataError(
        `${join(root, 'file')}: no files can be written to this directory: a file of that name is in the way (EEXIST)`,
      ),
    );
  });
});

describe.runIf(process.platform === 'linux')('a number that is used again', () => {
  it('is another process: it did not begin at that time', () => {
    const name = ownName('run');
    expect(readOwnName(name)).toEqual({ kind: 'run', pid: process.pid, state: 'alive' });
    const before = name.replace(/_(\d+)-/, (_, ticks) => `_${Number(ticks) - 1}-`);
    expect(readOwnName(before)?.state).toBe('dead');
    const lastBoot = name.replace(/-[0-9a-f]+_/, '-00000000_');
    expect(readOwnName(lastBoot)?.state).toBe('dead');
    expect(readOwnName(name.replace(/-[0-9a-f]+_\d+-/, '-unknown-'))?.state).toBe('alive');
    expect(readOwnName('.lowrank-run-1-x')).toBeUndefined();
  });
});

describe('a temporary file', () => {
  it('of a killed process is removed by the next that writes there; of one that lives it stays', async () => {
    const left = await nameOfDead('tmp');
    const alive = ownName('tmp');
    for (const name of [alive, 'mine.tmp', '.lowrank-notes']) await writeFile(join(root, name), '');
    expect(await readdir(root)).toContain(left);
    await ensureWritableDirectory(root);
    await writeFileAtomic(join(root, 'new'), Uint8Array.of(1));
    expect((await readdir(root)).sort()).toEqual([alive, '.lowrank-notes', 'mine.tmp', 'new'].sort());
  });

  it('has a short name, so that a name can be as long as the system takes', async () => {
    const name = 'x'.repeat(255);
    await writeFileAtomic(join(root, name), Uint8Array.of(1));
    expect(await readdir(root)).toEqual([name]);
  });
});
