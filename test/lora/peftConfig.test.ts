/** A config of PEFT means what it means in Python. */
import { describe, expect, it } from 'vitest';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { parseConfig } from '../../src/lora/peftConfig.js';
import { Linear } from '../../src/nn/linear.js';
import { Sequential } from '../../src/nn/sequential.js';
import { wasm } from '../support/devices.js';

const device = await wasm();
const CONFIG = 'adapter_config.json';
const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (entries: string) =>
  parseConfig(bytes(`{"peft_type":"LORA","target_modules":["0"],${entries}}`), 'c');

/** "0", "1", "2.0", "2.1", of three sizes. */
const build = () =>
  new Sequential(
    new Linear(device, 6, 9),
    new Linear(device, 9, 6),
    new Sequential(new Linear(device, 6, 5), new Linear(device, 5, 4)),
  );

async function alphas(config: LoraConfig): Promise<Record<string, number>> {
  const adapter = await applyLora(build(), { rank: 2, alpha: 1, ...config });
  return Object.fromEntries(Array.from(adapter.factors, ([path, { alpha }]) => [path, alpha]));
}

/** The config as a file, and the alphas that an adapter of it has when it is loaded. */
async function loadedAlphas(alphaPattern: string): Promise<Record<string, number>> {
  const model = build();
  await applyLora(model, { rank: 2, alpha: 1 });
  const files = new Map<string, Uint8Array>();
  await saveAdapter(model, files);
  const text = new TextDecoder().decode(files.get(CONFIG));
  files.set(CONFIG, bytes(text.replace('"alpha_pattern": {}', `"alpha_pattern": ${alphaPattern}`)));
  const adapter = await loadAdapter(build(), files);
  return Object.fromEntries(Array.from(adapter.factors, ([path, { alpha }]) => [path, alpha]));
}

describe('patterns', () => {
  it('count in the order of the file, also when they look like integers, and again when saved', async () => {
    // Python: re.match(rf"(.*\.)?({key})$", path), the first key that matches.
    expect(await loadedAlphas('{".*2.0": 16, "0": 4}')).toEqual({ '0': 4, '1': 1, '2.0': 16, '2.1': 1 });
    expect(await loadedAlphas('{"0": 4, ".*2.0": 16}')).toEqual({ '0': 4, '1': 1, '2.0': 4, '2.1': 1 });
    const model = build();
    await applyLora(model, {
      rank: 2,
      alphaPattern: new Map([
        ['.*2.0', 16],
        ['0', 4],
      ]),
    });
    const files = new Map<string, Uint8Array>();
    await saveAdapter(model, files);
    const text = new TextDecoder().decode(files.get(CONFIG));
    expect(text).toContain('"alpha_pattern": {\n    ".*2.0": 16,\n    "0": 4\n  }');
    await saveAdapter((await loadAdapter(build(), files)).model, files);
    expect(new TextDecoder().decode(files.get(CONFIG))).toBe(text);
  });

  it('are those of Python', async () => {
    expect(await loadedAlphas('{"1\\\\Z": 40}')).toEqual({ '0': 1, '1': 40, '2.0': 1, '2.1': 40 });
    expect(await loadedAlphas('{"\\\\A1": 40}')).toEqual({ '0': 1, '1': 40, '2.0': 1, '2.1': 1 });
    expect(await loadedAlphas('{"2.(?P<n>0|1)": 40}')).toEqual({ '0': 1, '1': 1, '2.0': 40, '2.1': 40 });
    // A dot of a name is any character, and a key may be there twice: the last value at the first place.
    expect(await loadedAlphas('{"2.0": 7, "0": 3, "2.0": 9}')).toEqual({
      '0': 3,
      '1': 1,
      '2.0': 9,
      '2.1': 1,
    });
    await expect(loadedAlphas('{"(?i)1": 40}')).rejects.toThrow(
      /alpha_pattern: .*flags for the whole pattern/,
    );
    await expect(loadedAlphas('{"(1)\\\\2": 40}')).rejects.toThrow(/references to groups/);
    await expect(loadedAlphas(`{"${'(?=(.*|.*|.*|.*)'.repeat(50)}x${')'.repeat(50)}": 4}`)).rejects.toThrow(
      /^adapter_config.json: regular expression cannot be matched: it takes too many steps/,
    );
  });

  it('of an object are refused where JavaScript moves them and their order may matter', async () => {
    await expect(alphas({ alphaPattern: { '.*2.0': 16, '0': 4 } })).rejects.toThrow(
      'lora: alphaPattern must be a Map to keep the order of its patterns: JavaScript moves 0 to the front of an object',
    );
    expect(await alphas({ alphaPattern: { '1': 3, '0': 4 } })).toEqual({
      '0': 4,
      '1': 3,
      '2.0': 4,
      '2.1': 3,
    });
  });
});

