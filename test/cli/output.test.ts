/** What reaches the terminal: names from files without their escape sequences, a full disk in one line. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, DeviceError, ShapeError } from '../../src/base/errors.js';
import { printable, printableLine } from '../../src/base/printable.js';
import { print, printLine, printPainted } from '../../src/cli/output.js';
import { selectDevice, serializeModel } from '../../src/index.js';
import { DigitsNet } from '../../src/mnist/index.js';
import { serializeSafetensors } from '../../src/safetensors/safetensors.js';
import { writeMnistSlice } from './slice.js';

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
    expect(printableLine(' a:\r\n\n1. b\u001b\n')).toBe('a: ↵ 1. b\\u001b');
    expect(printable('x'.repeat(300), 10)).toBe(`${'x'.repeat(10)}… (290 more characters)`);
    expect(printable('größe 日本 🙂')).toBe('größe 日本 🙂');
    for (const Each of [DataError, ShapeError, DeviceError]) {
      const { message } = new Each(`file: ${HOSTILE.join()}`);
      expect(message).not.toMatch(UNSAFE);
      expect(message.length).toBeLessThan(5000);
    }
  });

  it.each([
    ['a Mongolian vowel separator', '\u180e', '\\u180e'],
    ['marks of annotations', '\ufff9\ufffb', '\\ufff9\\ufffb'],
    ['a tag', '\u{e0041}', '\\udb40\\udc41'],
    ['a filler of Hangul', '\u3164', '\\u3164'],
    ['half a surrogate pair', 'a\ud83d', 'a\\ud83d'],
  ])('shows %s', (_, hidden, shown) => {
    expect(printable(hidden)).toBe(shown);
  });

  it('is not cut within a surrogate pair', () => {
    expect(printable('ab🙂c', 3)).toBe('ab… (3 more characters)');
    expect(printable('ab🙂c', 4)).toBe('ab🙂… (1 more characters)');
  });

  it('keeps the colours of the command on a terminal only', () => {
    const written = (isTTY: boolean) => {
      const texts: string[] = [];
      const stream = { isTTY, write: (text: string) => texts.push(text) };
      printPainted(stream as never, '\u001b[32mgood\u001b[39m \u001b[2J\n');
      return texts.join('');
    };
    expect(written(true)).toBe('\u001b[32mgood\u001b[39m \\u001b[2J\n');
    expect(written(false)).toBe('\\u001b[32mgood\\u001b[39m \\u001b[2J\n');
  });

  it('keeps no colours of a line that the command has not painted, nor a newline in it', () => {
    const texts: string[] = [];
    const stream = { isTTY: true, write: (text: string) => texts.push(text) };
    print(stream as never, '\u001b[32mgood\u001b[39m\nsecond\n');
    printLine(stream as never, 'saved to a\nlowrank: forged \u001b[31m');
    expect(texts).toEqual([
      '\\u001b[32mgood\\u001b[39m\nsecond\n',
      'saved to a\\u000alowrank: forged \\u001b[31m\n',
    ]);
  });

  it('has one line for a path with a newline, in notices, results and errors', async () => {
    const forged = join(directory, 'out\nlowrank: forged');
    const tensors = [['weight', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]] as const;
    await mkdir(forged);
    await writeFile(join(forged, 'adapter_model.safetensors'), serializeSafetensors(tensors, {}));
    await writeFile(join(forged, 'adapter_config.json'), '{"peft_type":"LORA","r":1,"target_modules":["a"]}');
    const lowrank = (...args: string[]) =>
      run(process.execPath, [main, ...args]).then(
        ({ stdout, stderr }) => stdout + stderr,
        (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
      );
    const base = join(directory, 'base.safetensors');
    const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });
    await writeFile(base, serializeModel(await new DigitsNet(device).stateDict()));
    const data = join(directory, 'data');
    await mkdir(data);
    await writeMnistSlice(data, 20, 20);
    const one = ['--iterations', '2', '--device', 'wasm', '--threads', '1'];
    const texts = [
      await lowrank('inspect', forged),
      await lowrank('eval', '--base', forged),
      await lowrank('merge', '--base', base, '--adapter', forged, '--out', join(forged, 'x')),
      await lowrank('mnist', '--data', data, '--base', base, '--out', join(forged, 'mnist'), ...one),
    ];
    for (const text of texts) {
      expect(text).toContain('out\\u000alowrank: forged');
      expect(text).not.toMatch(/^lowrank: forged/m);
    }
    expect(texts[3]).toMatch(/^lowrank: saved .*out\\u000alowrank: forged/m);
  });

  it('has the stack of an error without escape sequences too', async () => {
    const env = { ...process.env, DEBUG: '1' };
    const failed = run(process.execPath, [main, 'inspect', '\u001b[2J'], { env });
    const { stderr } = await failed.catch((error: { stderr: string }) => error);
    expect(stderr).toContain('    at ');
    expect(stderr).not.toMatch(UNSAFE);
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

  it('that is no longer read ends quietly', async () => {
    const { stdout, stderr } = await run('sh', ['-c', `"${process.execPath}" "${main}" --help | head -1`]);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });
});
