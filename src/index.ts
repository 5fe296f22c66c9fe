/** `lowrank` in Node: the core, with its binaries read from the package's files and WebGPU by the package webgpu. */

import type { AnyBatch, Batches } from './data/batches.js';
import type { Batch } from './data/dataset.js';
import * as devices from './device.js';
import type { LoraAdapter } from './lora/adaptation.js';
import * as adapterFile from './lora/adapterFile.js';
import type { Layer, Module } from './nn/module.js';
import { readAdapterDirectory, writeDirectory } from './node/adapters.js';
import { readBinary } from './node/binary.js';
import { checkpointDirectory } from './node/checkpoints.js';
import { openGpu } from './node/gpu.js';
import { withDirectory } from './node/inUse.js';
import { threads } from './node/threads.js';
import * as training from './train/fit.js';

export * from './core.js';

const platform: devices.Platform = { readBinary, openGpu, threads };

/** {@inheritDoc devices.selectDevice} */
export function selectDevice(options: devices.SelectDeviceOptions = {}): Promise<devices.SelectedDevice> {
  return devices.selectDevice(options, platform);
}

/** {@inheritDoc devices.listDevices} */
export function listDevices(): Promise<devices.DeviceReport[]> {
  return devices.listDevices(platform);
}

/**
 * {@inheritDoc adapterFile.saveAdapter}
 * @param to  a directory, made if need be, or files by name
 */
export async function saveAdapter(
  model: Module,
  to: string | adapterFile.AdapterFiles,
  options: adapterFile.SaveAdapterOptions = {},
): Promise<void> {
  if (typeof to !== 'string') return adapterFile.saveAdapter(model, to, options);
  const files: adapterFile.AdapterFiles = new Map();
  await adapterFile.saveAdapter(model, files, options);
  await writeDirectory(to, files);
}

/**
 * {@inheritDoc adapterFile.loadAdapter}
 * @param from  a directory, or files by name
 */
export async function loadAdapter(
  model: Module,
  from: string | ReadonlyMap<string, Uint8Array>,
  options: adapterFile.LoadAdapterOptions = {},
): Promise<LoraAdapter> {
  if (typeof from !== 'string') return adapterFile.loadAdapter(model, from, options);
  return adapterFile.loadAdapter(model, await readAdapterDirectory(from), { from, ...options });
}

/** As in every runtime, or with the path of a directory for the checkpoint. */
export interface FitOptions<M extends Module = Layer, B extends AnyBatch = Batch>
  extends Omit<training.FitOptions<M, B>, 'checkpoint'> {
  readonly checkpoint?: Omit<training.CheckpointOptions, 'dir'> & {
    readonly dir: string | training.CheckpointOptions['dir'];
  };
}

/**
 * {@inheritDoc training.fit}
 * @throws DataError when another training run keeps its checkpoint in the same directory
 */
export async function fit<M extends Module, B extends AnyBatch>(
  model: M,
  data: Batches<B>,
  options: FitOptions<M, B>,
): Promise<training.FitResult> {
  const checkpoint = options?.checkpoint;
  // Without a path these are the options of every runtime, or something that is refused there.
  if (typeof checkpoint?.dir !== 'string')
    return training.fit(model, data, options as training.FitOptions<M, B>);
  const dir = checkpointDirectory(checkpoint.dir);
  return withDirectory(checkpoint.dir, { kind: 'checkpoint' }, () =>
    training.fit(model, data, { ...options, checkpoint: { ...checkpoint, dir } }),
  );
}
