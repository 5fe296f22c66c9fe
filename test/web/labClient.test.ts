import { expose } from 'comlink';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askReporting, startLab } from '../../web/labClient.js';

/** Work that ends and reports on command. */
const lab = {
  runs: 0,
  report: (_: number): void | Promise<void> => {},
  end: (_?: Error) => {},
  run(told: (value: number) => void | Promise<void>): Promise<string> {
    lab.report = told;
    lab.runs++;
    return new Promise((resolve, reject) => {
      lab.end = (error) => (error ? reject(error) : resolve('done'));
    });
  },
};

/** A worker in the same thread, which comlink talks to through a channel. */
class SameThread {
  readonly #channel = new MessageChannel();
  constructor() {
    expose({ run: (told: Parameters<typeof lab.run>[0]) => lab.run(told) }, this.#channel.port1);
    this.#channel.port2.start();
    opened.push(this.#channel);
  }
  postMessage = (...args: Parameters<MessagePort['postMessage']>) => this.#channel.port2.postMessage(...args);
  addEventListener = (...args: Parameters<MessagePort['addEventListener']>) =>
    this.#channel.port2.addEventListener(...args);
  removeEventListener = (...args: Parameters<MessagePort['removeEventListener']>) =>
    this.#channel.port2.removeEventListener(...args);
  terminate() {}
}

const opened: MessageChannel[] = [];

beforeEach(() => {
  vi.stubGlobal('Worker', SameThread);
  vi.stubGlobal('location', { href: 'http://localhost/' });
  startLab(() => {});
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const { port1, port2 } of opened.splice(0)) {
    port1.close();
    port2.close();
  }
});

describe('askReporting', () => {
  const run = (told: (value: number) => void) =>
    askReporting((remote, report) => (remote as unknown as typeof lab).run(report), told);

  it.each([undefined, new Error('it failed')])(
    'tells no report that comes after the end: %s',
    async (error) => {
      const seen: number[] = [];
      lab.runs = 0;
      const ended = run((value) => seen.push(value)).catch(({ message }: Error) => message);
      await vi.waitFor(() => expect(lab.runs).toBe(1));
      await lab.report(1);
      lab.end(error);
      expect(await ended).toBe(error?.message ?? 'done');
      await lab.report(2);
      expect(seen).toEqual([1]);
    },
  );
});
