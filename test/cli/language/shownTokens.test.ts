/** Tokens on the screen. Oracle: lines written by hand. */
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { shownTokens } from '../../../src/cli/language/shownTokens.js';
import { PLAIN } from '../../../src/cli/paint.js';
import { UNTRAINED } from '../../../src/text/examples.js';
import { tokenizerFromGguf } from '../../../src/text/fromGguf.js';
import { byteLevel } from '../../text/fixtures.js';
import { metadataOf } from '../../text/support.js';

const tokenizer = tokenizerFromGguf(metadataOf(byteLevel().pre.smollm.json, 'smollm'), 'f');
/** One token for each byte. */
const bytes = (text: string) => Array.from(text, (each) => [...tokenizer.encode(each)]).flat();

function shown(parts: readonly (readonly [text: string, isTrained: boolean])[], paint = PLAIN): string[] {
  const ids = parts.flatMap(([text]) => bytes(text));
  const labels = parts.flatMap(([text, isTrained]) => bytes(text).map((id) => (isTrained ? id : UNTRAINED)));
  return shownTokens(tokenizer, { ids: Int32Array.from(ids), labels: Int32Array.from(labels) }, paint);
}

describe('the tokens of an example', () => {
  it('have a line between them, and brackets around those that are trained', () => {
    expect(shown([['ab', false]])).toEqual(['  a│b']);
    expect(
      shown([
        ['a', false],
        ['bc', true],
        ['d', false],
        ['e', true],
      ]),
    ).toEqual(['  a⟦b│c⟧d⟦e⟧']);
    expect(shown([['a\nb\u0007', true]])).toEqual(['  ⟦a│↵│', '  b│\\u0007⟧']);
  });

  it('are one where only several of them make a character', () => {
    expect(bytes('鑫🜚').length).toBeGreaterThan(2);
    expect(shown([['鑫🜚', true]])).toEqual(['  ⟦鑫│🜚⟧']);
  });

  it('go over lines of at most 80 columns, and are cut where there are too many', () => {
    const lines = shown([['ab'.repeat(1500), true]]);
    expect(lines.every((line) => stringWidth(line) <= 80)).toBe(true);
    expect(lines[lines.length - 1]).toBe('  … (1000 more tokens)');
    expect(lines.join('').replace(/[^ab]/g, '').length).toBe(2000);
  });

  it('have a colour each where there are some', () => {
    const paint = (style: string, text: string) => `<${style} ${text}>`;
    expect(
      shown(
        [
          ['a', false],
          ['b', true],
        ],
        paint,
      ),
    ).toEqual(['  <dim a><green ⟦b⟧>']);
  });
});
