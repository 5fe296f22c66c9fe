/** Parts of large files. Oracle: the parts that were put into them. */
import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../src/files/byteSource.js';
import { arrayValuesOf, linesOf } from '../../src/text/fileEntries.js';
import { readExamples } from '../../src/text/readExamples.js';

const MB = 1e6;

/** A file of parts that are repeated; it is never in memory. */
function repeated(...parts: readonly (readonly [string, number])[]): ByteSource & { largest: number } {
  const encoded = parts.map(([text, times]) => ({ bytes: new TextEncoder().encode(text), times }));
  const length = encoded.reduce((sum, { bytes, times }) => sum + bytes.length * times, 0);
  const source = {
    length,
    largest: 0,
    read: async (offset: number, size: number) => {
      source.largest = Math.max(source.largest, size);
      const out = new Uint8Array(size);
      let begin = 0;
      for (const { bytes, times } of encoded) {
        const end = begin + bytes.length * times;
        const last = Math.min(end, offset + size);
        const first = Math.max(begin, offset);
        if (bytes.length === 1 && last > first) out.fill(bytes[0], first - offset, last - offset);
        else for (let at = first; at < last; at++) out[at - offset] = bytes[(at - begin) % bytes.length];
        begin = end;
      }
      return out;
    },
  };
  return source;
}

describe('the entries of a file', () => {
  it('refuses a line of 200 MB by its number, and keeps nothing of it', async () => {
    const source = repeated(['{"text":"a"}\n{"text":"', 1], ['x', 200 * MB], ['"}\n{"text":"b"}', 1]);
    const before = process.memoryUsage().rss;
    let most = 0;
    for await (const entry of linesOf(source, 0)) {
      most = Math.max(most, process.memoryUsage().rss - before);
      if (entry.line === 2) expect(entry).toEqual({ line: 2, reason: 'must be at most 8 MB: 200.0 MB' });
      else expect('text' in entry).toBe(true);
    }
    expect(source.largest).toBeLessThanOrEqual(2 ** 20);
    expect(most).toBeLessThan(150 * MB);
  });

  it('continues after a value that is too long, also in an array', async () => {
    const source = repeated(['[{"text":"a"},{"text":"', 1], ['é', 5 * MB], ['"},\n{"text":"b"}]', 1]);
    const { examples, bad } = await readExamples(source, { name: 'x.json', skipBad: true });
    expect(bad).toEqual([{ line: 1, column: 15, reason: 'must be at most 8 MB: 10.0 MB' }]);
    expect(examples.map(({ line, content }) => [line, content])).toEqual([
      [1, { kind: 'text', text: 'a' }],
      [2, { kind: 'text', text: 'b' }],
    ]);
  });

  it('joins entries that span two reads', async () => {
    // Two-byte characters that start at an odd place: every boundary splits one.
    const source = repeated(['a', 1], ['é', 2 ** 20], ['\n', 1], ['[1', 1]);
    const found = [];
    for await (const entry of linesOf(source, 0)) found.push(entry);
    expect(found).toEqual([
      { line: 1, column: 1, text: `a${'é'.repeat(2 ** 20)}` },
      { line: 2, column: 1, text: '[1' },
    ]);
    const values = [];
    for await (const value of arrayValuesOf(repeated(['["', 1], ['é', 2 ** 20], ['", \n 2]', 1]), 0, 'x'))
      values.push(value);
    expect(values).toEqual([
      { line: 1, column: 2, text: `"${'é'.repeat(2 ** 20)}"` },
      { line: 2, column: 2, text: '2' },
    ]);
  });
});
