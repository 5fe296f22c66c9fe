/** The devices that the tests run on. */
import { relaxedSimd } from 'wasm-feature-detect';
import type { Backend } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { createWasmBackend, type WasmBackend, type WasmBuild } from '../../src/backends/wasm/index.js';
import { readBinary } from '../../src/node/binary.js';
import { threads as threadPlatform } from '../../src/node/threads.js';
import { hasWebGpu, webgpu } from './webgpuDevice.js';

export const reference = new ReferenceBackend();

const hasRelaxed = await relaxedSimd();
if (!hasRelaxed) console.warn('left out: the relaxed build, this runtime has no relaxed SIMD');

/** The compiled builds that this runtime can run. */
export const wasmBuilds: readonly WasmBuild[] = hasRelaxed ? ['simd', 'relaxed', 'debug'] : ['simd', 'debug'];

export function wasm(build: WasmBuild = 'simd', threads = 1): Promise<WasmBackend> {
  return createWasmBackend({ readBinary, build, threads, threadPlatform });
}

/** A fresh device of every kind, by name. */
export async function allDevices(): Promise<[name: string, device: Backend][]> {
  const devices: [string, Backend][] = [['reference', new ReferenceBackend()]];
  for (const build of wasmBuilds) devices.push([`wasm ${build}`, await wasm(build)]);
  if (hasWebGpu) devices.push(['webgpu', await webgpu()]);
  return devices;
}
