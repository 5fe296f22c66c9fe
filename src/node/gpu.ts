/** WebGPU in Node: Dawn, through the optional npm package webgpu. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { DeviceError } from '../base/errors.js';
import { reasonOf } from './files.js';

/** Keeps the `gpu` object: if it is collected while a device is in use, the process dies. */
const kept = globalThis as { lowrankGpu?: GPU };

/** Paths of graphics cards on Linux: those of open drivers, of NVIDIA, and of Windows for Linux inside it. */
const CARDS = ['/dev/dri', '/dev/nvidia0', '/dev/dxg'];

/**
 * Opens WebGPU. On Linux it looks for a card before it loads Dawn, unless software is allowed: Dawn takes a while, and
 * complains on standard error about every driver that does not suit it.
 * @throws DeviceError when there is no card, or the package is missing or does not load
 */
export async function openGpu(allowSoftware: boolean): Promise<GPU> {
  if (!allowSoftware && process.platform === 'linux') lookForCard();
  if (kept.lowrankGpu) return kept.lowrankGpu;
  quietenLoader();
  try {
    const { create } = await import('webgpu');
    kept.lowrankGpu = create([]);
    return kept.lowrankGpu;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    const what = isMissing ? 'is missing: npm install webgpu@0.6.2' : `does not load: ${reasonOf(error)}`;
    throw new DeviceError(`webgpu: the npm package webgpu ${what}`, { cause: error });
  }
}

/** @throws DeviceError when no card is seen, also where a runtime's permissions hide them */
function lookForCard(): void {
  let hidden: string | undefined;
  for (const path of CARDS) {
    try {
      if (existsSync(path)) return;
    } catch (error) {
      hidden ??= reasonOf(error);
    }
  }
  const why = hidden === undefined ? 'there is no graphics card' : `no graphics card can be seen (${hidden})`;
  throw new DeviceError(`webgpu: ${why}: none of ${CARDS.join(', ')}`);
}

/** Sets a variable without which Vulkan's loader complains on standard error, as for services and in containers. */
function quietenLoader(): void {
  try {
    process.env.XDG_RUNTIME_DIR ??= tmpdir();
  } catch {
    // In a runtime that hides the environment, the complaint is the only consequence.
  }
}
