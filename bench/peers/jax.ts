/** @jax-js/jax on its wasm backend: a step is one jitted function. In Node it has no workers: one thread. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { relaxedSimd } from 'wasm-feature-detect';
import {
  countWrong,
  EVALUATION_BATCHES,
  LETTERS,
  type Letters,
  MATMUL_SIZES,
  type Peer,
  STEP_KINDS,
  type StepKind,
  type Task,
  type TaskName,
  task,
} from './peer.js';
import {
  ADAM,
  BATCH_SIZE,
  batchesOf,
  CHECK_STEPS,
  CLASSES,
  FEATURES,
  type Layer,
  LORA,
  SCALING,
  STEPS,
  sampleRows,
  transpose,
  type Work,
} from './work.js';

type Arrays = { [name: string]: np.Array };

interface Batch {
  readonly x: np.Array;
  /** One-hot labels. */
  readonly y: np.Array;
}

export async function openJax(work: Work): Promise<Peer> {
  await init('wasm');
  defaultDevice('wasm');
  const tasks = new Map<TaskName, Task>();
  const batches = batchesOf(work.train, BATCH_SIZE).map(({ x, y, count }) => ({
    x: array(x, [count, FEATURES]),
    y: nn.oneHot(np.array(Int32Array.from(y)), CLASSES),
  }));
  for (const kind of STEP_KINDS) tasks.set(kind, stepTask(kind, work.initial, batches));
  for (const batchSize of EVALUATION_BATCHES) {
    tasks.set(`evaluation ${batchSize}`, evaluationTask(work, batchSize));
  }
  for (const size of MATMUL_SIZES) {
    const operands = work.matrices(size).map((values) => array(values, [size, size]));
    for (const letters of LETTERS)
      tasks.set(`matmul ${size} ${letters}`, matmulTask(operands, size, letters));
  }
  const path = createRequire(import.meta.url).resolve('@jax-js/jax');
  const { version } = JSON.parse(await readFile(new URL('../package.json', `file://${path}`), 'utf8'));
  return {
    name: 'jax-js',
    version,
    language: 'JavaScript',
    how: `wasm (${(await relaxedSimd()) ? 'simd, relaxed-simd' : 'simd'}), jit, its own gradients, no workers: 1 thread`,
    tasks,
    dispose: () => {},
  };
}

function array(values: Float32Array, shape: number[]): np.Array {
  return np.array(values.slice(), { shape });
}

/** Trained and frozen arrays, by names such as `weight0`; weights are [outFeatures, inFeatures]. */
function arraysOf(kind: StepKind, layers: readonly Layer[]): { weights: Arrays; lora: Arrays } {
  const [weights, lora]: [Arrays, Arrays] = [{}, {}];
  for (const [i, { inFeatures, outFeatures, weight, bias, loraA, loraB }] of layers.entries()) {
    weights[`weight${i}`] = array(weight, [outFeatures, inFeatures]);
    weights[`bias${i}`] = array(bias, [outFeatures]);
    if (kind === 'full') continue;
    lora[`loraA${i}`] = array(loraA, [LORA.rank, inFeatures]);
    lora[`loraB${i}`] = array(loraB, [outFeatures, LORA.rank]);
  }
  return { weights, lora };
}

/** Computes logits; it takes ownership of all its arguments. */
function forward(kind: StepKind, arrays: Arrays, x: np.Array, isTurned = false): np.Array {
  let y = x;
  for (let i = 0; i < 3; i++) {
    const [weight, bias, a, b] = ['weight', 'bias', 'loraA', 'loraB'].map((name) => arrays[`${name}${i}`]);
    if (kind === 'full') {
      y = np.matmul(y, isTurned ? weight : weight.transpose()).add(bias);
    } else if (kind === 'wrapper') {
      const update = np.matmul(np.matmul(y.ref, a.transpose()), b.transpose()).mul(SCALING);
      y = np.matmul(y, weight.transpose()).add(bias).add(update);
    } else {
      const adapted = weight.add(np.matmul(b, a).mul(SCALING));
      y = np.matmul(y, adapted.transpose()).add(bias);
    }
  }
  return nn.relu(y);
}

