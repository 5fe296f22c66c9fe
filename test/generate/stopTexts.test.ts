import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopTexts } from '../../src/generate/stopTexts.js';

/** The shown part of a text that comes in pieces. */
function shown(stops: string[], pieces: string[]): string {
  const texts = new StopTexts(stops);
  return pieces.map((piece) => texts.push(piece)).join('') + texts.end();
}

describe('StopTexts', () => {
  it('shows nothing of a stop text that comes in pieces, nor what follows', () => {
    const texts = new StopTexts(['END', '\n\n']);
    expect(['a', 'bE', 'N', 'x', 'E', 'ND', 'more'].map((piece) => texts.push(piece))).toEqual([
      ...['a', 'b', '', 'ENx', '', '', ''],
    ]);
    expect(texts.isFound).toBe(true);
    expect(texts.end()).toBe('');
  });

  it('gives the held-back text at the end', () => {
    const texts = new StopTexts(['END']);
    expect(texts.push('the E')).toBe('the ');
    expect(texts.end()).toBe('E');
    expect(texts.isFound).toBe(false);
  });

  it('refuses an empty text', () => {
    expect(() => new StopTexts([''])).toThrow('a stop text must not be empty');
  });

  it('shows the text before the first stop text, however the text is split', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(letters), fc.array(stop, { maxLength: 3 }), (pieces, stops) => {
        const whole = pieces.join('');
        // The first piece that completes a stop text decides, as in a stream.
        let end = whole.length;
        let length = 0;
        for (const piece of pieces) {
          length += piece.length;
          const places = stops.map((each) => whole.slice(0, length).indexOf(each)).filter((at) => at >= 0);
          if (places.length === 0) continue;
          end = Math.min(...places);
          break;
        }
        expect(shown(stops, pieces)).toBe(whole.slice(0, end));
      }),
    );
  });
});
