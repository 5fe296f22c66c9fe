/** Oracle: Python's str.strip, lstrip and rstrip, run by hand. */
import { expect, it } from 'vitest';
import { STRIPS, strip } from '../../src/text/pythonStrip.js';

const [both, left, right] = ['strip', 'lstrip', 'rstrip'].map(
  (name) => STRIPS.get(name) ?? { start: false, end: false },
);

it('strips the same characters as Python', () => {
  expect(strip(' \t\x1f\x85\u3000a b\n ', both)).toBe('a b');
  expect(strip('\ufeff a\u200b ', both)).toBe('\ufeff a\u200b');
  expect([strip(' a ', left), strip(' a ', right), strip('  ', both), strip('', both)]).toEqual([
    'a ',
    ' a',
    '',
    '',
  ]);
  expect(strip('\n\n a \n', both, '\n')).toBe(' a ');
  expect(strip('xyaxyx', both, 'yx')).toBe('a');
  expect(strip('xyaxyx', right, 'yx')).toBe('xya');
  expect(strip('😀a😀😀', right, '😀')).toBe('😀a');
  // Half of a character is not stripped.
  expect(strip('😁a😁', both, '😀')).toBe('😁a😁');
  expect(strip(' a ', both, '')).toBe(' a ');
});