describe('the modules of a config', () => {
  it('do not depend on where a regular expression of the caller matched last', async () => {
    for (const flags of ['', 'g', 'y', 'gy']) {
      const targets = new RegExp('[01]|2.[01]', flags);
      targets.lastIndex = 1;
      expect(Object.keys(await alphas({ targetModules: targets }))).toEqual(['0', '1', '2.0', '2.1']);
      expect(targets.lastIndex).toBe(1);
      const excluded = new RegExp('\\d', flags);
      expect(Object.keys(await alphas({ excludeModules: excluded }))).toEqual(['2.0', '2.1']);
    }
  });

  it('match whole paths, whichever alternative comes first', async () => {
    expect(Object.keys(await alphas({ targetModules: /2|2\.1/ }))).toEqual(['2.1']);
  });

  it('are not what the caller makes of them later', async () => {
    const targetModules = ['0'];
    const alphaPattern = new Map([['0', 3]]);
    const adapter = await applyLora(build(), { rank: 2, targetModules, alphaPattern });
    targetModules.push('1');
    alphaPattern.set('0', 5);
    expect(adapter.config).toMatchObject({ targetModules: ['0'], alphaPattern: new Map([['0', 3]]) });
  });

  it('are an array, not a string of letters', async () => {
    for (const config of [{ targetModules: '0' }, { excludeModules: '0' }, { modulesToSave: '0' }]) {
      // As a caller in JavaScript may.
      await expect(alphas(config as unknown as LoraConfig)).rejects.toThrow(/must be an array of names: "0"/);
    }
  });

  it('to save are those whose paths end so, and exclude by a pattern, as in PEFT', async () => {
    const adapter = await applyLora(build(), { rank: 2, modulesToSave: ['1'] });
    expect([...adapter.copies.keys()]).toEqual(['1.weight', '1.bias', '2.1.weight', '2.1.bias']);
    expect([...adapter.factors.keys()]).toEqual(['0', '2.0']);
    // It ends so, but its name is another: PEFT cannot wrap it twice.
    await expect(applyLora(build(), { rank: 2, modulesToSave: ['.1'] })).rejects.toThrow(
      'applyLora: 2.1 cannot be both adapted and saved as a whole',
    );
  });
});

