/** What the panel of the model says. */
import { describe, expect, it } from 'vitest';
import type { Loading, ModelFacts } from '../../../web/language/api.js';
import { isMetered, isSmallDevice, offeredBytes } from '../../../web/language/model/room.js';
import {
  announcement,
  day,
  loadingLine,
  needs,
  timeLeft,
  tooLarge,
} from '../../../web/language/ui/model/words.js';

const download = (done: number, more: Partial<Extract<Loading, { stage: 'downloading' }>> = {}): Loading => ({
  ...{ stage: 'downloading', done, total: 98_362_432, bytesPerSecond: 3.1e6, ...more },
});

describe('the line of a loading model', () => {
  it.each([
    [download(41e6), true, '41 of 98 MB · 3.1 MB/s · 19 s left'],
    [download(0, { bytesPerSecond: 0 }), true, '0 of 98 MB'],
    [download(41e6, { bytesPerSecond: 2e5 }), true, '41 of 98 MB · 0.2 MB/s · 5 min left'],
    [download(41e6, { paused: 'person' }), true, 'Paused at 41 of 98 MB.'],
    [
      download(41e6, { paused: 'offline' }),
      false,
      'Paused at 41 of 98 MB: you are offline. Goes on by itself.',
    ],
    [
      download(41e6, { paused: 'offline' }),
      true,
      'Paused at 41 of 98 MB: the connection broke. Goes on by itself.',
    ],
    [{ stage: 'checking' }, true, 'Checking'],
    [{ stage: 'unpacking', done: 46e6, total: 115e6 }, true, 'Unpacking 30 layers · 12/30'],
    [{ stage: 'warming up' }, true, 'Warming up'],
  ] as [Loading, boolean, string][])('is as it should be: %j', (loading, isOnline, line) => {
    expect(loadingLine(loading, isOnline, 30)).toBe(line);
  });

  it('counts bytes where the layers are not known', () => {
    const unpacking: Loading = { stage: 'unpacking', done: 46e6, total: 115e6 };
    expect(loadingLine(unpacking, true)).toBe('Unpacking · 46 of 115 MB');
  });

  it('is said aloud once each quarter', () => {
    const said = new Set<string>();
    for (let done = 0; done <= 98_362_432; done += 98_362_432 / 64)
      said.add(announcement(download(done), true));
    expect([...said]).toEqual([
      'Downloading the model.',
      '25 % of the model downloaded.',
      '50 % of the model downloaded.',
      '75 % of the model downloaded.',
      '100 % of the model downloaded.',
    ]);
    expect(announcement({ stage: 'unpacking', done: 3, total: 30 }, true)).toBe('Unpacking the model.');
  });
});

describe('the words for a model', () => {
  const facts: ModelFacts = {
    ...{ name: 'mine', architecture: 'llama', parameters: 362e6, fileBytes: 4e8, neededBytes: 1.1e9 },
    ...{ contextLength: 2048, hasTokenizer: true },
  };

  it('say what it requires, and what the device offers', () => {
    expect(needs(facts, 4e9)).toBe(
      'Llama architecture · 362 M weights · needs about 1.1 GB of memory · this device offers about 4 GB',
    );
    expect(needs(facts, undefined)).toMatch(/a tab has at most 4 GB$/);
    expect(tooLarge(facts, 2e9)).toBeUndefined();
    expect(tooLarge({ ...facts, neededBytes: 3.1e9 }, 2e9)).toBe(
      'May not fit: it needs 3.1 GB, a tab has at most 4 GB and this device 2 GB. A smaller model is the safe choice.',
    );
    expect(tooLarge({ ...facts, neededBytes: 4.2e9 }, undefined)).toMatch(/^May not fit: it needs 4\.2 GB/);
  });

  it('name a day, and a time that is left', () => {
    const now = Date.UTC(2026, 10, 29);
    expect(day(Date.UTC(2026, 10, 25, 12), now)).toBe('25 Nov');
    expect(day(Date.UTC(2025, 11, 25, 12), now)).toBe('25 Dec 2025');
    expect([0.2, 89, 90, 5399, 5400].map(timeLeft)).toEqual([
      ...['1 s left', '89 s left', '2 min left', '90 min left', '2 h left'],
    ]);
  });

  it('follow what a browser says', () => {
    expect(offeredBytes({ deviceMemory: 8 })).toBe(4e9);
    expect(offeredBytes({ deviceMemory: 0.5 })).toBe(5e8);
    expect(offeredBytes({})).toBeUndefined();
    expect(
      [{ saveData: true }, { type: 'cellular' }, { type: 'wifi' }].map((connection) =>
        isMetered({ connection }),
      ),
    ).toEqual([...[true, true, false]]);
    expect(isMetered({})).toBe(false);
  });
});

const IPAD =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15';
it.each([
  ['a phone by its hint', { userAgentData: { mobile: true }, deviceMemory: 8 }, true],
  ['a phone by its name', { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148' }, true],
  ['a tablet that calls itself a Mac', { userAgent: IPAD, maxTouchPoints: 5 }, true],
  ['a Mac', { userAgent: IPAD, maxTouchPoints: 0 }, false],
  ['little memory', { userAgentData: { mobile: false }, deviceMemory: 4 }, true],
  ['enough memory', { userAgentData: { mobile: false }, deviceMemory: 8 }, false],
  ['a browser that says nothing', {}, false],
])('memory is spared as is right for %s', (_, device, isSmall) => {
  expect(isSmallDevice(device)).toBe(isSmall);
});
