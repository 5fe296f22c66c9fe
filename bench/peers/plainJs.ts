/** Plain JavaScript: decent loops over Float32Arrays, without any library. */
import {
  countWrong,
  EVALUATION_BATCHES,
  LETTERS,
  MATMUL_SIZES,
  type Peer,
  STEP_KINDS,
  type Task,
  type TaskName,
  task,
} from './peer.js';
import { matmul, rows, transposed } from './plainMatmul.js';
import { PlainNet } from './plainNet.js';
import { BATCH_SIZE, batchesOf, CHECK_STEPS, CLASSES, sampleRows, type Work } from './work.js';

export async function openPlainJs(work: Work): Promise<Peer> {
  const tasks = new Map<TaskName, Task>();
  const batches = batchesOf(work.train, BATCH_SIZE);
  for (const kind of STEP_KINDS) {
    let net = new PlainNet(kind, work.initial);
    tasks.set(
      kind,
      task({
        reset: () => {
          net = new PlainNet(kind, work.initial);
        },
        check: () => batches.slice(0, CHECK_STEPS).map((batch) => net.step(batch)),
        run: () => {
          for (const batch of batches) net.step(batch);
        },
      }),
    );
  }
  for (const batchSize of EVALUATION_BATCHES) {
    const run = () => evaluate(work, batchSize);
    tasks.set(`evaluation ${batchSize}`, task({ check: run, run: () => void run() }));
  }
  addMatmuls(tasks, work);
  return {
    name: 'plain JavaScript',
    version: process.version,
    language: 'JavaScript',
    how: 'loops over Float32Array in 2×4 tiles, own gradients, 1 thread',
    tasks,
    dispose: () => {},
  };
}

function evaluate(work: Work, batchSize: number): number[] {
  const net = new PlainNet('full', work.trained);
  const wrong = new Array<number>(CLASSES).fill(0);
  for (const batch of batchesOf(work.test, batchSize)) {
    countWrong(wrong, net.forward(batch), batch.y);
  }
  return wrong;
}

function addMatmuls(tasks: Map<TaskName, Task>, work: Work): void {
  for (const size of MATMUL_SIZES) {
    const out = new Float32Array(size * size);
    const [a, b] = work.matrices(size);
    for (const letters of LETTERS) {
      const left = (letters[0] === 'T' ? transposed : rows)(a, size);
      const right = (letters[1] === 'T' ? transposed : rows)(b, size);
      const run = () => matmul(out, [size, size, size], left, right);
      const check = () => {
        run();
        return sampleRows(out, size);
      };
      tasks.set(`matmul ${size} ${letters}`, task({ check, run }));
    }
  }
}
