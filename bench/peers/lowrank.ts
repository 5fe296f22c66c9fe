/** lowrank itself, through its public API, on any of its devices: the timed one, and the exact one. */
import { readFile } from 'node:fs/promises';
import {
  Adam,
  applyLora,
  type Backend,
  type Dataset,
  evaluate,
  fit,
  type Module,
  selectDevice,
} from '../../src/index.js';
import { DigitsNet, loadMnist } from '../../src/mnist/index.js';
import { mnistFiles } from '../../src/node.js';
import {
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
  CHECK_STEPS,
  DEVICE,
  type Layer,
  LORA,
  STEPS,
  sampleRows,
  type Work,
} from './work.js';

export async function openLowrank(work: Work, deterministic: boolean): Promise<Peer> {
  const { device } = await selectDevice({ ...DEVICE, deterministic });
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  return {
    name: 'lowrank',
    version: manifest.version,
    language: 'JavaScript',
    how: `wasm (${device.features.join(', ')}), 1 thread`,
    tasks: await lowrankTasks(device, work),
    dispose: () => device.dispose(),
  };
}

/** Tasks of lowrank; checks are the same on every device, and on `reference` they give the right answers. */
export async function lowrankTasks(device: Backend, work: Work): Promise<Map<TaskName, Task>> {
  const { train, test } = await loadMnist(device, await mnistFiles());
  const tasks = new Map<TaskName, Task>();
  for (const kind of STEP_KINDS) tasks.set(kind, stepTask(device, train, work.initial, kind));
  const trained = new DigitsNet(device);
  load(trained, work.trained);
  for (const batchSize of EVALUATION_BATCHES) {
    const run = async () => (await evaluate(trained, test, { batchSize })).wrong;
    tasks.set(`evaluation ${batchSize}`, task({ check: run, run: async () => void (await run()) }));
  }
  for (const size of MATMUL_SIZES) {
    for (const letters of LETTERS) {
      tasks.set(`matmul ${size} ${letters}`, matmulTask(device, work, size, letters));
    }
  }
  return tasks;
}

/** `fit` on the batches in their order: gathering, the event loop's turns and reading the loss included. */
function stepTask(device: Backend, train: Dataset, initial: readonly Layer[], kind: StepKind): Task {
  const model = new DigitsNet(device);
  if (kind !== 'full') {
    applyLora(model, { ...LORA, method: kind === 'wrapper' ? 'layer' : 'parametrization' });
  }
  const data = train.take(STEPS * BATCH_SIZE);
  const optimizer = new Adam(model.parameters(), ADAM);
  let fresh: Awaited<ReturnType<Adam['stateDict']>> | undefined;
  const trainFor = (options: { limit: number; onLoss?: (loss: number) => void }) =>
    fit(model, data, {
      optimizer,
      batchSize: BATCH_SIZE,
      shuffle: false,
      limit: options.limit,
      ...(options.onLoss && { onStep: ({ loss }) => options.onLoss?.(loss) }),
    });
  return task({
    reset: async () => {
      fresh ??= await optimizer.stateDict();
      optimizer.loadStateDict(fresh);
      load(model, initial);
    },
    check: async () => {
      const losses: number[] = [];
      await trainFor({ limit: CHECK_STEPS, onLoss: (loss) => losses.push(loss) });
      return losses;
    },
    run: async () => void (await trainFor({ limit: STEPS })),
  });
}

/** Writes the values of the layers into a plain, wrapped or parametrized model. */
function load(model: Module, layers: readonly Layer[]): void {
  const kinds = ['weight', 'bias', 'loraA', 'loraB'] as const;
  for (const [path, tensor] of model.namedTensors()) {
    const layer = layers[Number(path.match(/^linear(\d)/)?.[1]) - 1];
    const kind = path.endsWith('.original') ? 'weight' : kinds.find((each) => path.endsWith(`.${each}`));
    if (!layer || !kind) throw new Error(`load: the model has an unknown tensor: ${path}`);
    tensor.write(layer[kind]);
  }
}

function matmulTask(device: Backend, work: Work, size: number, letters: Letters): Task {
  const dims = {
    m: size,
    k: size,
    n: size,
    transA: letters[0] === 'T',
    transB: letters[1] === 'T',
  };
  const [out, a, b] = [0, 1, 2].map(() => device.alloc('f32', size * size));
  for (const [i, storage] of [a, b].entries()) device.write(storage, work.matrices(size)[i]);
  const run = () => {
    device.run('matmul', { out, a, b, ...dims });
    return device.sync();
  };
  return task({
    check: async () => {
      await run();
      return sampleRows((await device.read(out)) as Float32Array, size);
    },
    run,
  });
}
