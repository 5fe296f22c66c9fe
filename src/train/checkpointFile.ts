/**
 * The file of a checkpoint: safetensors whose metadata hold a SHA-256 of the whole file, and as JSON everything that is not
 * a tensor. A reader trusts nothing: one changed bit anywhere is refused, and so is a field that is missing, of another
 * type or out of its range.
 *
 * The metadata's first key is `checksum`, so that its 64 digits are at a fixed place; they are zeros while the file is
 * hashed.
 */
import { DataError } from '../base/errors.js';
import { Sha256, sha256 } from '../base/sha256.js';
import { describeFile } from '../files/fileKind.js';
import type { DropoutState } from '../nn/dropout.js';
import type { HostTensor, StateDict } from '../nn/module.js';
import {
  parseSafetensors,
  safetensorsParts,
  toFloat32,
  type WritableTensor,
} from '../safetensors/safetensors.js';
import type { Position } from './checkpoint.js';
import type { Fingerprint, Setting } from './fingerprint.js';

/** Version of the file's contents, increased with every change. */
const VERSION = 2;

const CHECKSUM_DIGITS = 64;
/** Text that follows the 8 bytes of the header's length. */
const PREFIX = '{"__metadata__":{"checksum":"';
const CHECKSUM_AT = 8 + PREFIX.length;

const OTHERWISE =
  'it is damaged, is not a checkpoint, or was made by an older version, which can finish the run';

/** The parts that a checkpoint's tensors belong to. */
const PARTS = ['model', 'optimizer', 'best'] as const;
type Part = (typeof PARTS)[number];

/** The contents of a checkpoint. */
export interface CheckpointContent {
  readonly fingerprint: Fingerprint;
  readonly position: Position;
  /** States of the dropouts, by path. */
  readonly dropout: ReadonlyMap<string, DropoutState>;
  /** Values of trained parameters and buffers, state of the optimizer, and trained values of the best validation. */
  readonly parts: Readonly<Record<Part, StateDict>>;
}

/**
 * A checkpoint in parts. Tensors are float32.
 * @param goesOn  asked often: once it returns false, the result is not a checkpoint
 */
export async function writeCheckpoint(
  { fingerprint, position, dropout, parts }: CheckpointContent,
  goesOn: () => Promise<boolean> = async () => true,
): Promise<Iterable<Uint8Array>> {
  const tensors = new Map<string, WritableTensor>();
  for (const part of PARTS) {
    for (const [name, tensor] of parts[part]) tensors.set(`${part}.${name}`, { dtype: 'F32', ...tensor });
  }
  const training = JSON.stringify({
    version: VERSION,
    fingerprint: Array.from(fingerprint, ([group, settings]) => [group, [...settings]]),
    position: { ...position, best: position.best ? bestToJson(position.best) : null },
    dropout: Array.from(dropout, ([path, { seed, count }]) => [path, seed, count]),
  });
  const checksum = '0'.repeat(CHECKSUM_DIGITS);
  const file = safetensorsParts(tensors, { checksum, format: 'pt', training });
  const hash = new Sha256();
  for (const part of file) {
    hash.update(part);
    if (!(await goesOn())) break;
  }
  const [header] = file;
  header.set(new TextEncoder().encode(hash.hex()), CHECKSUM_AT);
  return file;
}

/** Reads a checkpoint. @throws DataError when the bytes are not a whole, unchanged checkpoint */
export function readCheckpoint(bytes: Uint8Array, name: string): CheckpointContent {
  verifyChecksum(bytes, name);
  const { tensors, metadata } = parseSafetensors(bytes, name);
  const fields = new Fields(name, parseJson(metadata.training, name));
  const version = fields.integer('version', 1, Number.MAX_SAFE_INTEGER);
  if (version !== VERSION) {
    throw new DataError(`${name}: version of the checkpoint must be ${VERSION}: it is ${version}`);
  }
  const fingerprint = new Map(
    fields.list('fingerprint', isGroup).map(([group, settings]) => [group, new Map(settings)]),
  );
  const dropout = new Map(
    fields.list('dropout', isDropout).map(([path, seed, count]) => [path, { seed, count }]),
  );
  const position = readPosition(fields.object('position'));
  fields.end();
  const parts: Record<Part, StateDict> = { model: new Map(), optimizer: new Map(), best: new Map() };
  for (const [key, tensor] of tensors) {
    const dot = key.indexOf('.');
    const part = PARTS.find((each) => each === key.slice(0, dot));
    const where = `${name}: ${JSON.stringify(key)}`;
    if (!part) throw new DataError(`${where}: must belong to one of ${PARTS.join(', ')}`);
    if (tensor.dtype !== 'F32') throw new DataError(`${where}: must be F32: found ${tensor.dtype}`);
    const host: HostTensor = { shape: tensor.shape, data: toFloat32(tensor, where) };
    parts[part].set(key.slice(dot + 1), host);
  }
  return { fingerprint, position, dropout, parts };
}