describe('a config', () => {
  it.each([
    ['"r": 8.0', 'r must be an integer: found 8.0'],
    ['"r": true', 'r must be an integer: found true'],
    ['"r": null', 'r must be an integer: found null'],
    ['"r": 1e2', 'r must be an integer: found 1e2'],
    ['"lora_alpha": "16"', 'lora_alpha must be a number: found "16"'],
    ['"lora_alpha": null', 'lora_alpha must be a number: found null'],
    ['"rank_pattern": {"0": 4.0}', 'rank_pattern must be integers by pattern: found {"0":4.0}'],
    ['"rank_pattern": [["0", 4]]', 'rank_pattern must be integers by pattern: found [["0",4]]'],
    ['"alpha_pattern": {"0": "4"}', 'alpha_pattern must be numbers by pattern: found {"0":"4"}'],
    ['"use_dora": 1', 'use_dora must be true or false: found 1'],
    ['"use_rslora": "false"', 'use_rslora must be true or false: found "false"'],
    ['"bias": null', 'bias must be none, lora_only or all: found null'],
    ['"init_lora_weights": 1', 'init_lora_weights is not supported: 1'],
    ['"init_lora_weights": "mica"', 'init_lora_weights is not supported: "mica"'],
    ['"modules_to_save": "head"', 'modules_to_save must be names in a list: found "head"'],
    ['"exclude_modules": 3', 'exclude_modules must be names or a pattern: found 3'],
    ['"layers_to_transform": 0', 'layers_to_transform is not supported: 0'],
    ['"layers_to_transform": false', 'layers_to_transform is not supported: false'],
    ['"layers_pattern": "h"', 'layers_pattern is not supported: "h"'],
    ['"velora_config": {}', 'velora_config is not supported: {}'],
    ['"kasa_config": {}', 'kasa_config is not supported: {}'],
    ['"arrow_config": {}', 'arrow_config is not supported: {}'],
    ['"use_bdlora": {}', 'use_bdlora is not supported: {}'],
    ['"alora_invocation_tokens": []', 'alora_invocation_tokens is not supported: []'],
    ['"trainable_token_indices": [1]', 'trainable_token_indices is not supported: [1]'],
    ['"target_parameters": ["w"]', 'target_parameters is not supported: ["w"]'],
    ['"layer_replication": [[0, 1]]', 'layer_replication is not supported: [[0,1]]'],
    ['"megatron_config": {"a": 1}', 'megatron_config is not supported: {"a":1}'],
    ['"ensure_weight_tying": true', 'ensure_weight_tying is not supported: true'],
    ['"use_qalora": true', 'use_qalora is not supported: true'],
    ['"something_new": NaN', 'something_new is not supported: NaN'],
    ['"a": [1,]', 'is not JSON: a value expected at character'],
    ['"a": "\n"', 'is not JSON: a valid string expected at character'],
    ['"a": 01', 'is not JSON: a value expected at character'],
    [`"a": ${'['.repeat(100_000)}`, 'JSON must not be nested more than 100 deep'],
  ])('refuses what Python would refuse or read otherwise: %.60s', (entries, message) => {
    let found: unknown;
    try {
      parse(entries);
    } catch (error) {
      found = error;
    }
    expect(found).toMatchObject({ name: 'DataError', message: expect.stringContaining(`c: ${message}`) });
  });

  it.each([
    ['"lora_alpha": NaN', 'alpha must be a finite number: NaN'],
    ['"lora_alpha": 1e400', 'alpha must be a finite number: Infinity'],
    ['"lora_alpha": -Infinity', 'alpha must be a finite number: -Infinity'],
    ['"r": -3', 'rank must be'],
    ['"r": 100000000000000000000000000000', 'r must be an integer'],
    ['"lora_dropout": 1', 'dropout must be'],
  ])('refuses numbers that cannot be: %s', async (entries, message) => {
    const text = `{"peft_type":"LORA","target_modules":["0"],${entries}}`;
    const refused = loadAdapter(
      build(),
      new Map([
        [CONFIG, bytes(text)],
        ['adapter_model.safetensors', new Uint8Array()],
      ]),
      { from: 'dir' },
    );
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toHaveProperty('name', 'DataError');
  });

  it('is taken or refused as a DataError with its file, whatever stands for a key', async () => {
    const files = new Map<string, Uint8Array>();
    const model = build();
    await applyLora(model, { rank: 2 });
    await saveAdapter(model, files);
    const keys = [...new TextDecoder().decode(files.get(CONFIG)).matchAll(/^ {2}"(\w+)"/gm)].map(
      ([, key]) => key,
    );
    const values = [
      'null',
      'true',
      '0',
      '-1',
      '1e999',
      'NaN',
      '""',
      '"("',
      '"(?:.*){200}!"',
      '[]',
      '[[]]',
      '[null]',
      '{}',
    ];
    const more = [
      '{"0": {}}',
      '{"(": 1}',
      '{"": 2}',
      '"\\ud800"',
      '["\\ud800"]',
      `"${'(a|b)*'.repeat(20_000)}"`,
      '[""]',
    ];
    let refused = 0;
    let fresh = build();
    for (const key of [...keys, '__proto__', 'constructor', 'toString', 'layers_to_transform']) {
      for (const value of [...values, ...more]) {
        const text = new TextDecoder().decode(files.get(CONFIG)).replace(/\n}$/, `,\n"${key}": ${value}}`);
        const changed = new Map(files).set(CONFIG, bytes(text));
        const error = await loadAdapter(fresh, changed, { from: 'dir' }).catch((e: unknown) => e);
        if (!(error instanceof Error)) {
          fresh = build();
          continue;
        }
        refused++;
        expect(error, `${key}: ${value.slice(0, 40)}: ${error.message}`).toMatchObject({ name: 'DataError' });
        expect(error.message).toMatch(/^dir\/adapter_(config\.json|model\.safetensors): /);
        expect(error.message.length).toBeLessThan(1000);
      }
    }
    expect(refused).toBeGreaterThan(200);
  });

  it('takes what PEFT takes', () => {
    expect(parse('"r": 4, "r": 16')).toMatchObject({ rank: 16 });
    expect(parse('"lora_alpha": 16.5, "lora_dropout": 0')).toMatchObject({ alpha: 16.5 });
    expect(parse('"use_dora": null, "modules_to_save": null, "exclude_modules": ""')).toMatchObject({
      useDora: false,
      modulesToSave: [],
      excludeModules: [],
    });
    expect(parse('"init_lora_weights": "Gaussian"')).toMatchObject({ init: 'gaussian' });
    expect(parse('"init_lora_weights": "eva", "eva_config": {"rho": 2.0}')).toMatchObject({
      init: 'kaiming',
    });
    expect(parse('"target_modules": "All-Linear"')).toMatchObject({ targetModules: 'all-linear' });
    expect(parse('"task_type": "SEQ_CLS", "modules_to_save": ["score"]')).toMatchObject({
      modulesToSave: ['score', 'classifier'],
    });
  });
});

