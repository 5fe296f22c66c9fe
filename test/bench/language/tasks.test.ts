import { describe, expect, it } from 'vitest';
import type { Task } from '../../../bench/language/contender.js';
import { type Options, parseOptions } from '../../../bench/language/options.js';
import { tasksOf } from '../../../bench/language/tasks.js';
import { variantName } from '../../../bench/language/variant.js';

const prepared = { adapter: 'adapter', checkPrompts: [], examples: 'examples.json' };

const optionsOf = (words: string): Options =>
  parseOptions(
    words.split(' ').filter((word) => word !== ''),
    () => {},
  );

const tasks = (words: string, change: Partial<typeof prepared> | { examples: undefined } = {}) => {
  const options = optionsOf(words);
  return tasksOf(options, options.variants, { ...prepared, ...change });
};

const titles = (all: readonly Task[]) => all.map(({ title }) => title);
const names = (task: Task) => task.contenders.map(({ name }) => name);
const goalsOf = (task: Task, metric = 0) =>
  task.metrics[metric].goals.map(({ of, against, bound }) => [of, against.join(), bound]);

describe('tasksOf', () => {
  it('has all rows of the table, those of several threads too', () => {
    expect(titles(tasks('--builds simd --precisions exact'))).toEqual([
      'Real job (chatterbot tech_support + trivia, 8 examples a step), one thread',
      'Real job (chatterbot tech_support + trivia, 8 examples a step), 2 threads',
      'One row of 256 random tokens, every token trained, one thread',
      'Text, one thread',
      'Text in Chromium, one thread',
      'Text in Chromium, 2 threads',
      'Several threads against one, one row of 256 tokens',
      'What twice as much costs, lowrank simd, exact',
    ]);
  });

  it('leaves out several threads, and the job where there are no examples', () => {
    const found = titles(tasks('--threads 1 --only job,row,threads', { examples: undefined }));
    expect(found).toEqual(['One row of 256 random tokens, every token trained, one thread']);
  });

  it('has less of everything when it is quick', () => {
    const quick = tasks('--quick');
    expect(titles(quick).filter((title) => title.includes('2 threads'))).toEqual([]);
    const [job, , text, browser, threads, scaling] = quick;
    expect(names(job)).toEqual(['lowrank simd, exact', 'lowrank relaxed, fast', 'PyTorch + PEFT']);
    expect(names(text)).toHaveLength(5);
    expect(names(browser).at(-1)).toBe('wllama Q4_1');
    expect(names(threads)).toEqual(['lowrank simd, exact, 1 thread', 'lowrank simd, exact, 2 threads']);
    expect(names(scaling)).toEqual([
      '256 tokens',
      '512 tokens',
      '256 tokens, half of the layers',
      '256 tokens, rank 16',
    ]);
  });

  it('measures in Chromium what this Node does not run', () => {
    const options = optionsOf('--only browser');
    const [browser] = tasksOf(options, options.variants.slice(0, 1), prepared);
    expect(names(browser).slice(0, 4)).toEqual(options.variants.map(variantName));
  });

  it('has each kind of weights where it is asked for', () => {
    const [weights] = tasks('--only weights');
    expect(names(weights)).toEqual([
      ...['keep', 'f32', 'bf16', 'q8', 'q4'].map((kind) => `lowrank simd, exact, ${kind}`),
      'PyTorch, f32',
    ]);
  });

  it('has the goals of training', () => {
    const [job, row] = tasks('--only job,row --threads 1');
    expect(goalsOf(job)).toEqual([
      ['lowrank simd, exact', 'PyTorch + PEFT', 1.2],
      ['lowrank simd, fast', 'PyTorch + PEFT', 1.6],
      ['lowrank relaxed, exact', 'PyTorch + PEFT', 1.4],
      ['lowrank relaxed, fast', 'PyTorch + PEFT', 1.8],
    ]);
    expect(goalsOf(row).map(([, , bound]) => bound)).toEqual([0.56, 0.77, 0.68, 0.85]);
  });

  it('has the goals of text', () => {
    const [text, browser] = tasks('--only text,browser --builds relaxed --precisions fast --threads 1');
    const all = 'llama.cpp Q4_1,llama.cpp Q8_0,llama.cpp Q4_0';
    expect(goalsOf(text, 0)).toEqual([
      ['lowrank relaxed, fast', 'llama.cpp Q4_1', 1.8],
      ['lowrank relaxed, fast', all, 1.1],
    ]);
    expect(goalsOf(text, 1)).toEqual([
      ['lowrank relaxed, fast', 'llama.cpp Q4_1', 1.2],
      ['lowrank relaxed, fast', 'llama.cpp Q8_0', undefined],
      ['lowrank relaxed, fast', 'llama.cpp Q4_0', undefined],
    ]);
    for (const metric of [0, 1])
      expect(goalsOf(browser, metric)).toEqual(
        ['Q4_1', 'Q8_0', 'Q4_0'].map((format) => ['lowrank relaxed, fast', `wllama ${format}`, 6]),
      );
  });

  it('has the goals of what is compared with itself', () => {
    const [threads, scaling] = tasks('--only threads,scaling --builds simd --precisions fast --threads 4');
    expect(goalsOf(threads)).toEqual([
      ['lowrank simd, fast, 4 threads', 'lowrank simd, fast, 1 thread', 3.6],
    ]);
    expect(threads.isWallOnly).toBe(true);
    expect(goalsOf(scaling)).toEqual([
      ['512 tokens', '256 tokens', 2.15],
      ['1,024 tokens', '512 tokens', 2.3],
      ['8 examples of 64 tokens', '4 examples of 64 tokens', 2.05],
      ['256 tokens', '256 tokens, half of the layers', 2.05],
      ['256 tokens, rank 16', '256 tokens', 1.1],
    ]);
    expect(scaling.metrics[0].goals.every(({ isMost }) => isMost)).toBe(true);
    const known = new Set(names(scaling));
    for (const { of, against } of scaling.metrics[0].goals)
      for (const name of [of, ...against]) expect(known).toContain(name);
  });

  it('finds wrong whose losses do not fall, where works differ', () => {
    const [scaling] = tasks('--only scaling --builds simd --precisions exact');
    const answers = new Map([
      ['a', [4, 3, 2]],
      ['b', [4, 4.1, 2]],
      ['c', [4, Number.NaN]],
      ['d', []],
    ]);
    expect([...scaling.judge(answers).keys()]).toEqual(['b', 'c', 'd']);
  });

  it('gives fast a wider bound than exact', () => {
    const [row] = tasks('--only row --builds simd');
    const answers = new Map([
      ['PyTorch + PEFT', [4]],
      ['lowrank simd, exact', [4.004]],
      ['lowrank simd, fast', [4.004]],
    ]);
    expect([...row.judge(answers).keys()]).toEqual(['lowrank simd, exact']);
  });
});
