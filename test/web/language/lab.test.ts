/** The lab of the language-model page on a small model. */
import { describe, expect, it, vi } from 'vitest';
import { TokenReader } from '../../../src/generate/reader.js';
import { loadAdapter, noGrad, tensor } from '../../../src/index.js';
import { loadLanguageModel, loadTokenizer, tokenizeChat } from '../../../src/text.js';
import type { Question } from '../../../web/language/api.js';
import { Watch } from '../../../web/language/lab/copies.js';
import { OpenedModel } from '../../../web/language/lab/opened.js';
import { Probes } from '../../../web/language/lab/probes.js';
import { Reports } from '../../../web/language/lab/reports.js';
import { folder } from '../../models/fixtures.js';
import { wasm } from '../../support/devices.js';
import { lessonOf, listening, question, rows, SHAPE, smallLab } from './labs.js';

const adapterBytes = async (lab: Awaited<ReturnType<typeof smallLab>>) =>
  (await lab.adapterFiles()).get('adapter_model.safetensors');

describe('examples', async () => {
  const lab = await smallLab();
  const { tokenizer } = await loadTokenizer(folder('llama3'));

  it.each([
    ['their answers', false, 'answers'],
    ['all of them', true, 'all'],
  ] as const)('are counted and shown as the library trains %s', async (_, trainsPrompts, trainOn) => {
    const shape = { ...SHAPE, system: 'Be short.', trainsPrompts };
    const all = rows(20);
    const views = await lab.describe(all, shape);
    for (const [i, { prompt, answer }] of all.entries()) {
      const messages = [
        { role: 'user', content: prompt },
        { role: 'assistant', content: answer },
      ];
      const { ids, labels } = tokenizeChat(tokenizer, messages, { system: 'Be short.', trainOn });
      const trained = [...labels].map((label) => label >= 0);
      expect(views[i]).toEqual({
        ...{ id: `row ${i}`, tokens: ids.length, trained: trained.filter(Boolean).length, isCut: false },
      });
      const seen = await lab.see(all[i], shape);
      expect(seen.map(({ isTrained }) => isTrained)).toEqual(trained);
      expect(seen.map(({ text }) => text).join('')).toBe(tokenizer.decode(ids));
      const end = trained.lastIndexOf(true);
      expect(seen[end].isSpecial).toBe(true);
      expect(trained.indexOf(true) === 1).toBe(trainsPrompts);
    }
  });

  it('are reported if they are cut, or cannot be taught', async () => {
    const [row] = rows(1);
    const special = [...tokenizer.specialTokens.keys()][0];
    const views = await lab.describe(
      [
        { ...row, answer: 'Lamp '.repeat(90) },
        { ...row, prompt: 'Lamp '.repeat(90) },
        { ...row, answer: ' ' },
        { ...row, prompt: '' },
        { ...row, answer: `a ${special}` },
      ],
      { ...SHAPE, maxLength: 64 },
    );
    // A text without a prompt is trained whole, from its second token on.
    expect(views[3].trained).toBe(views[3].tokens - 1);
    expect(views[0].isCut).toBe(true);
    expect(views[0].tokens).toBeGreaterThan(64);
    expect(views.map(({ problem }) => problem)).toEqual([
      undefined,
      'The prompt alone has more than 64 tokens, so none of the answer is left.',
      'The answer is empty.',
      undefined,
      `It contains ${special}, which the model uses to mark turns: leave it out.`,
    ]);
    expect(await lab.see({ ...row, answer: 'Lamp '.repeat(90) }, { ...SHAPE, maxLength: 64 })).toHaveLength(
      64,
    );
  });
});

