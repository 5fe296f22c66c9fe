/** Runs as root too, where permissions stop nothing: a regular file in the path makes the failures. */

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, DeviceError } from '../../src/base/errors.js';
import { readBinary } from '../../src/node/binary.js';
import { fileSource } from '../../src/node/fileSource.js';
import { ensureWritableDirectory, readFileBytes, reasonOf, writeFileAtomic } from '../../src/node/files.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lowrank-files-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('writeFileAtomic', () => {
  it('writes a new file and replaces an old one, and leaves nothing else', async () => {
    const path = join(root, 'a.bin');
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFileBytes(path))]).toEqual([1, 2, 3]);
    await writeFileAtomic(path, Uint8Array.of(0, 4, 5, 6).subarray(1));
    expect([...(await readFileBytes(path))]).toEqual([4, 5, 6]);
    expect(await readdir(root)).toEqual(['a.bin']);
  });

  it('replaces a symbolic link, not what it points to', async () => {
    await writeFile(join(root, 'target'), 'old');
    await symlink(join(root, 'target'), join(root, 'link'));
    await writeFileAtomic(join(root, 'link'), Uint8Array.of(110));
    expect(await readFile(join(root, 'target'), 'utf8')).toBe('old');
    expect(await readFile(join(root, 'link'), 'utf8')).toBe('n');
  });

  it('leaves the old content when it fails between writing and renaming', async () => {
    // A directory with something in it lets the temporary file be written and the rename fail.
    const path = join(root, 'taken');
    await mkdir(path);
    await writeFile(join(path, 'old'), 'old');
    const failing = writeFileAtomic(path, Uint8Array.of(1));
    await expect(failing).rejects.toThrow(
      new DataError(`${path}: cannot be written: it is a directory (EISDIR)`),
    );
    expect(await readFile(join(path, 'old'), 'utf8')).toBe('old');
    expect(await readdir(root)).toEqual(['taken']);
  });

  it('leaves the old file whole when writing itself fails', async () => {
    const path = join(root, 'a.bin');
    await writeFile(path, 'old');
    // Not bytes, whatever the type says: the failure comes after the temporary file was opened.
    const failing = writeFileAtomic(path, 7 as unknown as Uint8Array);
    await expect(failing).rejects.toThrow(DataError);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(root)).toEqual(['a.bin']);
  });

  it('readers see the old content or the new, never a part', async () => {
    const path = join(root, 'a.bin');
    const size = 2_000_000;
    await writeFileAtomic(path, new Uint8Array(size).fill(1));
    let writing = true;
    const writes = (async () => {
      for (let i = 2; i < 12; i++) await writeFileAtomic(path, new Uint8Array(size).fill(i));
      writing = false;
    })();
    while (writing) {
      const bytes = await readFileBytes(path);
      expect(bytes.length).toBe(size);
      expect(bytes[size - 1]).toBe(bytes[0]);
    }
    await writes;
  });

  it.each([
    ['a directory that is not there', 'none/a.bin', 'no such file or directory (ENOENT)'],
    ['a path below a file', 'file/a.bin', 'a part of the path is a file, not a directory (ENOTDIR)'],
    ['too long a name', 'x'.repeat(300), 'the name is too long (ENAMETOOLONG)'],
    ['a null character', 'a\0b', 'the path has a null character (ERR_INVALID_ARG_VALUE)'],
  ])('refuses %s', async (_, name, reason) => {
    await writeFile(join(root, 'file'), 'old');
    const path = join(root, name);
    const failing = writeFileAtomic(path, Uint8Array.of(1));
    await expect(failing).rejects.toThrow(new DataError(`${path}: cannot be written: ${reason}`));
    expect(await readdir(root)).toEqual(['file']);
  });
});

