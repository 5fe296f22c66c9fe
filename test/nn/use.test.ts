/** Uses of a model: which run beside each other, wait, or are refused. */
import { describe, expect, it } from 'vitest';
import { changing, reading, requireUnused, Use, type UseKind } from '../../src/nn/use.js';

const model = [{}, {}];
const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

/** A body that lasts until it is told to end, and what happened in which order. */
function stage() {
  const events: string[] = [];
  const body = (name: string) => {
    let end = () => {};
    const done = new Promise<void>((resolve) => {
      end = resolve;
    });
    const run = async () => {
      events.push(`${name} begins`);
      await done;
      events.push(`${name} ends`);
    };
    return { run, end };
  };
  return { events, body };
}

describe('uses', () => {
  const kinds: UseKind[] = ['read', 'change', 'switch', 'train'];
  const refused = new Set(['change in switch', 'change in train', 'switch in switch', 'switch in train']);
  for (const running of ['change', 'switch', 'train']) refused.add(`train in ${running}`);
  const pairs = kinds.flatMap((next) => kinds.map((running) => [next, running] as const));

  it.each(pairs)('%s beside %s', (next, running) => {
    const first = new Use(running, 'first', model);
    const begin = () => new Use(next, 'second', [model[1], {}]);
    if (refused.has(`${next} in ${running}`)) {
      expect(begin).toThrow('second: the model is in use by first: wait until that has ended');
    } else begin().end();
    // Other things are free.
    new Use(next, 'third', [{}]).end();
    first.end();
    begin().end();
  });

  it('are begun at once where they are alone, and end with what they did or threw', async () => {
    let isOver = false;
    const change = changing('change', model, () => {
      isOver = true;
    });
    expect(isOver).toBe(true);
    requireUnused('now', model);
    await change;
    const failing = [reading, changing].map((use) =>
      use('failing', model, () => {
        throw new Error('inside');
      }),
    );
    for (const each of failing) await expect(each).rejects.toThrow('inside');
    requireUnused('now', model);
  });

  it('keep their order where something changes, and reads run side by side', async () => {
    const { events, body } = stage();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(body);
    const all = [
      reading('a', model, a.run),
      reading('b', model, b.run),
      changing('c', [model[0]], c.run),
      reading('d', model, d.run),
    ];
    await tick();
    expect(events).toEqual(['a begins', 'b begins']);
    for (const { end } of [d, c, b, a]) {
      end();
      await tick();
    }
    await Promise.all(all);
    expect(events.slice(2)).toEqual(['b ends', 'a ends', 'c begins', 'c ends', 'd begins', 'd ends']);
    requireUnused('now', model);
  });

  it('let reads in between the parts of a training run', async () => {
    const { events, body } = stage();
    const [part, early, late, next] = ['part', 'early', 'late', 'next'].map(body);
    const before = reading('early', model, early.run);
    const training = new Use('train', 'training', model);
    const parts = training.alone(part.run).then(() => training.alone(next.run));
    await tick();
    expect(events).toEqual(['early begins']);
    early.end();
    await before;
    await tick();
    const after = reading('late', model, late.run);
    await tick();
    expect(events.slice(1)).toEqual(['early ends', 'part begins']);
    part.end();
    await tick();
    late.end();
    next.end();
    await Promise.all([parts, after]);
    training.end();
    expect(events.slice(3)).toEqual(['part ends', 'late begins', 'late ends', 'next begins', 'next ends']);
  });

  it('let a training run continue beside endless reads', async () => {
    const training = new Use('train', 'training', model);
    let isOver = false;
    const asking = [0, 3].map(async (delay) => {
      await new Promise((resolve) => setTimeout(resolve, delay));
      while (!isOver) await reading('read', model, () => new Promise((resolve) => setTimeout(resolve, 5)));
    });
    for (let i = 0; i < 10; i++) await training.alone(tick as () => Promise<void>);
    training.end();
    isOver = true;
    await Promise.all(asking);
  });

  it('say what they are refused by, and what may run beside', () => {
    const training = new Use('train', 'fit', model, 'the model or the optimizer');
    const check = (beside: readonly UseKind[]) => () =>
      requireUnused('dispose', model, { subject: 'the optimizer', beside });
    expect(check(['read'])).toThrow('dispose: the optimizer is in use by fit: wait until that has ended');
    expect(check(['train'])).not.toThrow();
    training.end();
    expect(check([])).not.toThrow();
  });
});
