/** What reaches the terminal: names from files without their escape sequences, a full disk in one line. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { print } from '../../src/cli/output.js';
import { DataError } from '../../src/errors.js';
import { printable } from '../../src/printable.js';
import { serializeSafetensors } from '../../src/safetensors.js';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const run = promisify(execFile);

/** ESC, a title, a line of its own, text from right to left, nothing to be seen, C1, and a very long name. */
const HOSTILE = [
  '\u001b[2J',
  '\u001b]0;title\u0007',
  'a\nb',
  '\u202egnp',
  '\u200b',
  '\u009b31m',
  'x'.repeat(1e6),
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/;

describe('text for a terminal', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lowrank-output-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is escaped, and cut where it is long', () => {
    expect(printable('a\u001b[31mb\n\u202ec')).toBe('a\\u001b[31mb\\u000a\\u202ec');
    expect(printable('x'.repeat(300), 10)).toBe(`${'x'.repeat(10)}… (290 more characters)`);
    expect(printable('größe 日本 🙂')).toBe('größe 日本 🙂');
    const { message } = new DataError(`file: ${HOSTILE.join()}`);
    expect(message).not.toMatch(UNSAFE);
    expect(message.length).toBeLessThan(5000);
  });

  it('keeps the colours of the command on a terminal only', () => {
    const written = (isTTY: boolean) => {
      const texts: string[] = [];
      const stream = { isTTY, write: (text: string) => texts.push(text) };
      print(stream as never, '\u001b[32mgood\u001b[39m \u001b[2J\n');
      return texts.join('');
    };
    expect(written(true)).toBe('\u001b[32mgood\u001b[39m \\u001b[2J\n');
    expect(written(false)).toBe('\\u001b[32mgood\\u001b[39m \\u001b[2J\n');
  });

  it('shows names of a file without their escape sequences, each on its line', async () => {
    const file = join(directory, 'hostile.safetensors');
    const tensors = HOSTILE.map(
      (name) => [name, { dtype: 'F32', shape: [1], data: Float32Array.of(1) }] as const,
    );
    const metadata = { '\u001b[31mkey': `\u001b]8;;http://x\u0007${'y'.repeat(1e5)}` };
    await writeFile(file, serializeSafetensors(tensors, metadata));
    const { stdout } = await run(process.execPath, [main, 'inspect', file]);
    expect(stdout).not.toMatch(UNSAFE);
    expect(stdout).toContain('\\u001b[2J');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(HOSTILE.length + 6);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1100);
  });

  it.runIf(existsSync('/dev/full'))(
    'that a full disk does not take is one line and exit code 1',
    async () => {
      const shell = run('sh', ['-c', `"${process.execPath}" "${main}" --help > /dev/full`]);
      await expect(shell).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^lowrank: standard output cannot be written: no space left on the device \(ENOSPC\)\n$/,
        ),
      });
    },
  );

  it('that nobody reads any more ends quietly', async () => {
    const { stdout, stderr } = await run('sh', ['-c', `"${process.execPath}" "${main}" --help | head -1`]);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });
});
