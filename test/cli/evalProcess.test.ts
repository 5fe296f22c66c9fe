/** `lowrank eval` as a process: its streams, signals and exit codes. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODEL = `${ROOT}test/models/fixtures/llama.gguf`;

const root = mkdtempSync(join(tmpdir(), 'lowrank-eval-process-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Texts, of which all tokens are measured. */
function texts(name: string, count: number): string {
  const path = join(root, name);
  const line = (i: number) => `${JSON.stringify({ text: `the cat sat by the shore ${i}` })}\n`;
  writeFileSync(path, Array.from({ length: count }, (_, i) => line(i)).join(''));
  return path;
}

function command(...args: string[]): string[] {
  return ['dist/cli/main.js', 'eval', '--model', MODEL, '--device', 'wasm', '--threads', '1', ...args];
}

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, command(...args), {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the process of lowrank eval', () => {
  it('writes JSON to standard output, and nothing else', () => {
    const { status, stdout, stderr } = run('--data', texts('few.jsonl', 3), '--json', '-', '--quiet');
    expect([status, stderr]).toEqual([0, '']);
    const { base, adapted } = JSON.parse(stdout);
    expect(base.perplexity).toBeCloseTo(Math.exp(base.loss), 6);
    expect(base.tokens).toBeGreaterThan(20);
    expect(adapted).toBe(null);
  });

  it('shows the scores without colour where there is no terminal', () => {
    const { status, stdout, stderr } = run('--data', texts('few.jsonl', 3));
    expect(status).toBe(0);
    expect(stdout).toContain('│ bits per byte │');
    expect(stdout).not.toContain('\u001b');
    expect(stderr).not.toContain('bits per byte');
  });

  it('ends with 1 for data that are wrong, and with 2 for options that are', () => {
    const bad = join(root, 'bad.jsonl');
    writeFileSync(bad, '{"text": "a b"}\n{"text"\u001b[31m: 1}\n');
    const data = run('--data', bad);
    expect(data.status).toBe(1);
    expect(data.stdout).toBe('');
    expect(data.stderr).toMatch(/^lowrank: .*bad\.jsonl: 1 of 2 examples is refused .*line 2: /);
    expect(data.stderr).not.toContain('\u001b');
    expect(run('--data', bad, '--long', 'keep')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'lowrank: --long: must be one of cut, drop, refuse: keep\n',
    });
  });

  it.skipIf(process.platform === 'win32')('ends at Ctrl-C, and writes no scores', async () => {
    const file = join(root, 'scores.json');
    const child = spawn(process.execPath, command('--data', texts('many.jsonl', 20_000), '--json', file), {
      cwd: ROOT,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    let isPressed = false;
    child.stderr.on('data', (chunk) => {
      err += chunk;
      // Once: a process that is about to end does not listen any more.
      if (!isPressed && err.includes('base: ')) isPressed = child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, out]).toEqual([130, '']);
    expect(err).toMatch(/lowrank: interrupted\n$/);
    expect(() => rmSync(file)).toThrow('ENOENT');
  });
});
