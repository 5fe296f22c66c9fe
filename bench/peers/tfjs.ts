/** @tensorflow/tfjs on its wasm backend with SIMD, one thread: unmodified, and with gradients and Adam written by hand. */

import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import {
  countWrong,
  EVALUATION_BATCHES,
  LETTERS,
  type Letters,
  MATMUL_SIZES,
  type Peer,
  STEP_KINDS,
  type Task,
  type TaskName,
  task,
} from './peer.js';
import { TfNet } from './tfjsNet.js';
import {
  BATCH_SIZE,
  batchesOf,
  CHECK_STEPS,
  CLASSES,
  FEATURES,
  STEPS,
  sampleRows,
  type Work,
} from './work.js';

/** The peer as its users write it: variables, its own gradients and Adam; it also does all tasks without training. */
export async function openTfjs(work: Work): Promise<Peer> {
  await start();
  const tasks = stepTasks(work, false);
  for (const batchSize of EVALUATION_BATCHES) {
    tasks.set(`evaluation ${batchSize}`, evaluationTask(work, batchSize));
  }
  for (const size of MATMUL_SIZES) {
    const operands = work.matrices(size).map((values) => tf.tensor2d(values, [size, size]));
    for (const letters of LETTERS)
      tasks.set(`matmul ${size} ${letters}`, matmulTask(operands, size, letters));
  }
  return {
    name: 'tfjs',
    version: tf.version_core,
    language: 'JavaScript',
    how: 'wasm (simd), its own gradients and Adam, products of explicit transposes, 1 thread',
    tasks,
    dispose: () => tf.disposeVariables(),
  };
}

/** The peer with gradients by hand: its own use transposed products, which miss its fast kernels; these transpose first. */
export async function openTfjsByHand(work: Work): Promise<Peer> {
  await start();
  return {
    name: 'tfjs by hand',
    version: tf.version_core,
    language: 'JavaScript',
    how: 'the same with gradients and Adam written by hand',
    tasks: stepTasks(work, true),
    dispose: () => {},
  };
}

async function start(): Promise<void> {
  if (tf.getBackend() === 'wasm') return;
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs: the wasm backend does not start');
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('tfjs: it does not use SIMD');
}

function stepTasks(work: Work, byHand: boolean): Map<TaskName, Task> {
  const tasks = new Map<TaskName, Task>();
  const batches = batchesOf(work.train, BATCH_SIZE).map(({ x, y, count }) => ({
    x: tf.tensor2d(x, [count, FEATURES]),
    y: tf.cast(tf.oneHot(tf.tensor1d(Int32Array.from(y), 'int32'), CLASSES), 'float32') as tf.Tensor2D,
  }));
  for (const kind of STEP_KINDS) {
    let net: TfNet | undefined;
    const train = (count: number) => batches.slice(0, count).map((batch) => net?.step(batch) ?? Number.NaN);
    const reset = () => {
      net?.dispose();
      net = new TfNet(kind, work.initial, byHand);
    };
    tasks.set(kind, task({ reset, check: () => train(CHECK_STEPS), run: () => void train(STEPS) }));
  }
  return tasks;
}

function evaluationTask(work: Work, batchSize: number): Task {
  const net = new TfNet('full', work.trained, false);
  const batches = batchesOf(work.test, batchSize).map(({ x, y, count }) => ({
    x: tf.tensor2d(x, [count, FEATURES]),
    y,
  }));
  const run = () => {
    const wrong = new Array<number>(CLASSES).fill(0);
    for (const { x, y } of batches) {
      const logits = tf.tidy(() => net.forward(x));
      countWrong(wrong, logits.dataSync(), y);
      logits.dispose();
    }
    return wrong;
  };
  return task({ check: run, run: () => void run() });
}

function matmulTask([a, b]: readonly tf.Tensor2D[], size: number, letters: Letters): Task {
  const multiply = () =>
    tf.tidy(() =>
      tf.matMul(letters[0] === 'T' ? tf.transpose(a) : a, letters[1] === 'T' ? tf.transpose(b) : b),
    );
  return task({
    check: () => {
      const product = multiply();
      const rows = sampleRows(product.dataSync(), size);
      product.dispose();
      return rows;
    },
    run: () => multiply().dispose(),
  });
}
