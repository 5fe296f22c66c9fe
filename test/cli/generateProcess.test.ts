/** `lowrank generate` as a process: its streams, signals and exit codes. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODEL = `${ROOT}test/models/fixtures/llama.gguf`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Says on standard error when the process begins to listen for Ctrl-C. */
const LISTENS = `data:text/javascript,process.on('newListener', (name) => name === 'SIGINT' && process.stderr.write('listens\\n'))`;

/** Runs the built command on a small model, which generates to the end of its context. */
function begin(...args: string[]) {
  return beginWith([], ...args);
}

function beginWith(ofNode: readonly string[], ...args: string[]) {
  const all = [...ofNode, 'dist/cli/main.js', 'generate', '--model', MODEL, '--device', 'wasm', ...args];
  const child = spawn(process.execPath, all, { cwd: ROOT });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    texts.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    texts.err += chunk;
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
  return { child, ended };
}

describe('the process of lowrank generate', () => {
  it('reads the prompt from standard input', async () => {
    const { child, ended } = begin('--prompt', '-', '--json', '-', '--quiet');
    child.stdin.end('né ');
    const { code, out, err } = await ended;
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out).promptTokens).toBe(4);
  });

  it('refuses standard input that is not UTF-8', async () => {
    const { child, ended } = begin('--prompt', '-');
    child.stdin.end(Uint8Array.of(0x61, 0xff));
    expect(await ended).toEqual({
      code: 1,
      out: '',
      err: 'lowrank: standard input: must be text in UTF-8\n',
    });
  });

  it.skipIf(process.platform === 'win32')('ends at Ctrl-C while it waits for standard input', async () => {
    const { child, ended } = beginWith(['--import', LISTENS], '--prompt', '-');
    child.stdin.write('a');
    child.stderr.once('data', () => child.kill('SIGINT'));
    expect(await ended).toEqual({ code: 130, out: '', err: 'listens\nlowrank: interrupted\n' });
  });

  it('stops when its text is no longer read', async () => {
    const { child, ended } = begin('--prompt', 'hi', '--max-tokens', '1000');
    child.stdout.destroy();
    const { code, err } = await ended;
    expect(code).toBe(0);
    // All there is room for are 126.
    expect(Number(/text (\d+) token/.exec(err)?.[1])).toBeLessThan(100);
  });

  it.skipIf(process.platform !== 'linux')('says once that there is no space for its text', () => {
    const full = openSync('/dev/full', 'w');
    const all = ['dist/cli/main.js', 'generate', '--model', MODEL, '--prompt', 'hi', '--quiet'];
    const { status, stderr } = spawnSync(process.execPath, all, {
      cwd: ROOT,
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(String(stderr)).toBe(
      'lowrank: standard output cannot be written: no space left on the device (ENOSPC)\n',
    );
  });
});
