/** Runs a reader on changed files: it reads them, or says on one line which file breaks which rule. */
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';

/** A reader under test. */
export interface Reader {
  readonly name: string;
  /** Pattern that every error must match. */
  readonly says: RegExp;
  /** Reads a changed file, from a seeded generator. */
  readonly read: (random: Random) => Promise<unknown> | unknown;
  /** Factor by which fewer files are read, for readers that take longer. Default 1. */
  readonly slowness?: number;
}

const RUNS = Number(process.env.LOWRANK_FUZZ ?? 500);
const FIRST = Number(process.env.LOWRANK_FUZZ_SEED ?? 0);
/** Time limit of one file; other programs may be running. */
const MOST_MS = 3000;
const MOST_BYTES = 2 ** 27;

/** Messages of the engine, not of a reader, which show that the input was not checked. */
const ENGINE =
  /call stack|typed array length|is not a function|Cannot (read|convert|set)|undefined|not iterable|allocation failed|Invalid (array|string) length|Unexpected token|in JSON at/;

/** The fault in a reader's handling of a file. */
async function fault(read: () => unknown, says: RegExp): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (!(error instanceof DataError))
      return `not a DataError: ${error instanceof Error ? error.stack : error}`;
    if (!says.test(error.message)) return `it does not name the file: ${error.message.slice(0, 300)}`;
    if (ENGINE.test(error.message)) return `words of the engine: ${error.message.slice(0, 300)}`;
    if (/[\n\r]/.test(error.message)) return `more than a line: ${error.message.slice(0, 300)}`;
    return undefined;
  }
}

/** A suite for each reader, of `LOWRANK_FUZZ` files from the seed `LOWRANK_FUZZ_SEED` on. */
export function survives(readers: readonly Reader[]): void {
  describe.each(readers)('$name', ({ name, says, read, slowness = 1 }) => {
    const runs = Math.ceil(RUNS / slowness);
    it(`is read or refused, ${runs} times`, { timeout: 3_600_000 }, async () => {
      const faults: string[] = [];
      const prototype = Reflect.ownKeys(Object.prototype).join();
      for (let seed = FIRST; seed < FIRST + runs && faults.length < 10; seed++) {
        const random = new Random(seed).split(name);
        const before = process.memoryUsage().arrayBuffers;
        const begun = performance.now();
        const found = await fault(() => read(random), says);
        const took = performance.now() - begun;
        const held = process.memoryUsage().arrayBuffers - before;
        if (found) faults.push(`seed ${seed}: ${found}`);
        if (took > MOST_MS) faults.push(`seed ${seed}: took ${took} ms`);
        if (held > MOST_BYTES) faults.push(`seed ${seed}: holds ${held} bytes`);
      }
      expect(faults).toEqual([]);
      expect(Reflect.ownKeys(Object.prototype).join()).toBe(prototype);
    });
  });
}
