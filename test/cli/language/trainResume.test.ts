/** `lowrank train --resume`: after kills and interruptions it ends with the bytes of an undisturbed run. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../src/base/random.js';
import { sha256 } from '../../../src/base/sha256.js';
import { adapterBytes, chats, FIXED, metricsOf, pairs, TrainPlace } from './trainSupport.js';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const place = new TrainPlace();
const data = place.file(chats(pairs(16)));
const STEPS = 24;
const ARGS = [
  '--data',
  data,
  '--iterations',
  `${STEPS}`,
  '--save-every',
  '3',
  '--validate-every',
  '5',
  '--dropout',
  '0.1',
];

let undisturbed: Awaited<ReturnType<TrainPlace['run']>>;
beforeAll(async () => {
  undisturbed = await place.run(...ARGS);
});
afterAll(() => place.remove());

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(out: string, ...args: string[]) {
  const all = [MAIN, 'train', '--model', place.model, ...FIXED, ...ARGS, '--out', out, ...args];
  // Those of this process, whose WebAssembly it is to have.
  const flags = process.execArgv.filter((flag) => flag.startsWith('--experimental-wasm'));
  const child = spawn(process.execPath, [...flags, ...all], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
  return { child, ended };
}

/** Waits until the metrics have the given number of steps, or the process has ended. */
async function untilSteps(
  out: string,
  count: number,
  { exitCode }: { exitCode: () => number | null },
): Promise<void> {
  const path = join(out, 'metrics.jsonl');
  const steps = () =>
    existsSync(path) ? (readFileSync(path, 'utf8').match(/"kind":"step"/g)?.length ?? 0) : 0;
  while (steps() < count && exitCode() === null) await new Promise((resolve) => setTimeout(resolve, 5));
}

const digestOf = (run: string) => sha256(adapterBytes(run));

/** The contents of all files of a run but the checkpoint's. */
function contentsOf(run: string): string[][] {
  const text = (name: string) => (name === 'checkpoint' ? '' : readFileSync(join(run, name), 'latin1'));
  return readdirSync(run).map((name) => [name, sha256(Buffer.from(text(name)))]);
}

function expectSame(out: string, losses: readonly number[]): void {
  expect(digestOf(out)).toBe(digestOf(undisturbed.out));
  expect(losses).toEqual(undisturbed.summary.losses);
  // Answers that Ctrl-C has cut off are not made again.
  for (const kind of ['step', 'validation']) {
    const known = ({ seconds: _, ...line }: Record<string, number>) => line;
    expect(metricsOf(out, kind).map(known), kind).toEqual(metricsOf(undisturbed.out, kind).map(known));
  }
  expect(readdirSync(out).sort()).toEqual(readdirSync(undisturbed.out).sort());
}

