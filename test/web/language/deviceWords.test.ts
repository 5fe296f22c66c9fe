/** The words about the device, and about losing it. */
import { describe, expect, it } from 'vitest';
import { lostSentence, wordsOf } from '../../../web/language/deviceWords.js';
import { roomSentence, sizeWords } from '../../../web/language/ui/onDeviceWords.js';

describe('the device', () => {
  it.each([
    [{ isGpu: false, threads: 2, isIsolated: true }, 'CPU, 2 threads'],
    [{ isGpu: false, threads: 1, isIsolated: true }, 'CPU, one thread'],
    [{ isGpu: false, threads: 1, isIsolated: false }, 'CPU, one thread: about half the speed'],
    [{ isGpu: true, threads: 1, isIsolated: false }, 'WebGPU (experimental)'],
  ])('%o', (is, words) => expect(wordsOf(is)).toBe(words));

  it('is reported when it is lost, with the step at which a lesson continues', () => {
    expect(lostSentence(true, 40)).toBe('The graphics card gave up. Going on from step 40 on the CPU.');
    expect(lostSentence(true, undefined)).toContain('start it again on the CPU');
    expect(lostSentence(false, undefined)).toContain('ask your last question again');
  });
});

describe('what this device keeps', () => {
  it.each([
    [400, '1 kB'],
    [3140, '3 kB'],
    [98_300_000, '98 MB'],
    [4_200_000_000, '4 GB'],
  ])('%s bytes: %s', (bytes, words) => expect(sizeWords(bytes)).toBe(words));

  it('says whether the browser has promised to keep it', () => {
    const room = { used: 98e6, offered: 4e9 };
    expect(roomSentence({ ...room, isKept: true })).toBe(
      'This site uses 98 MB of the 4 GB that this browser offers. The browser has promised to keep it.',
    );
    expect(roomSentence({ ...room, isKept: false })).toContain(
      'The browser may delete it when space runs low',
    );
  });
});
