/** What computes, and what became of it, in words. */
import { describe, expect, it } from 'vitest';
import { lostSentence, wordsOf } from '../../../web/language/deviceWords.js';

describe('the device', () => {
  it.each([
    [{ isGpu: false, threads: 2, isIsolated: true }, 'CPU, 2 threads'],
    [{ isGpu: false, threads: 1, isIsolated: true }, 'CPU, one thread'],
    [{ isGpu: false, threads: 1, isIsolated: false }, 'CPU, one thread: about half the speed'],
    [{ isGpu: true, threads: 1, isIsolated: false }, 'WebGPU (experimental)'],
  ])('%o', (is, words) => expect(wordsOf(is)).toBe(words));

  it('is told when it is lost, with where a lesson goes on', () => {
    expect(lostSentence(true, 40)).toBe('The graphics card gave up. Going on from step 40 on the CPU.');
    expect(lostSentence(true, undefined)).toContain('teach it again');
    expect(lostSentence(false, undefined)).toContain('has to be asked again');
  });
});