describe('readFileBytes', () => {
  it('reads plain bytes', async () => {
    await writeFile(join(root, 'a'), Uint8Array.of(1, 2));
    const bytes = await readFileBytes(join(root, 'a'));
    expect(bytes.constructor).toBe(Uint8Array);
    expect([...bytes]).toEqual([1, 2]);
  });

  it('says why it cannot', async () => {
    const missing = join(root, 'none');
    const says = (path: string, reason: string) => new DataError(`${path}: cannot be read: ${reason}`);
    await expect(readFileBytes(missing)).rejects.toThrow(says(missing, 'no such file or directory (ENOENT)'));
    await expect(readFileBytes(root)).rejects.toThrow(says(root, 'it is a directory (EISDIR)'));
  });
});

describe('ensureWritableDirectory', () => {
  it('creates a directory with its parents, and leaves it empty', async () => {
    const path = join(root, 'a', 'b');
    await ensureWritableDirectory(path);
    await ensureWritableDirectory(path);
    expect(await readdir(path)).toEqual([]);
  });

  it('leaves existing files', async () => {
    await writeFile(join(root, 'a'), 'old');
    await ensureWritableDirectory(root);
    expect(await readdir(root)).toEqual(['a']);
  });

  it.each([
    ['a file', 'file', 'a file of that name is in the way (EEXIST)'],
    ['a path below a file', 'file/a', 'a part of the path is a file, not a directory (ENOTDIR)'],
    ['too long a name', 'x'.repeat(300), 'the name is too long (ENAMETOOLONG)'],
  ])('refuses %s', async (_, name, reason) => {
    await writeFile(join(root, 'file'), 'old');
    const path = join(root, name);
    const message = `${path}: no files can be written to this directory: ${reason}`;
    await expect(ensureWritableDirectory(path)).rejects.toThrow(new DataError(message));
    expect(await readdir(root)).toEqual(['file']);
  });

  // /proc takes no files, not even from root; other systems have no such place to test with.
  it.runIf(process.platform === 'linux')('refuses a directory that takes no files', async () => {
    await expect(ensureWritableDirectory('/proc/self')).rejects.toThrow(
      /^\/proc\/self: no files can be written to this directory: [a-z ]+ \(E[A-Z]+\)$/,
    );
  });
});

describe.runIf(process.platform === 'linux')('what has no end or no size', () => {
  it('is refused: a device, and where parts are read a pipe', async () => {
    await expect(readFileBytes('/dev/zero')).rejects.toThrow('/dev/zero: cannot be read: it is a device');
    await expect(fileSource('/dev/zero')).rejects.toThrow(
      '/dev/zero: cannot be read: it is not a regular file',
    );
    const pipe = join(root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(fileSource(pipe)).rejects.toThrow(`${pipe}: cannot be read: it is not a regular file`);
  });

  it('a link in a circle is called that', async () => {
    const link = join(root, 'link');
    await symlink(link, link);
    await expect(ensureWritableDirectory(link)).rejects.toThrow('too many symbolic links (ELOOP)');
  });
});

describe('reasonOf', () => {
  const failure = (code: string) => Object.assign(new Error(`${code}: raw\ntext`), { code });

  it.each([
    ['EACCES', 'permission denied (EACCES)'],
    ['ENOSPC', 'no space left on the device (ENOSPC)'],
    ['EROFS', 'the file system is read-only (EROFS)'],
    ['EWEIRD', 'EWEIRD: raw text'],
  ])('puts %s in words', (code, words) => {
    expect(reasonOf(failure(code))).toBe(words);
  });

  it('takes anything thrown', () => {
    expect(reasonOf('text')).toBe('text');
    expect(reasonOf(new TypeError('two\nlines'))).toBe('two lines');
  });
});

describe('readBinary', () => {
  it.each(['debug', 'simd', 'relaxed'] as const)('reads the %s build', async (name) => {
    expect([...(await readBinary(name)).subarray(0, 4)]).toEqual([0, ...Buffer.from('asm')]);
  });

  it('names the command that builds what is missing', async () => {
    // No such build, whatever the type says.
    const missing = readBinary('absent' as 'simd');
    await expect(missing).rejects.toThrow(
      new DeviceError('wasm: build/absent.wasm is missing: run npm run build:wasm'),
    );
  });
});