describe('a lesson', () => {
  it('teaches, answers, and gives files that the library reads', async () => {
    const lab = await smallLab();
    const heard = listening();
    const before = await lab.ask(question('Lamp 3?', 0), () => {});
    await expect(lab.ask(question('Lamp 3?', 1), () => {})).rejects.toThrow(/^There is no adapter yet/);
    const outcome = await lab.teach(lessonOf({ epochs: 6 }), heard.told);
    expect(outcome).toMatchObject({ end: 'finished', steps: 18, of: 18, kept: 18 });
    const losses = heard.losses();
    expect(losses.map(([step]) => step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    expect(losses[17][1]).toBeLessThan(losses[0][1]);
    expect(heard.probes().map(({ step }) => step)).toEqual([0, 18]);
    expect(heard.probes()[0].answers[0].startsWith(before.text)).toBe(true);
    const pieces: string[] = [];
    const after = await lab.ask(question('Lamp 3?', 1), (text) => pieces.push(text));
    expect(after.text).not.toBe(before.text);
    expect(pieces.at(-1)).toBe(after.text);
    expect((await lab.ask(question('Lamp 3?', 0), () => {})).text).toBe(before.text);

    const files = await lab.adapterFiles();
    expect([...files.keys()].sort()).toEqual([
      ...['README.md', 'adapter_config.json', 'adapter_model.safetensors', 'lowrank.json'],
    ]);
    const other = await loadLanguageModel(await wasm('simd'), folder('llama3'));
    const { layers } = await loadAdapter(other.model, files);
    expect(layers.size).toBe(14);
    const another = await smallLab();
    const facts = { ...(await lab.adapter()), keptSince: expect.any(Number) };
    expect(await another.loadAdapter(files)).toEqual(facts);
    expect(facts).toMatchObject({ rows: 12, steps: 18, seed: 0 });
    expect((await another.ask(question('Lamp 3?', 1), () => {})).text).toBe(after.text);
    expect(new TextDecoder().decode((await lab.adapterGguf()).subarray(0, 4))).toBe('GGUF');
    await another.removeAdapter();
    expect(await another.adapter()).toBeUndefined();
  });

  it('ends with the same bytes whatever is asked meanwhile', async () => {
    const [lab, probed] = [await smallLab(), await smallLab({ threads: 2 })];
    await lab.teach(lessonOf({}, { probes: [] }), () => {});
    let answers = 0;
    const asked: Promise<unknown>[] = [];
    await probed.teach(lessonOf({}, { probes: ['Lamp 1?', 'Lamp 2?'] }), ({ step }) => {
      if (step === 0) return;
      asked.push(probed.ask(question('Lamp 5?', answers++ % 2), () => {}));
    });
    await Promise.all(asked);
    expect(asked.length).toBeGreaterThan(1);
    expect(await adapterBytes(probed)).toEqual(await adapterBytes(lab));
    await probed.teach(lessonOf({ seed: 1 }, { probes: [] }), () => {});
    expect(await adapterBytes(probed)).not.toEqual(await adapterBytes(lab));
  });

  it('is asked often enough to be seen to learn, in at most 15 % of its time', async () => {
    // A second lasts a millisecond, so that ten of them pass between two steps.
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => 1000 * now());
    const rounds: (readonly [begun: number, end: number])[] = [];
    const { ask } = Probes.prototype;
    vi.spyOn(Probes.prototype, 'ask').mockImplementation(async function (this: Probes, ...args) {
      const begun = now();
      const stop = await ask.apply(this, args);
      rounds.push([begun, now()]);
      return stop;
    });
    const lab = await smallLab();
    const heard = listening();
    const outcome = await lab.teach(lessonOf({ epochs: 80 }), heard.told);
    vi.restoreAllMocks();
    expect(outcome.end).toBe('finished');
    const answers = heard.probes().map(({ answers: [answer] }) => answer);
    expect(new Set(answers).size).toBeGreaterThanOrEqual(4);
    const steps = heard.probes().map(({ step }) => step);
    expect([steps[0], steps.at(-1)]).toEqual([0, 240]);
    expect(answers).toHaveLength(rounds.length);
    // The first round is before the steps. A round that takes longer than the one before it is not foreseen.
    const spent = rounds.slice(1).reduce((sum, [begun, end]) => sum + end - begun, 0);
    const share = spent / ((rounds.at(-1)?.[1] ?? 0) - rounds[0][1]);
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.18);
  });

  it('stops at once, also in a probe, and keeps what it learned', async () => {
    const lab = await smallLab();
    const probes = Array.from({ length: 200 }, (_, i) => `Lamp ${i}?`);
    const heard = listening();
    const taught = lab.teach(lessonOf({}, { probes }), heard.told);
    await vi.waitFor(() => expect(heard.reports.length).toBeGreaterThan(0), { timeout: 10_000, interval: 5 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const begun = performance.now();
    await lab.stopTeaching();
    expect(performance.now() - begun).toBeLessThan(300);
    expect(await taught).toMatchObject({ end: 'stopped', steps: 0, kept: 0 });
    expect(heard.probes()).toEqual([]);
    expect(await lab.adapter()).toBeUndefined();

    const later = lab.teach(lessonOf({ epochs: 200 }), ({ step }) => {
      if (step >= 4) void lab.stopTeaching();
    });
    const { end, steps, kept } = await later;
    expect(end).toBe('stopped');
    expect(kept).toBe(steps);
    expect(steps).toBeLessThan(600);
    expect(await lab.adapter()).toMatchObject({ steps: kept, rows: 12 });
  });

  it('waits while it is paused', async () => {
    const lab = await smallLab();
    const heard = listening();
    const taught = lab.teach(lessonOf({}, { probes: [] }), heard.told);
    await lab.pauseTeaching();
    await vi.waitFor(() => expect(heard.reports.length).toBeGreaterThan(0), { timeout: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(heard.losses()).toEqual([]);
    await lab.goOnTeaching();
    expect(await taught).toMatchObject({ end: 'finished', kept: 6 });
    await lab.pauseTeaching();
    expect(await lab.teach(lessonOf({}, { probes: [] }), () => {})).toMatchObject({ end: 'finished' });
  });

  it('stops itself where it diverges, with the last good values', async () => {
    const lab = await smallLab();
    const heard = listening();
    await lab.teach(lessonOf(), () => {});
    const before = await adapterBytes(lab);
    const outcome = await lab.teach(lessonOf({ learningRate: 1e30, epochs: 20 }), heard.told);
    expect(outcome.end).toBe('diverged');
    expect(heard.reports.at(-1)?.warning).toBe('diverged');
    const losses = heard.losses();
    expect(losses.length).toBeLessThan(outcome.of);
    if (outcome.kept === 0) expect(await adapterBytes(lab)).toEqual(before);
    else expect(losses[outcome.kept][1]).toBeLessThanOrEqual(losses[0][1]);
    if (outcome.kept > 0) expect(Number.isFinite(outcome.general?.[1])).toBe(true);
    expect((await lab.ask(question('Lamp 3?', 1), () => {})).tokens).toBeGreaterThanOrEqual(0);
  });

  it('continues from its last good values after it diverged, at another rate', async () => {
    const lab = await smallLab();
    await expect(lab.teachOn(1e-4, () => {})).rejects.toThrow('There is no lesson that diverged.');
    const first = listening();
    // Such a small model does not diverge by itself.
    const { after } = Watch.prototype;
    const spy = vi.spyOn(Watch.prototype, 'after').mockImplementation(function (this: Watch, step, loss) {
      return after.call(this, step, loss) || step === 40;
    });
    const lesson = lessonOf({ epochs: 30 }, { probes: ['Lamp 3?'] });
    const lost = await lab.teach(lesson, first.told);
    spy.mockRestore();
    expect(lost).toMatchObject({ end: 'diverged', steps: 40, kept: 39 });
    const good = await adapterBytes(lab);
    const heard = listening();
    const outcome = await lab.teachOn(1e-9, heard.told);
    expect(outcome).toMatchObject({ end: 'finished', steps: 90, of: 90, kept: 90 });
    const before = first.losses().filter(([step]) => step <= lost.kept);
    expect(heard.reports[0]).toMatchObject({ step: lost.kept, losses: before });
    expect(heard.losses().map(([step]) => step)).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
    expect(heard.probes()[0]).toEqual(first.probes()[0]);
    // Such a small rate leaves the values unchanged, which shows that their lesson continued.
    const numbers = (bytes: Uint8Array | undefined) =>
      new Float32Array((bytes as Uint8Array).slice(-4096).buffer);
    const [kept, now] = [numbers(good), numbers(await adapterBytes(lab))];
    for (const [i, value] of now.entries()) expect(Math.abs(value - kept[i])).toBeLessThan(1e-6);
    await expect(lab.teachOn(1e-4, () => {})).rejects.toThrow('There is no lesson that diverged.');
  });

  it('keeps the best on request, even if it does no worse since', async () => {
    const lab = await smallLab();
    const heard = listening();
    // A report after every step, however fast the machine is: the lesson stops right after its first measurement.
    const due = vi.spyOn(Reports.prototype, 'sendIfDue').mockImplementation(function (this: Reports) {
      this.send();
    });
    const lesson = lessonOf({ epochs: 40, heldOut: 0.1, batch: 2 }, { rows: rows(24), probes: [] });
    const outcome = await lab.teach(lesson, (report) => {
      heard.told(report);
      const last = heard.heldOut().at(-1);
      if (last && last[0] > 0 && report.step > last[0]) void lab.stopTeaching('best');
    });
    due.mockRestore();
    expect(outcome.end).toBe('stopped');
    expect(heard.heldOut()).toHaveLength(2);
    expect(outcome.kept).toBe(heard.heldOut().at(-1)?.[0]);
    expect(outcome.kept).toBeLessThan(outcome.steps);
    expect(outcome.heldOut?.[1]).toBe(heard.heldOut().at(-1)?.[1]);
  });

  it('leaves out what is measured after it where that is skipped', async () => {
    const lab = await smallLab();
    const lesson = lessonOf({ epochs: 1 }, { probes: [] });
    const outcome = await lab.teach(lesson, ({ isMeasuring }) => {
      if (isMeasuring) void lab.skipMeasuring();
    });
    expect(outcome).toMatchObject({ end: 'finished', kept: 3, general: undefined, heldOut: undefined });
    expect(await lab.adapter()).toMatchObject({ steps: 3 });
  });

  it('holds rows out, says when it memorises, and stops at the best', async () => {
    const lab = await smallLab();
    const heard = listening();
    const noise = rows(24).map((row, i) => ({ ...row, answer: `${(i * 7919) % 97} ${(i * 31) % 89}` }));
    const lesson = lessonOf({ epochs: 60, heldOut: 0.1, learningRate: 3e-2 }, { rows: noise, probes: [] });
    const outcome = await lab.teach(lesson, (report) => {
      heard.told(report);
      if (report.warning === 'memorises') void lab.stopTeaching();
    });
    expect(outcome.end).toBe('stopped');
    const measured = heard.heldOut().filter(([step]) => step > 0);
    const best = measured.reduce((a, b) => (b[1] < a[1] ? b : a));
    expect(outcome.kept).toBe(best[0]);
    expect(outcome.kept).toBeLessThan(outcome.steps);
    expect(outcome.heldOut).toEqual([heard.heldOut()[0][1], best[1]]);
    expect(await lab.adapter()).toMatchObject({ rows: 22 });
    const long = { ...lesson, settings: { ...lesson.settings, batch: 1, learningRate: 1e-3 } };
    const early = await lab.teach(long, ({ step }) => {
      if (step > 8) void lab.stopTeaching();
    });
    expect(early.kept).toBeGreaterThan(0);
    expect(early.heldOut?.[0]).toBe(heard.heldOut()[0][1]);
    expect(early.heldOut?.[1]).not.toBe(early.heldOut?.[0]);
  });

  it('leaves nothing on the device but its adapter', async () => {
    const lab = await smallLab();
    const live: (number | undefined)[] = [];
    for (let i = 0; i < 10; i++) {
      await lab.estimate(lessonOf());
      await lab.teach(lessonOf({ epochs: 1 }, { probes: [] }), () => {});
      live.push((await lab.memory())?.liveBytes);
    }
    expect(new Set(live.slice(1)).size).toBe(1);
  });

  it('teaches the last blocks only, and with less memory to the same bytes', async () => {
    const lab = await smallLab();
    await lab.teach(lessonOf({ lastLayers: 1 }, { probes: [] }), () => {});
    const config = JSON.parse(
      new TextDecoder().decode((await lab.adapterFiles()).get('adapter_config.json')),
    );
    expect(JSON.stringify(config.target_modules)).not.toContain('layers.0.');
    const half = await lab.adapter();
    await lab.teach(lessonOf({}, { probes: [] }), () => {});
    expect((await lab.adapter())?.trainable).toBe(2 * (half?.trainable ?? 0));
    const whole = await adapterBytes(lab);
    await lab.teach(lessonOf({ isMemoryTight: true }, { probes: [] }), () => {});
    expect(await adapterBytes(lab)).toEqual(whole);
  });

  it('trains the prompts too if it is told to, which its files say', async () => {
    const lab = await smallLab();
    const readme = async () => new TextDecoder().decode((await lab.adapterFiles()).get('README.md'));
    const heard = [listening(), listening()];
    await lab.teach(lessonOf({}, { probes: [] }), heard[0].told);
    const answers = await adapterBytes(lab);
    expect(await readme()).toContain('12 examples in 6 steps with seed 0; only the answers were trained.');
    await lab.teach(lessonOf({ trainsPrompts: true }, { probes: [] }), heard[1].told);
    expect(await adapterBytes(lab)).not.toEqual(answers);
    expect(heard[1].losses()[0][1]).not.toBe(heard[0].losses()[0][1]);
    expect(await readme()).toContain('the prompts and the answers were trained.');
    expect(await lab.adapter()).toMatchObject({ trainsPrompts: true });
    await lab.loadAdapter(await lab.adapterFiles());
    expect(await lab.adapter()).toMatchObject({ trainsPrompts: true });
  });

  it('is estimated from two steps, which teach nothing', async () => {
    const lab = await smallLab();
    // The first steps are slow.
    await lab.estimate(lessonOf());
    const [few, many] = [await lab.estimate(lessonOf()), await lab.estimate(lessonOf({ epochs: 200 }))];
    expect(few).toBeGreaterThan(0);
    // A hundred times as many steps; the rest is left to a busy machine.
    expect(many).toBeGreaterThan(3 * few);
    expect(await lab.adapter()).toBeUndefined();
  });
});

describe('the base', () => {
  it('gives the same bits beside an adapter of any strength', async () => {
    const device = await wasm('simd');
    const loaded = await loadLanguageModel(device, folder('llama3'));
    const opened = new OpenedModel(device, loaded, {} as OpenedModel['view']);
    const logits = () => noGrad(() => opened.base.forward(tensor(device, [5, 6, 7], [3], 'i32'))).read();
    const before = await logits();
    const twin = opened.twin();
    const lab = await smallLab();
    await lab.teach(lessonOf({ epochs: 4 }, { probes: [] }), () => {});
    await loadAdapter(twin, await lab.adapterFiles());
    const adapted = await noGrad(() => twin.forward(tensor(device, [5, 6, 7], [3], 'i32'))).read();
    expect(adapted).not.toEqual(before);
    expect(await logits()).toEqual(before);
    expect((await lab.ask(question('Lamp 3?', 0), () => {})).text).toBe(
      (await (await smallLab()).ask(question('Lamp 3?', 1.5 - 1.5), () => {})).text,
    );
  });
});

describe('a conversation', () => {
  /** Number of tokens read for an answer, including its own. */
  async function asked(
    lab: Awaited<ReturnType<typeof smallLab>>,
    messages: Question['messages'],
    strength = 0,
  ) {
    const { read } = TokenReader.prototype;
    let tokens = 0;
    const spy = vi.spyOn(TokenReader.prototype, 'read').mockImplementation(function (
      this: TokenReader,
      ids,
      ...rest
    ) {
      tokens += ids.length;
      return read.call(this, ids, ...rest);
    });
    const { text } = await lab.ask({ ...question('', strength), messages }, () => {});
    spy.mockRestore();
    return { text, tokens };
  }

  const say = (content: string) => ({ role: 'user' as const, content });
  const first = [say('Lamp 3?')];
  const then = (text: string) => [
    ...first,
    { role: 'assistant' as const, content: text },
    say('And lamp 4?'),
  ];

  it('is read only where it is new, to the same words', async () => {
    const lab = await smallLab();
    const { text } = await asked(lab, first);
    const second = await asked(lab, then(text));
    const fresh = await asked(await smallLab(), then(text));
    expect(second.text).toBe(fresh.text);
    expect(second.tokens).toBeLessThan(fresh.tokens - 5);
    expect((await asked(lab, first)).text).toBe(text);
  });

  it('is read again with another adapter, at another strength, and after a lesson', async () => {
    const [lab, other] = [await smallLab(), await smallLab()];
    const lesson = (seed: number) => lessonOf({ seed, epochs: 6 }, { probes: [] });
    for (const each of [lab, other]) await each.teach(lesson(0), () => {});
    const { text } = await asked(lab, first, 1);
    for (const strength of [1, 0.5, 1, 1.5]) {
      const again = await asked(lab, then(text), strength);
      await other.removeAdapter();
      await other.loadAdapter(await lab.adapterFiles());
      expect(again.text).toBe((await asked(other, then(text), strength)).text);
    }
    const before = await asked(lab, then(text), 1);
    expect((await asked(lab, then(text), 1)).tokens).toBeLessThan(before.tokens);
    await lab.teach(lesson(1), () => {});
    const after = await asked(lab, then(text), 1);
    await other.loadAdapter(await lab.adapterFiles());
    expect(after).toEqual(await asked(other, then(text), 1));
  });

  it('keeps no more memory than for one text of each model', async () => {
    const lab = await smallLab();
    const live = async () => (await lab.memory())?.liveBytes ?? 0;
    await asked(lab, first);
    const one = await live();
    for (let i = 0; i < 5; i++) await asked(lab, [say(`Lamp ${i}, lamp ${i + 1}?`)]);
    expect(await live()).toBe(one);
    const lesson = lessonOf({ epochs: 1 }, { probes: [] });
    for (let i = 0; i < 2; i++) await lab.teach(lesson, () => {});
    const taught = await live();
    await asked(lab, first, 1);
    expect(await live()).toBeGreaterThan(taught);
    await lab.teach(lesson, () => {});
    expect(await live()).toBe(taught);
  });
});
