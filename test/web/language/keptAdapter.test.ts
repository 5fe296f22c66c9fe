/** The adapter of an earlier visit. */
import { describe, expect, it } from 'vitest';
import { memoryAdapters } from '../../../web/language/lab/adapterStore.js';
import { ggufBytes } from '../../models/fixtures.js';
import { lessonOf, question, smallFiles, smallLab } from './labs.js';

const LESSON = lessonOf({ epochs: 6, seed: 5 }, { probes: [] });

const otherModel = () => [new File([ggufBytes('llama') as Uint8Array<ArrayBuffer>], 'other.gguf')];

/** The labs of two visits with the same storage. */
async function visits(adapters = memoryAdapters()) {
  return { first: await smallLab({ adapters }), next: () => smallLab({ adapters }) };
}

describe('an adapter', () => {
  it('is back on the next visit with the same files, facts and answers', async () => {
    const { first, next } = await visits();
    await first.teach(LESSON, () => {});
    const lab = await next();
    const info = await lab.adapter();
    expect(info).toMatchObject({ rows: 12, steps: 18, seed: 5, keptSince: expect.any(Number) });
    expect(info).toEqual(await first.adapter());
    expect(await lab.adapterFiles()).toEqual(await first.adapterFiles());
    for (const strength of [0.5, 1, 1.5]) {
      const asked = question('Lamp 3?', strength);
      expect((await lab.ask(asked, () => {})).text).toBe((await first.ask(asked, () => {})).text);
    }
    expect(await lab.adapterGguf()).toEqual(await first.adapterGguf());
  });

  it('is listed with its size, and the next one takes its place', async () => {
    const { first, next } = await visits();
    await first.teach(LESSON, () => {});
    const files = await first.adapterFiles();
    const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    const [kept, ...rest] = await first.keptAdapters();
    expect(kept).toMatchObject({ bytes, rows: 12, steps: 18 });
    expect(rest).toEqual([]);

    await first.teach(lessonOf({ epochs: 1 }, { probes: [] }), () => {});
    expect(await (await next()).adapter()).toMatchObject({ steps: 3 });
    await first.loadAdapter(files);
    expect(await (await next()).adapter()).toMatchObject({ steps: 18, seed: 5 });
    expect(await first.keptAdapters()).toHaveLength(1);
  });

  it('is gone once it is removed, or deleted from the device', async () => {
    const { first, next } = await visits();
    await first.teach(LESSON, () => {});
    await first.removeAdapter();
    expect(await first.keptAdapters()).toEqual([]);
    expect(await (await next()).adapter()).toBeUndefined();

    await first.teach(LESSON, () => {});
    const [{ base }] = await first.keptAdapters();
    await first.deleteKeptAdapter(base);
    expect(await first.adapter()).toMatchObject({ steps: 18, keptSince: undefined });
    expect(await (await next()).adapter()).toBeUndefined();
  });

  it('stays kept beside that of another model, and comes back only with its own', async () => {
    const { first, next } = await visits();
    await first.teach(LESSON, () => {});
    const lab = await next();
    await lab.openFiles(otherModel(), () => {});
    expect(await lab.adapter()).toBeUndefined();
    await lab.teach(lessonOf({ epochs: 1 }, { probes: [] }), () => {});
    expect((await lab.keptAdapters()).map(({ steps }) => steps).sort()).toEqual([18, 3]);
    await lab.openFiles(smallFiles(), () => {});
    expect(await lab.adapter()).toMatchObject({ steps: 18 });
  });

  it('is used as before where the browser keeps nothing, which its facts say', async () => {
    const refuse = () => Promise.reject(new Error('refused'));
    const { first } = await visits({ list: refuse, read: refuse, write: refuse, delete: refuse });
    expect(await first.teach(LESSON, () => {})).toMatchObject({ end: 'finished' });
    expect(await first.adapter()).toMatchObject({ steps: 18, keptSince: undefined });
    expect(await first.keptAdapters()).toEqual([]);
    await first.removeAdapter();
    expect(await first.adapter()).toBeUndefined();
  });

  it('does not bring back an older one if the browser has no room for it', async () => {
    const store = memoryAdapters();
    let isFull = false;
    const write: typeof store.write = (...kept) =>
      isFull ? Promise.reject(new DOMException('full', 'QuotaExceededError')) : store.write(...kept);
    const { first, next } = await visits({ ...store, write });
    await first.teach(LESSON, () => {});
    isFull = true;
    await first.teach(lessonOf({ epochs: 1 }, { probes: [] }), () => {});
    expect(await first.adapter()).toMatchObject({ steps: 3, keptSince: undefined });
    expect(await (await next()).adapter()).toBeUndefined();
  });

  it('that is damaged is named, and the model works', async () => {
    const adapters = memoryAdapters();
    const { first } = await visits(adapters);
    await first.teach(LESSON, () => {});
    const [about] = await first.keptAdapters();
    const files = new Map(await first.adapterFiles());
    files.set('adapter_model.safetensors', new Uint8Array(9));
    await adapters.write(about, files);
    const lab = await smallLab({ adapters });
    const { notes } = await lab.openFiles(smallFiles(), () => {});
    expect(notes.at(-1)).toMatch(/^The adapter that this device keeps cannot be used: .+\.$/);
    expect(await lab.adapter()).toBeUndefined();
    expect(await lab.keptAdapters()).toHaveLength(1);
    expect(await lab.teach(LESSON, () => {})).toMatchObject({ end: 'finished' });
  });
});
