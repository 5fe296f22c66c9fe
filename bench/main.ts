/** `npm run bench`: prints what one core does, and writes it as JSON. */

import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { loadMnist, selectDevice } from '../src/index.js';
import { mnistFiles, writeFileAtomic } from '../src/node.js';
import { matmulSuite } from './matmulSuite.js';
import { measure, printResults } from './result.js';
import { trainingSuite } from './trainingSuite.js';

const options = new Command('bench')
  .description('Measures kernels, training steps and evaluation on one core.')
  .option('--json <file>', 'where to write the figures', 'build/bench.json')
  .option('--time <ms>', 'milliseconds to measure each', '1000')
  .option('--deterministic', 'keep to the simd build where the runtime has relaxed SIMD')
  .parse()
  .opts<{ json: string; time: string; deterministic?: boolean }>();

const timeMs = Number(options.time);
const { device, reason } = await selectDevice({ deterministic: options.deterministic ?? false });
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
console.log(`${device.name} (${reason}); ${machine.cpu}, Node ${machine.node}, one thread`);

const matmul = await measure(await matmulSuite(device), timeMs);
printResults('matmul', matmul);
const { train, test } = await loadMnist(device, await mnistFiles());
const training = await measure(await trainingSuite(device, train, test), timeMs);
printResults('DigitsNet', training);

const report = {
  date: new Date().toISOString(),
  machine,
  device: { name: device.name, features: device.features, reason },
  results: [...matmul, ...training],
};
mkdirSync('build', { recursive: true });
await writeFileAtomic(options.json, new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`));
console.log(`written: ${options.json}`);
