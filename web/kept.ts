/** What the page keeps in the browser, and a check of what it finds there, since another version may have written it. */
import { PIXELS } from './lab/pixels.js';
import type { Example } from './lab/teaching.js';
import type { SavedAdapter } from './lab/views.js';
import type { Settings, Source } from './teachSettings.js';

export interface Kept {
  drawings: readonly Example[];
  /** The adapter of `base`, or of the page's own network. */
  adapter: SavedAdapter;
  /** A network that was trained here. */
  base: Uint8Array;
  settings: {
    readonly source: Source;
    readonly digits: readonly number[];
    readonly settings: Settings;
  };
}

type Unknown<T> = { readonly [K in keyof T]?: unknown };

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);
export const isDigit = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 9;
export const areDigits = (value: unknown): value is number[] => Array.isArray(value) && value.every(isDigit);

const isMissing = (value: unknown) => value === undefined;

function isExample(value: unknown): value is Example {
  if (!isObject(value)) return false;
  const { pixels, label }: Unknown<Example> = value;
  return pixels instanceof Uint8Array && pixels.length === PIXELS && isDigit(label);
}

function isAdapter(value: unknown): value is SavedAdapter {
  if (!isObject(value)) return false;
  const { files, view }: Unknown<SavedAdapter> = value;
  if (!(files instanceof Map) || !isObject(view)) return false;
  const { digits, iterations, replay, seconds, drawingCount, drawings, base }: Unknown<SavedAdapter['view']> =
    view;
  const areFiles = [...files].every(
    ([name, bytes]) => typeof name === 'string' && bytes instanceof Uint8Array,
  );
  // An older version of the page did not keep this; its absence is no error.
  const areNumbers = [replay, seconds, drawingCount].every((each) => isMissing(each) || isFiniteNumber(each));
  const areDrawings = isMissing(drawings) || (Array.isArray(drawings) && drawings.every(isExample));
  const isBase = isMissing(base) || typeof base === 'string';
  return areFiles && areDigits(digits) && isFiniteNumber(iterations) && areNumbers && areDrawings && isBase;
}

function areSettings(value: unknown): value is Kept['settings'] {
  if (!isObject(value)) return false;
  const { source, digits, settings }: Unknown<Kept['settings']> = value;
  if ((source !== 'drawings' && source !== 'digits') || !areDigits(digits) || !isObject(settings))
    return false;
  const { rank, alpha, learningRate, iterations, replay }: Unknown<Settings> = settings;
  return [rank, alpha, learningRate, iterations, replay].every(isFiniteNumber);
}

const READ: { readonly [K in keyof Kept]: (value: unknown) => Kept[K] | undefined } = {
  // One unreadable drawing does not discard the others.
  drawings: (value) => (Array.isArray(value) ? value.filter(isExample) : undefined),
  adapter: (value) => (isAdapter(value) ? value : undefined),
  base: (value) => (value instanceof Uint8Array ? value : undefined),
  settings: (value) => (areSettings(value) ? value : undefined),
};

export function validated<K extends keyof Kept>(key: K, value: unknown): Kept[K] | undefined {
  return READ[key](value);
}
