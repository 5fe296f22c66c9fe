/** Files that are not what `fit` wrote: whatever changed, they are refused in one line. Oracle: only the original loads. */
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { sha256 } from '../../src/base/sha256.js';
import { Dataset } from '../../src/data/dataset.js';
import { Dropout } from '../../src/nn/dropout.js';
import { Linear } from '../../src/nn/linear.js';
import { Sequential } from '../../src/nn/sequential.js';
import { SGD } from '../../src/optim/sgd.js';
import { parseSafetensors, serializeSafetensors, toFloat32 } from '../../src/safetensors/safetensors.js';
import { readCheckpoint } from '../../src/train/checkpointFile.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';

const device = await wasm();
const NAME = 'checkpoint.safetensors';
const images = Uint8Array.from({ length: 40 }, (_, i) => (i * 91) % 256);
const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 2);
const data = Dataset.fromBytes(device, images, labels, { features: 2, classes: 2, mean: 0.5, std: 0.3 });

async function train(dir: Map<string, Uint8Array>, options: Partial<FitOptions> = {}) {
  const model = new Sequential(new Linear(device, 2, 2), new Dropout(device, 0.5, 3));
  const optimizer = new SGD(model.parameters(), { momentum: 0.9 });
  const validation = { data, every: 2, patience: 9 };
  const checkpoint = { dir, every: 100, resume: true };
  const before = await model.parameters()[0].read();
  const result = await fit(model, data, {
    optimizer,
    batchSize: 5,
    validation,
    checkpoint,
    ...options,
  }).catch((error: unknown) => error);
  return { result, isUnchanged: (await model.parameters()[0].read()).join() === before.join() };
}

const files = new Map<string, Uint8Array>();
await train(files);
const whole = files.get(NAME) ?? new Uint8Array();

function refusal(bytes: Uint8Array): string {
  try {
    readCheckpoint(bytes, NAME);
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return String(error);
  }
  return 'taken';
}

/** The file with its JSON changed, and a checksum that fits. */
function forged(
  change: (training: Record<string, never>) => unknown,
  extra: [string, number[]][] = [],
): Uint8Array {
  const { tensors, metadata } = parseSafetensors(whole, NAME);
  const training = JSON.parse(metadata.training);
  const changed = change(training) ?? training;
  const written = Array.from(
    tensors,
    ([name, tensor]) => [name, { dtype: 'F32', shape: tensor.shape, data: toFloat32(tensor, name) }] as const,
  );
  const more = extra.map(
    ([name, shape]) =>
      [name, { dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }] as const,
  );
  return sealed(
    serializeSafetensors([...written.filter(([name]) => !more.some(([other]) => other === name)), ...more], {
      checksum: '0'.repeat(64),
      format: 'pt',
      training: typeof changed === 'string' ? changed : JSON.stringify(changed),
    }),
  );
}

function sealed(bytes: Uint8Array): Uint8Array {
  bytes.set(new TextEncoder().encode(sha256(bytes)), 8 + '{"__metadata__":{"checksum":"'.length);
  return bytes;
}