/** Makes a step, which returns the loss, then the trained arrays and their moments, all new. */
function makeStep(kind: StepKind) {
  const lossOf = valueAndGrad((trained: Arrays, frozen: Arrays, { x, y }: { x: np.Array; y: np.Array }) =>
    nn
      .logSoftmax(forward(kind, { ...frozen, ...trained }, x))
      .mul(y)
      .sum()
      .mul(-1 / BATCH_SIZE),
  );
  const { beta1, beta2, eps } = ADAM;
  return jit((state: Arrays[], frozen: Arrays, batch: Arrays, stepSize: np.Array, correction: np.Array) => {
    const [trained, m, v] = state;
    const [loss, gradient] = lossOf(tree.ref(trained), frozen, batch as { x: np.Array; y: np.Array });
    const [newTrained, newM, newV]: Arrays[] = [{}, {}, {}];
    for (const name of Object.keys(trained)) {
      const g = (gradient as Arrays)[name];
      const newMoment = m[name].mul(beta1).add(g.ref.mul(1 - beta1));
      const newSquare = v[name].mul(beta2).add(np.square(g).mul(1 - beta2));
      const divisor = np.sqrt(newSquare.ref).mul(correction.ref).add(eps);
      newTrained[name] = trained[name].sub(newMoment.ref.div(divisor).mul(stepSize.ref));
      newM[name] = newMoment;
      newV[name] = newSquare;
    }
    stepSize.dispose();
    correction.dispose();
    return [loss, newTrained, newM, newV] as [np.Array, Arrays, Arrays, Arrays];
  });
}

function stepTask(kind: StepKind, initial: readonly Layer[], batches: readonly Batch[]): Task {
  const step = makeStep(kind);
  let frozen: Arrays = {};
  let state: Arrays[] = [];
  let count = 0;
  const train = ({ x, y }: Batch): number => {
    count += 1;
    const stepSize = np.array(ADAM.learningRate / (1 - ADAM.beta1 ** count));
    const correction = np.array(1 / Math.sqrt(1 - ADAM.beta2 ** count));
    const batch = { x: x.ref, y: y.ref };
    const [loss, ...next] = step(state, tree.ref(frozen), batch, stepSize, correction);
    state = next;
    return loss.item();
  };
  return task({
    reset: () => {
      tree.dispose(state);
      tree.dispose(frozen);
      const { weights, lora } = arraysOf(kind, initial);
      const trained = kind === 'full' ? weights : lora;
      frozen = kind === 'full' ? {} : weights;
      const zeros = () => tree.map((each: np.Array) => np.zerosLike(each), tree.ref(trained)) as Arrays;
      state = [trained, zeros(), zeros()];
      count = 0;
    },
    check: () => batches.slice(0, CHECK_STEPS).map(train),
    run: () => {
      for (let i = 0; i < STEPS; i++) train(batches[i]);
    },
  });
}

/** Thin batches go faster with [inFeatures, outFeatures], thick ones (and training) with the transposes. */
function evaluationTask(work: Work, batchSize: number): Task {
  const isThin = batchSize < 100;
  const { weights } = arraysOf('full', work.trained);
  for (const [i, { weight, inFeatures, outFeatures }] of isThin ? work.trained.entries() : []) {
    const turned = transpose(weight, outFeatures, inFeatures);
    weights[`weight${i}`] = array(turned, [inFeatures, outFeatures]);
  }
  const predict = jit((arrays: Arrays, x: np.Array) => forward('full', arrays, x, isThin));
  const batches = batchesOf(work.test, batchSize);
  const inputs = batches.map(({ x, count }) => array(x, [count, FEATURES]));
  const run = () => {
    const wrong = new Array<number>(CLASSES).fill(0);
    for (const [i, { y }] of batches.entries()) {
      const logits = predict(tree.ref(weights), inputs[i].ref);
      countWrong(wrong, logits.dataSync(), y);
    }
    return wrong;
  };
  return task({ check: run, run: () => void run() });
}

function matmulTask([a, b]: readonly np.Array[], size: number, letters: Letters): Task {
  const multiply = jit((left: np.Array, right: np.Array) =>
    np.matmul(letters[0] === 'T' ? left.transpose() : left, letters[1] === 'T' ? right.transpose() : right),
  );
  return task({
    check: () => sampleRows(multiply(a.ref, b.ref).dataSync(), size),
    run: async () => {
      const product = multiply(a.ref, b.ref);
      await product.blockUntilReady();
      product.dispose();
    },
  });
}
