/** A LoRA on a language model over packed weights, killed at random moments: it continues to the bytes of a run that never was. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-'));
afterAll(() => rmSync(root, { recursive: true }));
const script = new URL('killedText.mts', import.meta.url).pathname;
const FILES = ['adapter_config.json', 'adapter_model.safetensors'];
const KILLS = 3;

interface Child {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The iterations that it reported. */
  readonly iterations: readonly number[];
}

/** Runs the script, and kills it the given milliseconds after it has reported the given iterations. */
function train(dir: string, out: string, kill?: { reports: number; delay: number }): Promise<Child> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, join(root, dir), join(root, out)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  let isDue = false;
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (isDue || !kill || text.split('\n').length <= kill.reports) return;
    isDue = true;
    setTimeout(() => child.kill('SIGKILL'), kill.delay);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, iterations: text.trim().split('\n').map(Number) });
    });
  });
}

const bytesOf = (out: string) => FILES.map((name) => readFileSync(join(root, out, name)));

it('continues to the same bytes', { timeout: 120_000 }, async () => {
  const straight = train('straight', 'undisturbed');
  const random = new Random(11);
  /** The iteration at which the next run continues, or a later one. */
  let from = 1;
  for (let kills = 0; kills < KILLS; kills++) {
    // In a forward or backward pass, a step of the optimizer, or while a checkpoint is written, as every second iteration.
    const reports = 3 + Math.floor(5 * random.uniform());
    const delay = Math.floor(15 * random.uniform());
    const { signal, iterations } = await train('killed', 'resumed', { reports, delay });
    expect(signal).toBe('SIGKILL');
    expect(iterations[0], `after ${kills} kills`).toBeGreaterThanOrEqual(from);
    // Its first two iterations were saved before it reported the third.
    from = iterations[0] + 2;
  }
  const last = await train('killed', 'resumed');
  expect(last.code).toBe(0);
  expect(last.iterations[0]).toBeGreaterThanOrEqual(from);
  const { code, iterations } = await straight;
  expect(code).toBe(0);
  expect(iterations.length).toBeGreaterThan(30);
  expect(last.iterations.at(-1)).toBe(iterations.length);
  const [config, model] = bytesOf('resumed');
  const [wantedConfig, wantedModel] = bytesOf('undisturbed');
  expect(config.equals(wantedConfig)).toBe(true);
  expect(model.equals(wantedModel)).toBe(true);
  expect(readdirSync(join(root, 'killed'))).toContain('checkpoint.safetensors');
});