describe('what a caller adds when an adapter is saved', () => {
  const saved = async (config: LoraConfig, options: Parameters<typeof saveAdapter>[2]) => {
    const model = build();
    await applyLora(model, { rank: 2, alpha: 6, ...config });
    const files = new Map<string, Uint8Array>();
    await saveAdapter(model, files, options);
    return { files, config: JSON.parse(new TextDecoder().decode(files.get(CONFIG))) };
  };

  it('is the base, the task, and a scale of all alphas, which loading restores', async () => {
    const { files, config } = await saved(
      { alphaPattern: { '2.0': 16 } },
      { baseModel: 'owner/name', taskType: 'CAUSAL_LM', scale: -0.5 },
    );
    expect(config).toMatchObject({
      ...{ base_model_name_or_path: 'owner/name', task_type: 'CAUSAL_LM', lora_alpha: -3 },
      alpha_pattern: { '2.0': -8 },
    });
    const { factors } = await loadAdapter(build(), files);
    // alpha / rank
    expect(Array.from(factors, ([path, { scaling }]) => [path, scaling])).toEqual([
      ...[
        ['0', -1.5],
        ['1', -1.5],
        ['2.0', -4],
        ['2.1', -1.5],
      ],
    ]);
  });

  it('is nothing unless it is given', async () => {
    const { config } = await saved({}, {});
    expect(config).toMatchObject({ base_model_name_or_path: null, task_type: null, lora_alpha: 6 });
  });

  it('is refused where PEFT has no such task, or a scale is not a number', async () => {
    await expect(saved({}, { taskType: 'CHAT' as 'CAUSAL_LM' })).rejects.toThrow(
      'saveAdapter: taskType must be one of CAUSAL_LM,',
    );
    await expect(saved({}, { scale: Number.POSITIVE_INFINITY })).rejects.toThrow(
      'saveAdapter: scale must be finite: Infinity',
    );
  });
});
