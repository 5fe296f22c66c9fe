import { describe, expect, it } from 'vitest';
import type { Contender, Running, Task } from '../../../bench/language/contender.js';
import { runTask } from '../../../bench/language/rounds.js';

/** Contenders that record what they are asked. */
function contender(name: string, log: string[], change: Partial<Running> = {}): Contender {
  const running: Running = {
    how: `how ${name}`,
    check: async () => {
      log.push(`check ${name}`);
      return [1];
    },
    time: async (round) => {
      log.push(`${name}${round}`);
      return { m: { work: round, seconds: 1 } };
    },
    peakBytes: 7,
    end: async () => void log.push(`end ${name}`),
    ...change,
  };
  return { name, start: async () => running };
}

const task = (contenders: Contender[], judge: Task['judge'] = () => new Map()): Task => {
  return { title: 'task', metrics: [], contenders, isWallOnly: false, checked: '', judge };
};

const quiet = () => {};

describe('runTask', () => {
  it('checks all before it times any, and begins each round with another', async () => {
    const log: string[] = [];
    const { entries, leftOut } = await runTask(
      task(['a', 'b', 'c'].map((name) => contender(name, log))),
      3,
      quiet,
    );
    expect(log.join(' ')).toBe('check a check b check c a0 b0 c0 b1 c1 a1 c2 a2 b2 end a end b end c');
    expect(leftOut).toEqual([]);
    expect(entries[1]).toEqual({
      ...{ name: 'b', how: 'how b', wrong: undefined, peakBytes: 7 },
      rounds: [0, 1, 2].map((work) => ({ m: { work, seconds: 1 } })),
    });
  });

  it('leaves out contenders that cannot start, with the reason', async () => {
    const log: string[] = [];
    const told: string[] = [];
    const missing: Contender = { name: 'peer', start: () => Promise.reject(new Error('no python')) };
    const run = await runTask(task([missing, contender('a', log)]), 1, (line) => told.push(line));
    expect(run.leftOut).toEqual(['peer: no python']);
    expect(run.entries.map(({ name }) => name)).toEqual(['a']);
    expect(told).toContain('left out: peer: no python');
  });

  it('does not time wrong contenders, but ends them', async () => {
    const log: string[] = [];
    const judge: Task['judge'] = (answers) =>
      new Map([...answers.keys()].slice(0, 1).map((name) => [name, 'off']));
    const { entries } = await runTask(task([contender('a', log), contender('b', log)], judge), 1, quiet);
    expect(entries.map(({ wrong }) => wrong)).toEqual(['off', undefined]);
    expect(log.join(' ')).toBe('check a check b b0 end a end b');
  });

  it('continues without contenders that fail, in the check or later', async () => {
    const log: string[] = [];
    const fail = () => Promise.reject(new Error('broken'));
    const { entries } = await runTask(
      task([contender('a', log, { check: fail }), contender('b', log, { time: fail }), contender('c', log)]),
      2,
      quiet,
    );
    expect(entries.map(({ wrong }) => wrong)).toEqual(['failed: broken', 'failed: broken', undefined]);
    expect(entries[2].rounds).toHaveLength(2);
    expect(log.filter((line) => line.startsWith('end'))).toEqual(['end a', 'end b', 'end c']);
  });
});
