/** A lesson that a closed tab left unfinished. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../../web/language/lab/store.js';
import { lessonOf, listening, rows, smallLab } from './labs.js';

const LESSON = lessonOf({ epochs: 5, heldOut: 0.1 }, { rows: rows(24) });

/** A clock fast enough that each step is kept. */
function hurry(): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => 1e6 * now());
}

afterEach(() => void vi.restoreAllMocks());

describe('a lesson', () => {
  it('continues to the same bytes, and reports what came before', async () => {
    const files = new Map<string, Uint8Array>();
    const kept: Map<string, Uint8Array>[] = [];
    const store = memoryStore(files);
    const watched = {
      ...store,
      write: async (contents: Parameters<typeof store.write>[0]) => {
        await store.write(contents);
        kept.push(new Map(files));
      },
    };
    hurry();
    const whole = listening();
    const lab = await smallLab({ store: watched });
    const outcome = await lab.teach(LESSON, whole.told);
    const bytes = (await lab.adapterFiles()).get('adapter_model.safetensors');
    expect(outcome.steps).toBeGreaterThan(8);
    // Each step but the last, after which the lesson has ended.
    expect(kept).toHaveLength(outcome.steps - 1);
    expect(files.size).toBe(0);
    expect(await lab.unfinished()).toBeUndefined();

    const killed = memoryStore(kept[7]);
    const next = await smallLab({ store: killed });
    expect(await next.unfinished()).toEqual({ step: 8, steps: outcome.of, lesson: LESSON });
    const heard = listening();
    const resumed = await next.resume(heard.told);
    expect(resumed).toMatchObject({ end: 'finished', steps: outcome.steps, kept: outcome.kept });
    expect(resumed.heldOut).toEqual(outcome.heldOut);
    expect(heard.reports[0].losses).toEqual(whole.losses().slice(0, 8));
    expect(heard.losses()).toEqual(whole.losses());
    expect((await next.adapterFiles()).get('adapter_model.safetensors')).toEqual(bytes);
    expect(await next.unfinished()).toBeUndefined();
    await expect(next.resume(() => {})).rejects.toThrow('There is no lesson to continue.');
  });

  it('is still taught if nothing can be kept, and says so', async () => {
    const refuse = () => Promise.reject(new Error('there is no room left'));
    const store = { ...memoryStore(), write: refuse, open: refuse, clear: refuse };
    hurry();
    const heard = listening();
    const lab = await smallLab({ store });
    expect(await lab.unfinished()).toBeUndefined();
    expect(await lab.teach(lessonOf({}, { probes: [] }), heard.told)).toMatchObject({ end: 'finished' });
    const notices = heard.reports.map(({ notice }) => notice).filter(Boolean);
    expect(notices[0]).toBe('Closing this tab would lose the lesson: there is no room left.');
  });
});
