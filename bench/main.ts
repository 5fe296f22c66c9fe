/** `npm run bench`: prints what a device does, and writes it as JSON. */

import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import type { DeviceName } from '../src/core.js';
import { loadMnist, selectDevice } from '../src/index.js';
import { mnistFiles, writeFileAtomic } from '../src/node.js';
import { matmulSuite } from './matmulSuite.js';
import { measure, printResults } from './result.js';
import { stepCounts } from './stepCounts.js';
import { trainingSuite } from './trainingSuite.js';

const options = new Command('bench')
  .description('Measures kernels, training steps and evaluation; on wasm that is one core.')
  .option('--device <name>', 'auto, webgpu, wasm or reference', 'wasm')
  .option('--json <file>', 'where to write the figures', 'build/bench.json')
  .option('--time <ms>', 'milliseconds to measure each', '1000')
  .option('--deterministic', 'keep to the simd build where the runtime has relaxed SIMD')
  .parse()
  .opts<{ device: DeviceName; json: string; time: string; deterministic?: boolean }>();

const timeMs = Number(options.time);
const { device, reason } = await selectDevice({
  prefer: options.device,
  deterministic: options.deterministic ?? false,
});
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
console.log(`${device.name} (${reason}); ${machine.cpu}, Node ${machine.node}`);

const matmul = await measure(await matmulSuite(device), timeMs);
printResults('matmul', matmul);
const { train, test } = await loadMnist(device, await mnistFiles());
const training = await measure(await trainingSuite(device, train, test), timeMs);
printResults('DigitsNet', training);
const counts = await stepCounts(device, train);
if (counts.length > 0) printResults('wrapper LoRA step', counts);

const report = {
  date: new Date().toISOString(),
  machine,
  device: { name: device.name, features: device.features, reason },
  results: [...matmul, ...training, ...counts],
};
mkdirSync('build', { recursive: true });
await writeFileAtomic(options.json, new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`));
console.log(`written: ${options.json}`);
device.dispose();
