/** `lowrank chat` as a process: pipes, signals and exit codes. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MODEL = `${ROOT}test/models/fixtures/llama3.gguf`;

function begin(...args: string[]) {
  const all = [
    'dist/cli/main.js',
    'chat',
    '--model',
    MODEL,
    '--device',
    'wasm',
    '--max-tokens',
    '5',
    ...args,
  ];
  const child = spawn(process.execPath, all, { cwd: ROOT });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    texts.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    texts.err += chunk;
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, ...texts })),
  );
  return { child, ended, texts };
}

describe('the process of lowrank chat', () => {
  it('answers what comes through a pipe, and ends with it', async () => {
    const { child, ended } = begin('--quiet');
    child.stdin.end('hello\n/reset\nhello\n');
    const { code, out, err } = await ended;
    expect([code, err]).toEqual([0, '']);
    // The same answer twice, without prompts and colours.
    expect(out.length).toBeGreaterThan(4);
    expect(out.slice(out.length / 2)).toBe(out.slice(0, out.length / 2));
    expect(out).not.toContain('\u001b');
  });

  it('ends at /exit while its input is open, and with 1 at an error', async () => {
    const left = begin('--quiet');
    left.child.stdin.write('/exit\n');
    expect(await left.ended).toEqual({ code: 0, out: '', err: '' });
    const failed = begin('--quiet');
    failed.child.stdin.write('/nothing\n');
    const { code, err } = await failed.ended;
    expect([code, err.split('\n').length]).toEqual([1, 2]);
    expect(err).toContain('lowrank: there is no command /nothing');
  });

  it('stops when the answers are no longer read', async () => {
    const { child, ended } = begin('--quiet');
    child.stdout.once('data', () => {
      child.stdout.destroy();
      child.stdin.write('hello\nhello\n');
    });
    child.stdin.write('hello\n');
    const { code, err } = await ended;
    expect([code, err]).toEqual([0, '']);
  });

  it.skipIf(process.platform === 'win32')('ends at Ctrl-C while it waits for a message', async () => {
    const { child, ended } = begin('--quiet');
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGINT'), 300));
    child.stdin.write('hello\n');
    const { code, err } = await ended;
    expect([code, err]).toEqual([130, 'lowrank: interrupted\n']);
  });
});
