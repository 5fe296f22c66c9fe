import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exitCodeOf } from '../../src/cli/errors.js';
import { listenForInterrupts } from '../../src/cli/interrupt.js';

const NAMES = ['SIGINT', 'SIGTERM'] as const;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('listenForInterrupts', () => {
  it('aborts at the first signal and exits at the second', () => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never); // must come back here
    const tidyUp = vi.fn();
    const interrupts = listenForInterrupts(tidyUp);
    try {
      process.emit('SIGINT', 'SIGINT');
      expect(interrupts.signal.aborted).toBe(true);
      expect(exitCodeOf(interrupts.signal.reason)).toBe(130);
      // npm and tsx pass the same press on.
      vi.advanceTimersByTime(100);
      process.emit('SIGINT', 'SIGINT');
      expect(exit).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1000);
      process.emit('SIGINT', 'SIGINT');
      expect(exit).toHaveBeenCalledExactlyOnceWith(130);
      expect(tidyUp).toHaveBeenCalledTimes(2);
    } finally {
      interrupts.stop();
    }
  });

  it('has 143 for SIGTERM', () => {
    const interrupts = listenForInterrupts(() => {});
    process.emit('SIGTERM', 'SIGTERM');
    interrupts.stop();
    expect(exitCodeOf(interrupts.signal.reason)).toBe(143);
  });

  it('leaves no listener behind', () => {
    const before = NAMES.map((name) => process.listenerCount(name));
    const interrupts = listenForInterrupts(() => {});
    expect(NAMES.map((name) => process.listenerCount(name))).toEqual(before.map((n) => n + 1));
    interrupts.stop();
    expect(NAMES.map((name) => process.listenerCount(name))).toEqual(before);
  });
});
