/**
 * Fingerprints of runs, which must be equal for one to continue the other: every option that determines the result,
 * and digests of the data and of the frozen weights, each under a name that an error can report.
 */

import { sha256, sha256Of } from '../base/sha256.js';
import type { Batches } from '../data/batches.js';
import { asBytes } from '../files/bytes.js';
import { findAdaptation } from '../lora/adaptation.js';
import { Dropout } from '../nn/dropout.js';
import type { Module } from '../nn/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { Parameter, type Tensor } from '../tensor.js';

export type Setting = string | number | boolean;

/** Settings by name; a Map, since a name may be any text. */
export type Settings = ReadonlyMap<string, Setting>;

/**
 * Settings by the object that they belong to. The settings of an optimizer or an adapter that only one of two runs has are
 * not compared: the group `run` lists which exist.
 */
export type Fingerprint = ReadonlyMap<string, Settings>;

/** The objects and options of a run. */
export interface FingerprintParts {
  /** Options and their values, with the defaults filled in. */
  readonly options: Readonly<Record<string, Setting>>;
  readonly model: Module;
  readonly data: Batches;
  readonly optimizer: Optimizer;
  readonly validationData: Batches | undefined;
  /** Additional settings of the caller. */
  readonly settings: Readonly<Record<string, Setting>>;
}

const RUN = 'run';
const CONTENTS = 'contents';

/**
 * The fingerprint of a run. It reads the data and the frozen weights once.
 * @throws TypeError for a setting of the caller that JSON cannot hold
 */
export async function fingerprintOf(parts: FingerprintParts): Promise<Fingerprint> {
  const { options, model, optimizer, settings } = parts;
  const adapters = [...(findAdaptation(model)?.adapters.keys() ?? [])];
  const run = new Map<string, Setting>([
    ...Object.entries(options),
    ['optimizer', optimizer.name],
    ['adapters', adapters.join(', ') || 'none'],
    ['active adapters', findAdaptation(model)?.active.join(', ') || 'none'],
    ...dropoutSettings(model),
  ]);
  for (const [name, value] of Object.entries(settings)) checkSetting(name, value);
  return new Map<string, Settings>([
    [RUN, run],
    ['settings', new Map(Object.entries(settings))],
    [`optimizer ${optimizer.name}`, new Map(optimizerSettings(model, optimizer))],
    ...adapters.map((name): [string, Settings] => [`adapter ${name}`, new Map(adapterSettings(model, name))]),
    [CONTENTS, await contentsOf(parts)],
  ]);
}

function checkSetting(name: string, value: unknown): void {
  const isKept = typeof value === 'number' ? Number.isFinite(value) : /string|boolean/.test(typeof value);
  if (isKept) return;
  throw new TypeError(
    `fit: checkpoint.settings.${name} must be text, a finite number or a boolean: ${value}`,
  );
}

async function contentsOf({ model, data, validationData }: FingerprintParts): Promise<Settings> {
  const found = new Map<string, Setting>([['the data', await data.digest()]]);
  if (validationData) found.set('the validation data', await validationData.digest());
  for (const [path, tensor] of model.namedTensors()) {
    if (tensor instanceof Parameter && !tensor.requiresGrad) {
      found.set(`the frozen ${path}`, await digestOf(tensor));
    }
  }
  return found;
}

/** Digest of a tensor, the same on every device of float32, and on a float64 device after rounding. */
async function digestOf(tensor: Tensor): Promise<string> {
  const values = await tensor.read();
  return sha256Of(asBytes(values instanceof Float64Array ? new Float32Array(values) : values, 'fit: values'));
}

function dropoutSettings(model: Module): [string, Setting][] {
  return [...model.namedModules()].flatMap(([path, module]) =>
    module instanceof Dropout ? [[`dropout at ${path}`, module.probability]] : [],
  );
}

/** Settings of an optimizer, and the order of its parameters, whose state it keeps by number. */
function* optimizerSettings(model: Module, optimizer: Optimizer): Generator<[string, Setting]> {
  yield* Object.entries(optimizer.settings);
  yield ['learningRateFactor', optimizer.learningRateFactor];
  const paths = new Map(Array.from(model.namedParameters(), ([path, parameter]) => [parameter, path]));
  const order: string[] = [];
  for (const { parameter, learningRate } of optimizer.places) {
    const path = paths.get(parameter) ?? `(a parameter [${parameter.shape}] outside the model)`;
    order.push(path);
    if (learningRate !== undefined) yield [`learningRate of ${path}`, learningRate];
  }
  yield ['order of the parameters in the optimizer', sha256(order.join('\n'))];
}

function* adapterSettings(model: Module, name: string): Generator<[string, Setting]> {
  const adapter = findAdaptation(model)?.adapters.get(name);
  if (!adapter) return;
  const whose = name === 'default' ? 'the adapter' : `adapter ${name}`;
  const { method, rank, alpha, useRslora, useDora, dropout, bias, loraBias, init, seed } = adapter.config;
  const settings = { method, rank, alpha, useRslora, useDora, dropout, bias, loraBias, init, seed };
  for (const [setting, value] of Object.entries(settings)) yield [`${setting} of ${whose}`, value];
  for (const [path, factors] of adapter.factors) {
    if (factors.rank !== rank) yield [`rank of ${whose} at ${path}`, factors.rank];
    if (factors.alpha !== alpha) yield [`alpha of ${whose} at ${path}`, factors.alpha];
    if (factors.factor !== 1) yield [`scale of ${whose} at ${path}`, factors.factor];
  }
}

/** Every difference in words, those of contents at the end. @param was  the checkpoint's fingerprint */
export function differences(was: Fingerprint, is: Fingerprint): string[] {
  const found: string[] = [];
  for (const [group, now] of is) {
    const before = was.get(group);
    if (!before) continue;
    for (const name of new Set([...now.keys(), ...before.keys()])) {
      const values = [before.get(name), now.get(name)];
      if (values[0] !== values[1]) found.push(`${name} ${sayChange(values)}`);
    }
  }
  return found;
}

function sayChange([before, now]: readonly (Setting | undefined)[]): string {
  if (isDigest(before) && isDigest(now)) {
    return `differs: SHA-256 was ${before.slice(0, 12)}…, is ${now.slice(0, 12)}…`;
  }
  const say = (value: Setting | undefined) => (isDigest(value) ? 'present' : (value ?? 'absent'));
  return `was ${say(before)}, is ${say(now)}`;
}

function isDigest(value: Setting | undefined): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