function verifyChecksum(bytes: Uint8Array, name: string): void {
  const prefix = new TextEncoder().encode(PREFIX);
  const hasChecksum =
    bytes.length >= CHECKSUM_AT + CHECKSUM_DIGITS && prefix.every((byte, i) => bytes[8 + i] === byte);
  if (!hasChecksum) {
    const why = describeFile(bytes, 'safetensors') ?? OTHERWISE;
    throw new DataError(`${name}: must begin with a checksum: ${why}`);
  }
  const stated = new TextDecoder().decode(bytes.subarray(CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_DIGITS));
  const zeroed = bytes.slice();
  zeroed.fill(0x30, CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_DIGITS);
  if (sha256(zeroed) !== stated) {
    throw new DataError(`${name}: is damaged: its contents do not have the checksum that it states`);
  }
}

function parseJson(text: string | undefined, name: string): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch (error) {
    throw new DataError(`${name}: its metadata must have the training as JSON`, { cause: error });
  }
}

/** The best validation for JSON, which cannot hold a loss that is not finite. */
function bestToJson({ loss, accuracy, ...best }: NonNullable<Position['best']>) {
  return { ...best, accuracy: accuracy ?? null, loss: Number.isFinite(loss) ? loss : `${loss}` };
}

function readPosition(fields: Fields): Position {
  const iteration = fields.integer('iteration', 1, Number.MAX_SAFE_INTEGER);
  const position: Position = {
    iteration,
    lossSum: fields.number('lossSum'),
    best: fields.isNull('best') ? undefined : readBest(fields.object('best'), iteration),
    worse: fields.integer('worse', 0, iteration),
    steps: fields.list('steps', isCount),
    stepsBefore: fields.list('stepsBefore', isCount),
  };
  fields.end();
  const { steps, stepsBefore } = position;
  const isPossible = (step: number, i: number) =>
    step >= stepsBefore[i] && step - stepsBefore[i] <= iteration;
  if (steps.length !== stepsBefore.length || !steps.every(isPossible)) {
    throw fields.wrong('steps', `counts of at most ${iteration} steps more than before the run`, steps);
  }
  return position;
}

function readBest(fields: Fields, iteration: number): NonNullable<Position['best']> {
  const best = {
    iteration: fields.integer('iteration', 1, iteration),
    loss: fields.loss('loss'),
    accuracy: fields.isNull('accuracy') ? undefined : fields.number('accuracy', 0, 1),
  };
  fields.end();
  return best;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isSettingPair(value: unknown): value is [string, Setting] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    typeof value[0] === 'string' &&
    ['string', 'number', 'boolean'].includes(typeof value[1])
  );
}

function isGroup(value: unknown): value is [string, [string, Setting][]] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    typeof value[0] === 'string' &&
    Array.isArray(value[1]) &&
    value[1].every(isSettingPair)
  );
}

/** Whether a value is a path with the seed and count of a dropout, which are i32 on the device. */
function isDropout(value: unknown): value is [string, number, number] {
  if (!Array.isArray(value) || value.length !== 3 || typeof value[0] !== 'string') return false;
  const isI32 = (each: unknown) => Number.isInteger(each) && Number(each) === (Number(each) | 0);
  return isI32(value[1]) && isI32(value[2]) && value[2] >= 0;
}

/** Reads the fields of an object one by one; each must exist, and no others. */
class Fields {
  readonly #left: Map<string, unknown>;

  constructor(
    readonly name: string,
    value: unknown,
    readonly prefix = '',
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong('', 'an object', value);
    }
    this.#left = new Map(Object.entries(value));
  }

  /** Checks that all fields were read. @throws DataError when one was not */
  end(): void {
    const [key] = this.#left.keys();
    if (key !== undefined) throw new DataError(`${this.name}: unknown field: ${this.prefix}${key}`);
  }

  number(key: string, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): number {
    const value = this.#take(key);
    if (Number.isFinite(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    const range = Number.isFinite(least) ? ` from ${least} to ${most}` : '';
    throw this.wrong(key, `a finite number${range}`, value);
  }

  integer(key: string, least: number, most: number): number {
    const value = this.#take(key);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) {
      return value;
    }
    throw this.wrong(key, `an integer from ${least} to ${most}`, value);
  }

  loss(key: string): number {
    const value = this.#take(key);
    if (typeof value === 'number') return value;
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
    throw this.wrong(key, 'a number', value);
  }

  list<T>(key: string, isItem: (value: unknown) => value is T): T[] {
    const value = this.#take(key);
    if (Array.isArray(value) && value.every(isItem)) return value;
    throw this.wrong(key, 'a list of valid items', value);
  }

  object(key: string): Fields {
    return new Fields(this.name, this.#take(key), `${this.prefix}${key}.`);
  }

  /** Whether a field is null; it then counts as read. */
  isNull(key: string): boolean {
    return this.#left.get(key) === null && this.#left.delete(key);
  }

  wrong(key: string, rule: string, value: unknown): DataError {
    const found = value === undefined ? 'nothing' : typeof value === 'object' ? 'something else' : `${value}`;
    const field = key === '' ? this.prefix.slice(0, -1) || 'training' : `${this.prefix}${key}`;
    return new DataError(`${this.name}: ${field} must be ${rule}: found ${found.slice(0, 40)}`);
  }

  #take(key: string): unknown {
    const value = this.#left.get(key);
    if (value === undefined) throw new DataError(`${this.name}: field is missing: ${this.prefix}${key}`);
    this.#left.delete(key);
    return value;
  }
}