describe('a checkpoint', () => {
  it('is taken as it was written', async () => {
    expect(refusal(whole)).toBe('taken');
    expect(refusal(forged((training) => training))).toBe('taken');
    expect((await train(new Map(files))).result).toMatchObject({ iterations: 4 });
  });

  it('is refused with any bit flipped', { timeout: 120_000 }, () => {
    for (let position = 0; position < whole.length; position++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = whole.slice();
        bytes[position] ^= 1 << bit;
        const message = refusal(bytes);
        expect(message, `byte ${position}, bit ${bit}`).toMatch(
          /^DataError: checkpoint\.safetensors: [^\n]{10,220}$/,
        );
      }
    }
  });

  it('is refused cut off anywhere, and with anything after it', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(refusal(whole.subarray(0, length)), `${length}`).toMatch(
        /^DataError: checkpoint\.safetensors: [^\n]+$/,
      );
    }
    expect(refusal(Uint8Array.of(...whole, 0))).toContain('is damaged');
    expect(refusal(Uint8Array.of(...whole, ...whole))).toContain('is damaged');
  });

  it('of an older version is refused', () => {
    const { metadata } = parseSafetensors(whole, NAME);
    const old = serializeSafetensors([], { format: 'pt', training: metadata.training });
    expect(refusal(old)).toMatch(
      /must begin with a checksum: it is damaged, is not a checkpoint, or was made by an older version/,
    );
  });

  const position = (change: object) => (training: Record<string, never>) => ({
    ...training,
    position: { ...(training.position as object), ...change },
  });
  const without = (key: string) => (training: Record<string, never>) =>
    Object.fromEntries(Object.entries(training).filter(([name]) => name !== key));

  it.each<[string, Uint8Array, string]>([
    ['invalid JSON', forged(() => '{'), 'its metadata must have the training as JSON'],
    ['an array', forged(() => []), 'training must be an object: found something else'],
    ['no version', forged(without('version')), 'field is missing: version'],
    [
      'a newer version',
      forged((training) => ({ ...training, version: 3 })),
      'version of the checkpoint must be 2: it is 3',
    ],
    ['no position', forged(without('position')), 'field is missing: position'],
    ['no fingerprint', forged(without('fingerprint')), 'field is missing: fingerprint'],
    ['no dropout', forged(without('dropout')), 'field is missing: dropout'],
    ['another field', forged((training) => ({ ...training, iteratioo: 1 })), 'unknown field: iteratioo'],
    [
      'another name',
      forged(position({ iteration: undefined, iteratioo: 3 })),
      'field is missing: position.iteration',
    ],
    [
      'text as iteration',
      forged(position({ iteration: '3' })),
      'position.iteration must be an integer from 1 to 9007199254740991: found 3',
    ],
    ['half an iteration', forged(position({ iteration: 2.5 })), 'position.iteration must be an integer'],
    ['iteration 0', forged(position({ iteration: 0 })), 'position.iteration must be an integer from 1'],
    [
      'no loss',
      forged(position({ lossSum: null })),
      'position.lossSum must be a finite number: found something else',
    ],
    [
      'an infinite loss',
      forged((training) => JSON.stringify(training).replace(/"lossSum":[^,]+/, '"lossSum":1e999')),
      'position.lossSum must be a finite number: found Infinity',
    ],
    [
      'too many worse',
      forged(position({ worse: 5 })),
      'position.worse must be an integer from 0 to 4: found 5',
    ],
    [
      'the best in the future',
      forged(position({ best: { iteration: 5, loss: 1, accuracy: 1 } })),
      'position.best.iteration must be an integer from 1 to 4: found 5',
    ],
    [
      'accuracy above 1',
      forged(position({ best: { iteration: 2, loss: 1, accuracy: 2 } })),
      'position.best.accuracy must be a finite number from 0 to 1: found 2',
    ],
    [
      'more steps than iterations',
      forged(position({ steps: [4, 5] })),
      'position.steps must be counts of at most 4 steps more than before the run',
    ],
    ['steps for another number', forged(position({ steps: [4] })), 'position.steps must be counts'],
    ['negative steps', forged(position({ steps: [4, -1] })), 'position.steps must be a list of valid items'],
    [
      'a dropout of text',
      forged((training) => ({ ...training, dropout: [['1', 1, '2']] })),
      'dropout must be a list of valid items',
    ],
    [
      'a dropout of a deep list',
      forged(
        (training) =>
          `${JSON.stringify({ ...training, dropout: 0 }).slice(0, -1)},"dropout":[["1",${'['.repeat(20_000)}${']'.repeat(20_000)},0]]}`,
      ),
      'dropout must be a list of valid items',
    ],
    [
      'a field of two lines',
      forged((training) => ({ ...training, 'a\nb\u001b[31m': 1 })),
      'unknown field: a\\u000ab\\u001b[31m',
    ],
    [
      'a dropout beyond 32 bits',
      forged((training) => ({ ...training, dropout: [['1', 2 ** 40, 2]] })),
      'dropout must be a list of valid items',
    ],
    [
      'a tensor named constructor.x',
      forged((training) => training, [['constructor.x', [1]]]),
      '"constructor.x": must belong to one of model, optimizer, best',
    ],
    [
      'a tensor named __proto__.x',
      forged((training) => training, [['__proto__.x', [1]]]),
      '"__proto__.x": must belong to one of model, optimizer, best',
    ],
    [
      'a tensor without a dot',
      forged((training) => training, [['model', [1]]]),
      '"model": must belong to one of model, optimizer, best',
    ],
    ['deep JSON', forged(() => `${'['.repeat(200_000)}${']'.repeat(200_000)}`), 'training must be an object'],
  ])('is refused with %s', async (_, bytes, message) => {
    expect(refusal(bytes)).toMatch(/^DataError: checkpoint\.safetensors: [^\n]{1,200}$/);
    expect(refusal(bytes)).toContain(message);
    const { result, isUnchanged } = await train(new Map([[NAME, bytes]]));
    expect(result).toBeInstanceOf(DataError);
    expect(isUnchanged).toBe(true);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'a position beyond the end',
      forged(position({ iteration: 5, steps: [5, 5] })),
      'position.iteration must be at most 4: found 5',
    ],
    [
      'steps of another optimizer',
      forged(position({ steps: [4, 4, 4], stepsBefore: [0, 0, 0] })),
      'loadStateDict: step must be [2]: got [3]',
    ],
    [
      'state of another shape',
      forged((training) => training, [['optimizer.velocity.0', [3]]]),
      'loadStateDict: velocity.0 must be [2,2]: got [3]',
    ],
    [
      'best values of another shape',
      forged((training) => training, [['best.0.weight', [3]]]),
      'the best values must be those of the trained parameters',
    ],
    [
      'best values of others',
      forged((training) => training, [['best.__proto__', [3]]]),
      'the best values must be those of the trained parameters',
    ],
    [
      'another weight',
      forged((training) => training, [['model.toString', [3]]]),
      'is from another run: toString is not trained now',
    ],
    [
      'no dropout',
      forged((training) => ({ ...training, dropout: [] })),
      'is from another run: the checkpoint has no dropout at 1',
    ],
    [
      'another dropout',
      forged((training) => ({
        ...training,
        dropout: [
          ['1', 0, 0],
          ['__proto__', 0, 0],
        ],
      })),
      'is from another run: the model has no dropout at __proto__',
    ],
  ])('is refused by the run for %s', async (_, bytes, message) => {
    const { result, isUnchanged } = await train(new Map([[NAME, bytes]]));
    expect(result).toBeInstanceOf(DataError);
    expect(String(result)).toContain(
      `${NAME}: ${message}`.replace('loadStateDict', 'optimizer: loadStateDict'),
    );
    expect(isUnchanged).toBe(true);
  });

  it('has the name of its place, and is read from any kind of bytes', async () => {
    const place = (bytes: unknown) => ({
      name: '/run',
      open: async () => ({ length: whole.length, read: async () => bytes as Uint8Array }),
      read: async () => new Map(),
      write: async () => {},
    });
    const resumed = async (bytes: unknown) =>
      (await train(new Map(), { checkpoint: { dir: place(bytes), every: 9, resume: true } })).result;
    expect(String(await resumed(whole.subarray(1)))).toMatch(/^DataError: \/run\/checkpoint\.safetensors: /);
    for (const bytes of [Buffer.from(whole), whole.slice().buffer, new DataView(whole.slice().buffer)]) {
      expect(await resumed(bytes)).toMatchObject({ iterations: 4 });
    }
    expect(String(await resumed([...whole]))).toBe(
      'TypeError: fit: the checkpoint that the store reads must be a Uint8Array, an ArrayBuffer or another view of one: got an array',
    );
  });
});
