/** PyTorch, in a Python process that times itself. Left out, with the reason, where there is none. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MATMUL_SIZES, type Peer, TASK_NAMES, type TaskName } from './peer.js';
import {
  ADAM,
  BATCH_SIZE,
  CHECK_STEPS,
  FEATURES,
  type Layer,
  LORA,
  SCALING,
  sampledRows,
  type Work,
} from './work.js';

const SCRIPT = fileURLToPath(new URL('torch_bench.py', import.meta.url));

interface Reply {
  readonly error?: string;
  readonly values?: number[];
  readonly version?: string;
  readonly threads?: number;
  readonly python?: string;
}

/** @throws Error in words when there is no python3 with torch; LOWRANK_PYTHON names another interpreter */
export async function openTorch(work: Work): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'lowrank-peers-'));
  writeWork(folder, work);
  const python = process.env.LOWRANK_PYTHON ?? 'python3';
  const child = new TorchProcess(python, folder);
  try {
    const { version = 'unknown', threads, python: pythonVersion } = await child.ask({ do: 'hello' });
    const valuesOf = async (command: object) => (await child.ask(command)).values ?? [];
    const tasks = TASK_NAMES.map((name) => {
      const check = () => valuesOf({ do: 'check', task: name });
      return [name, { check, time: (ms: number) => valuesOf({ do: 'time', task: name, ms }) }] as const;
    });
    return {
      name: 'PyTorch',
      version,
      language: 'Python',
      how: `eager, Python ${pythonVersion}, ${threads} thread`,
      tasks: new Map(tasks),
      dispose: () => child.end(),
    };
  } catch (error) {
    child.end();
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Questions and answers are lines, in turn. */
class TorchProcess {
  readonly #child: ChildProcess;
  readonly #failed: Promise<never>;
  readonly #answers: AsyncIterator<string>;
  #complaints = '';

  constructor(python: string, folder: string) {
    this.#child = spawn(python, [SCRIPT, folder], {
      env: { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' },
    });
    const { stdin, stdout, stderr } = this.#child;
    if (!stdin || !stdout || !stderr) throw new Error('torch: the process has no pipes');
    // That it ended is told by its close.
    stdin.on('error', () => {});
    stderr.on('data', (bytes) => {
      this.#complaints += bytes;
    });
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    this.#failed = new Promise((_, reject) => {
      this.#child.on('error', (error) => reject(new Error(`${python} does not start: ${error.message}`)));
      this.#child.on('close', () => {
        const last = this.#complaints.trim().split('\n').at(-1);
        reject(new Error(`${python} ended: ${last || 'without a word'}`));
      });
    });
    this.#failed.catch(() => {});
  }

  async ask(command: object): Promise<Reply> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    const line = await Promise.race([this.#answers.next(), this.#failed]);
    if (line.done) return this.#failed;
    const reply: Reply = JSON.parse(line.value);
    if (reply.error !== undefined) throw new Error(`torch: ${reply.error}`);
    return reply;
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

/** The work as one file of numbers and one that says what is where. */
function writeWork(folder: string, work: Work): void {
  const arrays: Record<string, { dtype: string; shape: number[]; offset: number }> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  const add = (name: string, data: Float32Array | Uint8Array, shape: number[]) => {
    arrays[name] = { dtype: data instanceof Float32Array ? 'f32' : 'u8', shape, offset };
    const padded = new Uint8Array(Math.ceil(data.byteLength / 16) * 16);
    padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    parts.push(padded);
    offset += padded.length;
  };
  const addLayers = (name: string, layers: readonly Layer[]) => {
    for (const [i, { inFeatures, outFeatures, weight, bias, loraA, loraB }] of layers.entries()) {
      add(`${name}.${i}.weight`, weight, [outFeatures, inFeatures]);
      add(`${name}.${i}.bias`, bias, [outFeatures]);
      add(`${name}.${i}.loraA`, loraA, [LORA.rank, inFeatures]);
      add(`${name}.${i}.loraB`, loraB, [outFeatures, LORA.rank]);
    }
  };
  for (const name of ['train', 'test'] as const) {
    const { x, y, count } = work[name];
    add(`${name}.x`, x, [count, FEATURES]);
    add(`${name}.y`, y, [count]);
  }
  addLayers('initial', work.initial);
  addLayers('trained', work.trained);
  for (const size of MATMUL_SIZES) {
    const [a, b] = work.matrices(size);
    add(`matrix.${size}.a`, a, [size, size]);
    add(`matrix.${size}.b`, b, [size, size]);
  }
  writeFileSync(join(folder, 'data.bin'), Buffer.concat(parts));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ arrays, ...settings(TASK_NAMES) }));
}

function settings(tasks: readonly TaskName[]): object {
  const rows = Object.fromEntries(MATMUL_SIZES.map((size) => [size, sampledRows(size)]));
  return {
    tasks,
    adam: ADAM,
    scaling: SCALING,
    batchSize: BATCH_SIZE,
    checkSteps: CHECK_STEPS,
    sampledRows: rows,
  };
}