describe('lowrank train --resume', () => {
  it('comes to the same bytes after kills at random steps', async () => {
    const random = new Random(7);
    const out = place.path('killed');
    let done = 0;
    for (let kills = 0; kills < 3; kills++) {
      const { child, ended } = start(out, ...(kills === 0 ? [] : ['--resume']));
      // The run is past the steps before the last kill, of which less than three are lost.
      done += 2 + Math.floor(6 * random.uniform());
      await untilSteps(out, done, { exitCode: () => child.exitCode });
      child.kill('SIGKILL');
      expect((await ended).code).toBe(null);
    }
    const json = join(place.root, 'killed.json');
    // What a kill in the middle of a line leaves.
    appendFileSync(join(out, 'metrics.jsonl'), '{"kind":"step","step":2');
    const { code, err } = await start(out, '--resume', '--json', json, '--quiet').ended;
    expect([code, err]).toEqual([0, '']);
    expectSame(out, JSON.parse(readFileSync(json, 'utf8')).losses);
  });

  it('continues after Ctrl-C, which leaves an adapter and says how; what differs is listed and refused', async () => {
    const out = place.path('interrupted');
    const { child, ended } = start(out);
    await untilSteps(out, 4, { exitCode: () => child.exitCode });
    child.kill('SIGINT');
    const { code, err } = await ended;
    expect(code).toBe(130);
    const [, step] =
      /stopped at step (\d+) of 24; .* has the adapter so far: the same command with --resume continues\n/.exec(
        err,
      ) ?? [];
    expect(Number(step)).toBeGreaterThan(3);
    expect(Number(step)).toBeLessThan(STEPS);
    expect(err.trimEnd().split('\n').at(-1)).toBe('lowrank: interrupted');
    expect(statSync(join(out, 'adapter_model.safetensors')).size).toBeGreaterThan(1000);
    expect(await place.refusal(...ARGS, '--out', out)).toMatch(
      /^1: interrupted-\d+: holds a run already \(.*\): --resume continues it, --overwrite replaces it$/,
    );
    // As if it had been killed before it saved anything.
    const early = place.path('early');
    cpSync(out, early, { recursive: true });
    rmSync(join(early, 'checkpoint'), { recursive: true });

    const before = contentsOf(out);
    const resume = (...more: string[]) => place.refusal(...ARGS, '--out', out, '--resume', ...more);
    expect(await resume('--rank', '4')).toMatch(/is from another run: .*rank.* 8.* 4/);
    expect(await resume('--learning-rate', '1e-3')).toMatch(/is from another run: .*learningRate/);
    expect(await resume('--data', place.file(chats(pairs(15))))).toMatch(/is from another run: .*data/);
    expect(await resume('--batch-size', '2')).toMatch(/is from another run: .*data/);
    expect(await resume('--seed', '1')).toMatch(/is from another run: .*seed/);
    const other = place.makeModel('other', 'llama3');
    const weights = readFileSync(join(other, 'model.safetensors'));
    weights[weights.length - 2] ^= 1;
    writeFileSync(join(other, 'model.safetensors'), weights);
    expect(await resume('--model', other)).toMatch(/is from another run: /);
    expect(contentsOf(out)).toEqual(before);

    for (const run of [out, early]) expectSame(run, (await resumed(run)).summary.losses);
  });

  async function resumed(out: string, ...args: string[]) {
    const { out: text } = await place.train(
      ...ARGS,
      '--out',
      out,
      '--resume',
      '--json',
      '-',
      '--quiet',
      ...args,
    );
    return { summary: JSON.parse(text) };
  }

  it('is refused for a run that is done, and begins one where none is', async () => {
    expect(await place.refusal(...ARGS, '--out', undisturbed.out, '--resume')).toMatch(
      /^1: run-\d+: the run is done: there is nothing to continue$/,
    );
    const out = place.path('none');
    const { summary } = await resumed(out);
    expectSame(out, summary.losses);
  });

  it('refuses a second run into a folder while the first one lives', async () => {
    const out = place.path('two');
    const first = place.train(...ARGS, '--out', out, '--quiet');
    await untilSteps(out, 1, { exitCode: () => null });
    const refused = await place.refusal(...ARGS, '--out', out, '--overwrite');
    expect(refused).toMatch(/^1: two-\d+: is in use by this process/);
    await first;
    expect(digestOf(out)).toBe(digestOf(undisturbed.out));
  });

  it('replaces a run with --overwrite, and nothing that is of none', async () => {
    const out = place.path('replaced');
    await place.train(...ARGS, '--out', out, '--quiet', '--iterations', '2');
    writeFileSync(join(out, 'mine.txt'), 'mine');
    await place.train(...ARGS, '--out', out, '--quiet', '--overwrite');
    expect(digestOf(out)).toBe(digestOf(undisturbed.out));
    expect(readFileSync(join(out, 'mine.txt'), 'utf8')).toBe('mine');
    const project = place.folder({ 'README.md': 'mine' });
    for (const option of ['--overwrite', '--resume'])
      expect(await place.refusal(...ARGS, '--out', project, option)).toMatch(
        /^1: folder-\d+: holds README.md, and no settings.yaml of a run: name another folder$/,
      );
    expect(readFileSync(join(project, 'README.md'), 'utf8')).toBe('mine');
  });
});
