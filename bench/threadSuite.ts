/** The gain of a second thread. */
import type { Backend } from '../src/backends/backend.js';
import { selectDevice } from '../src/index.js';
import { loadMnist } from '../src/mnist/index.js';
import { mnistFiles } from '../src/node.js';
import type { Pair, Work } from './ratio.js';
import { fullSteps, loraSteps } from './stepSuite.js';

const SIZE = 1024;

function square(device: Backend): Work {
  const [out, a, b] = [0, 1, 2].map(() => device.alloc('f32', SIZE * SIZE));
  for (const storage of [a, b]) device.run('fill', { out: storage, value: 0.5 });
  return () => device.run('matmul', { out, a, b, m: SIZE, k: SIZE, n: SIZE });
}

/** Pairs of the same work on one thread and on two. */
export async function threadSuite(deterministic: boolean): Promise<{ pairs: Pair[]; dispose: () => void }> {
  const works = [1, 2].map(async (threads) => {
    const { device } = await selectDevice({ prefer: 'wasm', deterministic, threads });
    const { train } = await loadMnist(device, await mnistFiles());
    return {
      device,
      byName: {
        '1024³ NN': square(device),
        'full step, batch 10': fullSteps(device, train, 10),
        'full step, batch 256': fullSteps(device, train, 256),
        'LoRA step, wrapper, batch 10': loraSteps(device, train, { batchSize: 10, rank: 2 }),
        'LoRA step, wrapper, batch 256': loraSteps(device, train, { batchSize: 256, rank: 2 }),
      },
    };
  });
  const [one, two] = await Promise.all(works);
  const base = new Map<string, Work>(Object.entries(one.byName));
  const pairs = Object.entries(two.byName).map(([name, work]) => ({
    name,
    unit: 'times as fast',
    base: base.get(name) ?? work,
    work,
    value: (ratio: number) => 1 / ratio,
    lowerIsBetter: false,
  }));
  return { pairs, dispose: () => two.device.dispose() };
}
