/** The error classes of lowrank. A message reads `operation: rule: values` and fits on one line. */
import { printable } from './printable.js';

/** Maximum characters of a message, enough for a list of a hundred names. */
const MAX_MESSAGE = 4000;

/** An error whose message is made printable: it may contain names from a file, or a driver's text, of any length. */
abstract class PrintableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(printable(message, MAX_MESSAGE), options);
  }
}

/** Shapes or lengths that do not fit together. */
export class ShapeError extends PrintableError {
  override name = 'ShapeError';
}

/** A device that is not available, lacks a feature, ran out of memory, or was lost. */
export class DeviceError extends PrintableError {
  override name = 'DeviceError';
}

/** A file or byte stream that is not what it claims to be, or that cannot be read or written. */
export class DataError extends PrintableError {
  override name = 'DataError';
}
