/** Loading a model into the lab. */
import { describe, expect, it, vi } from 'vitest';
import { bytesSource } from '../../../src/index.js';
import { openGguf } from '../../../src/text.js';
import type { Loading, ModelFacts } from '../../../web/language/api.js';
import { memoryAdapters } from '../../../web/language/lab/adapterStore.js';
import { Lab } from '../../../web/language/lab/lab.js';
import { nowAndThen } from '../../../web/language/lab/loading.js';
import { pageSources } from '../../../web/language/lab/pageSources.js';
import type { Sources } from '../../../web/language/lab/sources.js';
import { memoryStore } from '../../../web/language/lab/store.js';
import { ggufBytes } from '../../models/fixtures.js';
import { wasm } from '../../support/devices.js';
import { lessonOf, question, rows, SHAPE, smallFiles, smallLab } from './labs.js';

const FACTS: ModelFacts = {
  ...{ name: 'Small', architecture: 'llama', parameters: 1, fileBytes: 1, neededBytes: 1 },
  ...{ contextLength: 128, hasTokenizer: true },
};

/** A lab whose own model has its weights once `arrive` is called. */
async function slowLab() {
  const bytes = ggufBytes('llama');
  const whole = bytesSource(bytes);
  const { tensors } = await openGguf(whole, 'small');
  const headerEnd = bytes.length - [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  let arrive = () => {};
  let fail = (_: Error) => {};
  const finished = new Promise<void>((resolve, reject) => {
    [arrive, fail] = [resolve, reject];
  });
  finished.catch(() => {});
  const source = {
    length: bytes.length,
    read: async (offset: number, length: number) => {
      if (offset >= headerEnd) await finished;
      return whole.read(offset, length);
    },
  };
  const sources: Sources = {
    ...pageSources,
    openShipped: async (told) => {
      told({ stage: 'downloading', done: 1, total: 2, bytesPerSecond: 1 });
      return {
        ...{ source, facts: FACTS, digests: ['aa'], repository: 'owner/small', finished },
        ...{ pause: () => {}, resume: () => {}, close: () => {} },
      };
    },
  };
  const lab = new Lab({
    openDevice: () => wasm('simd'),
    sources,
    store: memoryStore(),
    adapters: memoryAdapters(),
  });
  return { lab, arrive, fail };
}

describe("the page's own model", () => {
  it('counts examples before its weights are here', async () => {
    const { lab, arrive } = await slowLab();
    await expect(lab.describe(rows(1), SHAPE)).rejects.toThrow('The model is not here yet.');
    const stages: Loading['stage'][] = [];
    let isOpen = false;
    const opening = lab
      .openShipped(({ stage }) => void stages.push(stage))
      .finally(() => {
        isOpen = true;
      });
    await expect.poll(() => lab.describe(rows(1), SHAPE).catch(() => [])).toHaveLength(1);
    expect(isOpen).toBe(false);
    await expect(lab.ask(question('Lamp?', 0), () => {})).rejects.toThrow('The model is not here yet.');
    arrive();
    expect(await opening).toMatchObject({ name: 'Small', layers: 2, device: 'wasm', threads: 1 });
    expect([...new Set(stages)]).toEqual(['downloading', 'unpacking', 'warming up']);
    await lab.teach(lessonOf({ epochs: 1 }, { probes: [] }), () => {});
    const readme = new TextDecoder().decode((await lab.adapterFiles()).get('README.md'));
    expect(readme).toContain('AutoModelForCausalLM.from_pretrained("owner/small", dtype="float32")');
    expect(readme).toMatch(/^# A LoRA adapter for Small\n/);
  });

  it('fails with the sentence of its download, and can be opened again', async () => {
    const { lab, fail } = await slowLab();
    const opening = lab.openShipped(() => {});
    fail(new Error('Part 3 arrived damaged twice.'));
    await expect(opening).rejects.toThrow('Part 3 arrived damaged twice.');
    expect(await lab.openFiles(smallFiles(), () => {})).toMatchObject({ layers: 2 });
  });
});

it('reports progress at most ten times a second, and the end', () => {
  vi.useFakeTimers();
  const told: number[] = [];
  const tell = nowAndThen((done) => told.push(done));
  for (let done = 1; done <= 100; done++) {
    tell(done, 100);
    vi.advanceTimersByTime(9);
  }
  vi.useRealTimers();
  expect(told).toEqual([1, 13, 25, 37, 49, 61, 73, 85, 97, 100]);
});

describe("a visitor's files", () => {
  it('are refused within a second with a sentence, and the model in use stays', async () => {
    const lab = await smallLab();
    const told = await lab.ask(question('Lamp 3?', 0), () => {});
    const { liveBytes } = (await lab.memory()) ?? {};
    const bytes = ggufBytes('llama3').slice();
    const unknown = bytes.slice();
    const at = Buffer.from(bytes).indexOf('blk.0.attn_q.weight') + 'blk.0.attn_q.weight'.length;
    new DataView(unknown.buffer).setUint32(at + 4 + 16, 10, true);
    // Its first entry has a text of 10 GB.
    const huge = bytes.slice(0, 1000);
    const view = new DataView(huge.buffer);
    view.setBigUint64(24, 1n, true);
    view.setUint8(32, 97);
    view.setUint32(33, 8, true);
    view.setBigUint64(37, 10_000_000_000n, true);
    const notFinite = bytes.slice();
    notFinite.fill(0xff, -64);
    for (const [content, sentence] of [
      [bytes.slice(0, 40_000), /^The file ends /],
      [Uint8Array.from([...bytes], (byte, i) => (i < 4 ? 0x21 : byte)), /^This is not a GGUF file: /],
      [huge, /^The file ends too early\. /],
      [unknown, /^This file has Q2_K tensors \(1 of \d+\), not supported yet\. /],
      [notFinite, /^mine cannot be used: .*finite.*\.$/],
    ] as const) {
      const begun = performance.now();
      await expect(lab.openFiles([new File([content], 'mine.gguf')], () => {})).rejects.toThrow(sentence);
      expect(performance.now() - begun).toBeLessThan(1000);
      expect((await lab.memory())?.liveBytes).toBe(liveBytes);
    }
    expect((await lab.ask(question('Lamp 3?', 0), () => {})).text).toBe(told.text);
    const again = await lab.openFiles(smallFiles(), () => {});
    expect(again.base).toMatch(/^[0-9a-f]{16}$/);
    expect((await lab.memory())?.liveBytes).toBe((await (await smallLab()).memory())?.liveBytes);
  });
});

describe('an adapter', () => {
  it('is refused on another model, and loaded with a word where it names none', async () => {
    const lab = await smallLab();
    await lab.teach(lessonOf({ epochs: 1 }, { probes: [] }), () => {});
    const files = await lab.adapterFiles();
    const taught = await lab.adapter();
    const withInfo = (bytes: Uint8Array | undefined) => {
      const changed = new Map(files);
      if (bytes) changed.set('lowrank.json', bytes);
      else changed.delete('lowrank.json');
      return changed;
    };
    const told = JSON.parse(new TextDecoder().decode(files.get('lowrank.json')));
    const other = new TextEncoder().encode(JSON.stringify({ ...told, base: '0123456789abcdef' }));
    await expect(lab.loadAdapter(withInfo(other))).rejects.toThrow(
      'This adapter was taught on another model (checksum 0123456789abcdef).',
    );
    expect(await lab.adapter()).toEqual(taught);
    // Loading keeps it again, at a later time.
    expect(await lab.loadAdapter(files)).toEqual({ ...taught, keptSince: expect.any(Number) });
    for (const bytes of [undefined, new TextEncoder().encode('no JSON')]) {
      const loaded = await lab.loadAdapter(withInfo(bytes));
      expect(loaded).toMatchObject({ rank: taught?.rank, steps: 0 });
      expect(loaded.note).toMatch(/^This adapter does not say which model it was taught on\. /);
    }
  });
});
