/** Two runs into one directory, as processes: one has it, the other is refused; a killed one blocks no other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Adam, fit, saveAdapter, selectDevice } from '../../src/index.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet, loadMnist } from '../../src/mnist/index.js';
import { mnistFiles } from '../../src/node.js';
import { temporaryDirectory, writeMnistSlice } from './slice.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

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

/** Processes that were started; whatever fails, none runs forever. */
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(
    process.execPath,
    [MAIN, ...args, '--data', data, '--device', 'wasm', '--threads', '1'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  children.push(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr }));
  });
  return { child, ended };
}

/** Two runs that begin at the same moment: the one that succeeded, and the output of the other. */
async function race(out: string, ...args: string[]): Promise<void> {
  const [one, two] = [start(...args, '--out', out, '--quiet'), start(...args, '--out', out, '--quiet')];
  const results = [await one.ended, await two.ended];
  expect(results.map(({ code }) => code).sort()).toEqual([0, 1]);
  const pids = [one.child.pid, two.child.pid];
  const loser = results.findIndex(({ code }) => code === 1);
  expect(results[loser].stderr).toBe(
    `lowrank: ${out}: is in use by process ${pids[1 - loser]}: wait until it has ended, or name another directory\n`,
  );
}

describe('two runs into one directory', { timeout: 120_000 }, () => {
  it('of mnist: one is done, the other is refused in one line', async () => {
    for (let i = 0; i < 2; i++) {
      const out = join(directory, `mnist-${i}`);
      await race(out, 'mnist', '--iterations', '20', '--seed', `${i}`);
      expect((await readdir(out)).sort()).toEqual(['base.safetensors', 'layer', 'parametrization']);
    }
  });

  it('of sweep --resume: no trial is counted twice', async () => {
    const out = join(directory, 'sweep');
    await race(out, 'sweep', '--resume', '--rank', '1,2', '--seeds', '0', '--iterations', '20');
    const lines = (await readFile(join(out, 'trials.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).rank)).toEqual([1, 2]);
  });

  it('of merge and mnist: what mnist is writing is not replaced', async () => {
    const from = join(directory, 'mnist-0');
    const out = join(directory, 'merged');
    const running = start('mnist', '--epochs', '1000000', '--out', out);
    await begun(running.child);
    const files = ['--base', join(from, 'base.safetensors'), '--adapter', join(from, 'layer')];
    const child = spawn(
      process.execPath,
      [MAIN, 'merge', ...files, '--out', join(out, 'base.safetensors'), '--device', 'wasm'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const said = (await child.stderr.toArray()).join('');
    expect(said).toContain(`${out}: is in use by process ${running.child.pid}: `);
    running.child.kill('SIGKILL');
    await running.ended;
  });

  it('continues after a kill, and leaves only its results', async () => {
    const out = join(directory, 'killed');
    const killed = start('mnist', '--epochs', '1000000', '--out', out);
    await begun(killed.child);
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect((await readdir(out)).filter((name) => name.startsWith('.lowrank-run-'))).toHaveLength(1);
    const next = await start('mnist', '--iterations', '20', '--out', out, '--quiet').ended;
    expect(next).toEqual({ code: 0, stderr: '' });
    expect((await readdir(out)).sort()).toEqual(['base.safetensors', 'layer', 'parametrization']);
  });

  it('of fit with checkpoints in the same directory: the second is refused, and nothing of it is done', async () => {
    const { device } = await selectDevice({ threads: 1 });
    const { train } = await loadMnist(device, await mnistFiles(data));
    const dir = join(directory, 'checkpoints');
    const run = (limit: number, onStep = () => {}) => {
      const model = new DigitsNet(device);
      return fit(model, train, {
        optimizer: new Adam(model.parameters()),
        checkpoint: { dir, every: 10 },
        ...{ limit, onStep },
      });
    };
    let first = Promise.resolve({ iterations: 0 });
    await new Promise<void>((resolve) => {
      first = run(40, resolve);
    });
    await expect(run(40)).rejects.toThrow(`${dir}: is in use by this process (${process.pid}): `);
    expect((await first).iterations).toBe(40);
    expect(await readdir(dir)).toEqual(['checkpoint.safetensors']);
    expect((await run(10)).iterations).toBe(10);
    device.dispose();
  });

  it('of saveAdapter: one after the other, so that both files are of the same', async () => {
    const { device } = await selectDevice({ threads: 1 });
    const dir = join(directory, 'saved');
    const save = async (rank: number) => {
      const model = new DigitsNet(device);
      await applyLora(model, { rank });
      await saveAdapter(model, dir);
    };
    for (let i = 0; i < 3; i++) {
      await Promise.all([1, 2, 3, 4].map(save));
      const config = JSON.parse(await readFile(join(dir, 'adapter_config.json'), 'utf8'));
      const bytes = await readFile(join(dir, 'adapter_model.safetensors'));
      expect(bytes.toString('latin1')).toContain(`"shape":[${config.r},784]`);
    }
    expect((await readdir(dir)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    device.dispose();
  });
});

/** Waits until a run says that its base is being trained. */
function begun(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.stderr?.on('data', (text: string) => {
      if (text.includes('base: ')) resolve();
    });
  });
}
