import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgress, SILENT } from '../../src/cli/progress.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A stream that keeps what is written. */
function recorder(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 100, write: (text: string) => written.push(text) };
  // Progress uses no more of a stream than this.
  return { written, stream: stream as unknown as NodeJS.WriteStream };
}

describe('where there is no terminal', () => {
  it('writes a line after a second, then every two, and one at the end', () => {
    const { written, stream } = recorder(false);
    const progress = createProgress(stream);
    progress.begin({ name: 'base', total: 6000, unit: 'iterations' });
    for (let done = 1; done <= 6000; done++) {
      vi.advanceTimersByTime(1);
      progress.update(done, 0.5);
    }
    progress.end();
    progress.end();
    expect(written).toEqual([
      'base: 1,000/6,000 iterations, 1,000 it/s, mean loss 0.5000, 5.0 s left\n',
      'base: 3,000/6,000 iterations, 1,000 it/s, mean loss 0.5000, 3.0 s left\n',
      'base: 5,000/6,000 iterations, 1,000 it/s, mean loss 0.5000, 1.0 s left\n',
      'base: 6,000/6,000 iterations, 1,000 it/s, mean loss 0.5000, 6.0 s\n',
    ]);
  });

  it('says where a phase was cut short', () => {
    const { written, stream } = recorder(false);
    const progress = createProgress(stream);
    progress.begin({ name: 'layer', total: 200, unit: 'iterations' });
    vi.advanceTimersByTime(500);
    progress.update(50, 1.25);
    progress.end();
    expect(written).toEqual(['layer: 50/200 iterations, 100 it/s, mean loss 1.2500, 0.5 s\n']);
  });

  it('keeps silent about a test that is over at once, not about a long one', () => {
    const { written, stream } = recorder(false);
    const progress = createProgress(stream);
    for (const ms of [100, 900]) {
      progress.begin({ name: 'test of base', total: 2000, unit: 'images' });
      vi.advanceTimersByTime(ms + 200);
      progress.update(1000);
      vi.advanceTimersByTime(ms);
      progress.update(2000);
      progress.end();
    }
    expect(written).toEqual([
      'test of base: 1,000/2,000 images, 909 images/s, 1.1 s left\n',
      'test of base: 2,000/2,000 images, 1,000 images/s, 2.0 s\n',
    ]);
  });
});

describe('on a terminal', () => {
  it('that is dumb writes lines, without cursor codes', () => {
    vi.stubEnv('TERM', 'dumb');
    const { written, stream } = recorder(true);
    const progress = createProgress(stream);
    progress.begin({ name: 'base', total: 10, unit: 'iterations' });
    vi.advanceTimersByTime(1000);
    progress.update(10, 0.5);
    progress.end();
    vi.unstubAllEnvs();
    expect(written).toEqual(['base: 10/10 iterations, 10.0 it/s, mean loss 0.5000, 1.0 s\n']);
  });

  it('draws at most ten times a second, within the width, and gives the cursor back', () => {
    const { written, stream } = recorder(true);
    const progress = createProgress(stream);
    progress.begin({ name: 'parametrization', total: 10000, unit: 'iterations' });
    for (let done = 1; done <= 10000; done++) {
      vi.advanceTimersByTime(done % 10 === 0 ? 1 : 0);
      progress.update(done, 0.25);
    }
    progress.end();
    const bars = written.filter((text) => text.includes('░') || text.includes('█'));
    expect(bars.length).toBeGreaterThan(5);
    expect(bars.length).toBeLessThan(25);
    for (const bar of bars) expect(bar.length).toBeLessThan(100);
    expect(bars.at(-1)).toMatch(
      /^parametrization █+ 10,000\/10,000 {2}10,000 it\/s {2}mean loss 0\.2500 {2}1\.0 s$/,
    );
    const all = written.join('');
    expect(all.lastIndexOf('\u001b[?25h')).toBeGreaterThan(all.lastIndexOf('\u001b[?25l'));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('clears the bar of a test', () => {
    const { written, stream } = recorder(true);
    const progress = createProgress(stream);
    progress.begin({ name: 'test of base', total: 10, unit: 'images' });
    progress.update(5);
    progress.end();
    expect(written.at(-1)).toBe('\u001b[2K');
  });
});

it('SILENT does nothing', () => {
  SILENT.begin({ name: 'base', total: 1, unit: 'iterations' });
  SILENT.update(1, 1);
  SILENT.end();
});
