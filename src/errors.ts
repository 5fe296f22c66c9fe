/** The error classes of lowrank. A message reads `operation: rule: values` and fits on one line. */

/** Shapes or lengths that do not fit together. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** A device that is not there, lacks a feature, ran out of memory, or was lost. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** A file or byte stream that is not what it claims to be, or that cannot be read or written. */
export class DataError extends Error {
  override name = 'DataError';

  /** Names in a message may be the file's own: what would leave the line is written as JSON does. */
  constructor(message: string, options?: ErrorOptions) {
    super(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      message.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      }),
      options,
    );
  }
}
