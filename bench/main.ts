/** `npm run bench`: measures a device, prints the figures, and writes them as JSON. */

import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { WasmBackend } from '../src/backends/wasm/index.js';
import type { DeviceName } from '../src/core.js';
import { selectDevice } from '../src/index.js';
import { loadMnist } from '../src/mnist/index.js';
import { mnistFiles, writeFileAtomic } from '../src/node.js';
import { readReport, renderComparison } from './compare.js';
import { matmulSuite } from './matmulSuite.js';
import { peakSuite } from './peakSuite.js';
import { measurePairs } from './ratio.js';
import { measure, printResults, type Result } from './result.js';
import { stepCounts } from './stepCounts.js';
import { stepSuite } from './stepSuite.js';
import { threadSuite } from './threadSuite.js';
import { trainingSuite } from './trainingSuite.js';

/** Ends with one line on standard error. */
function fail(error: unknown): never {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

const options = new Command('bench')
  .description('Measures kernels, training steps and evaluation, on one thread by default.')
  .option('--device <name>', 'auto, webgpu, wasm or reference', 'wasm')
  .option('--threads <n>', 'WebAssembly threads; the gain of a second one is measured with 1', '1')
  .option('--json <file>', 'where to write the figures', 'build/bench.json')
  .option('--compare <file>', 'show what changed against the figures of an earlier run')
  .option('--time <ms>', 'milliseconds for each measurement', '1000')
  .option('--deterministic', 'use the simd build even where the runtime has relaxed SIMD')
  .parse()
  .opts<{
    device: DeviceName;
    threads: string;
    json: string;
    compare?: string;
    time: string;
    deterministic?: boolean;
  }>();

const timeMs = Number(options.time);
const threads = Number(options.threads);
const { deterministic = false } = options;
// It is read before anything is measured or written, as it may be the file that is written.
const earlier = options.compare === undefined ? undefined : await readReport(options.compare).catch(fail);
const { device, reason } = await selectDevice({ prefer: options.device, deterministic, threads });
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
console.log(`${device.name} (${reason}); ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`);

const results: Result[] = [];
const show = (title: string, measured: readonly Result[]) => {
  if (measured.length > 0) printResults(title, measured);
  results.push(...measured);
};
show('matmul', await measure(await matmulSuite(device), timeMs));
if (device instanceof WasmBackend && threads === 1) {
  show('matmul, of the register peak', await measurePairs(await peakSuite(device), timeMs));
}
const { train, test } = await loadMnist(device, await mnistFiles());
show('DigitsNet', await measure(await trainingSuite(device, train, test), timeMs));
show('LoRA step', await measurePairs(stepSuite(device, train), timeMs));
show('wrapper LoRA step', await stepCounts(device, train));
if (device instanceof WasmBackend && threads === 1 && machine.cores > 1) {
  const { pairs, dispose } = await threadSuite(deterministic);
  show('two threads', await measurePairs(pairs, timeMs));
  dispose();
}

const report = {
  date: new Date().toISOString(),
  machine,
  device: { name: device.name, features: device.features, reason },
  results,
};
mkdirSync('build', { recursive: true });
await writeFileAtomic(options.json, new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`));
console.log(`written: ${options.json}`);
if (earlier) console.log(renderComparison(earlier, results));
device.dispose();
