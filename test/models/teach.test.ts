/** The example that teaches a language model, run as a user would. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lowrank-teach-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('examples/teach.js', () => {
  it('has fewer than 40 lines, teaches, and saves what it taught', () => {
    const example = join(root, 'examples/teach.js');
    expect(readFileSync(example, 'utf8').trimEnd().split('\n').length).toBeLessThan(40);
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/lowrank'));
    copyFileSync(example, join(folder, 'teach.mjs'));
    const model = new URL('fixtures/llama3', import.meta.url).pathname;
    const output = execFileSync(process.execPath, ['teach.mjs', model, '8'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const losses = Array.from(output.matchAll(/^step \d+: loss ([\d.]+)$/gm), ([, loss]) => Number(loss));
    expect(losses.length).toBeGreaterThanOrEqual(8);
    expect(losses.at(-1)).toBeLessThan(losses[0]);
    const said = (label: string) => new RegExp(`^${label}: +(.*)$`, 'm').exec(output)?.[1];
    expect(said('without it')).toBe(said('before'));
    expect(readdirSync(join(folder, 'taught')).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
  });
});
