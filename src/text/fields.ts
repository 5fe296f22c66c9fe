/** The fields of an object from untrusted JSON, of which only its own are read. */
import { DataError } from '../base/errors.js';

export class Fields {
  readonly #object: object;

  /** @throws DataError when the value is not an object */
  constructor(
    value: unknown,
    readonly where: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new DataError(`${where}: must be an object: ${kindOf(value)}`);
    this.#object = value;
  }

  /** The value of a field; undefined where it is missing. */
  get(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? Reflect.get(this.#object, key) : undefined;
  }

  keys(): string[] {
    return Object.keys(this.#object);
  }

  /** A truth value; `ifAbsent` where it is missing or null. */
  flag(key: string, ifAbsent: boolean): boolean {
    const value = this.get(key) ?? ifAbsent;
    if (typeof value !== 'boolean') throw this.error(key, 'must be true or false', value);
    return value;
  }

  /** A string of at most `limit` characters. */
  text(key: string, limit: number, ifAbsent?: string): string {
    const value = this.get(key) ?? ifAbsent;
    if (typeof value !== 'string') throw this.error(key, 'must be a string', value);
    if (value.length > limit)
      throw new DataError(`${this.where}: ${key} must have at most ${limit} characters: ${value.length}`);
    return value;
  }

  integer(key: string, least: number, most: number, ifAbsent?: number): number {
    const value = this.get(key) ?? ifAbsent;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw this.error(key, `must be a whole number from ${least} to ${most}`, value);
    return value;
  }

  /** An array of at most `limit` values. */
  list(key: string, limit: number): readonly unknown[] {
    const value = this.get(key);
    if (!Array.isArray(value)) throw this.error(key, 'must be an array', value);
    if (value.length > limit)
      throw new DataError(`${this.where}: ${key} must have at most ${limit} entries: ${value.length}`);
    return value;
  }

  error(key: string, rule: string, value: unknown): DataError {
    return new DataError(`${this.where}: ${key} ${rule}: ${kindOf(value)}`);
  }
}

/** A description of a value for a message: the value itself only where it is short. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'it is missing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}
