/** Text in lines. Oracle: lines written by hand. */
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { wrapped } from '../../src/cli/wrap.js';

describe('wrapped', () => {
  it('breaks at spaces, and indents by the label', () => {
    expect(wrapped('label: ', 'short')).toEqual(['label: short']);
    expect(wrapped('', '')).toEqual(['']);
    const words = 'abcde '.repeat(20).trim();
    expect(wrapped('- ', words)).toEqual([
      `- ${'abcde '.repeat(13).trim()}`,
      `  ${'abcde '.repeat(7).trim()}`,
    ]);
  });

  it('cuts words that are longer than a line, and counts wide characters twice', () => {
    expect(wrapped('', 'x'.repeat(170))).toEqual(['x'.repeat(80), 'x'.repeat(80), 'x'.repeat(10)]);
    expect(wrapped('ab ', '数'.repeat(60)).map((line) => stringWidth(line))).toEqual([79, 47]);
  });
});
