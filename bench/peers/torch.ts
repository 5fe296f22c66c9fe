/** PyTorch, in a Python process that times itself. Left out, with the reason, where there is none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LineProcess } from '../lineProcess.js';
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
  const env = { OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const child = new LineProcess({ program: python, words: [SCRIPT, folder], env });
  try {
    const { version = 'unknown', threads, python: pythonVersion } = await child.ask<Reply>({ do: 'hello' });
    const valuesOf = async (command: object) => (await child.ask<Reply>(command)).values ?? [];
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
      dispose: () => void child.end(),
    };
  } catch (error) {
    void child.end();
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the work as one file of numbers and one that describes their places. */
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
