/** A visitor's work in one file. */
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../web/language/efforts.js';
import { projectFile, readProject } from '../../../web/language/projectFile.js';

const rows = [{ prompt: 'When do you open?', answer: 'At six, when the lamp goes out.' }];
const examples = { rows, system: 'You are the keeper.', settings: settingsOf('quick', 1) };
const adapter = new Map([
  ['adapter_config.json', strToU8('{"r": 8}')],
  ['lowrank.json', strToU8('{"steps": 60}')],
  ['adapter_model.safetensors', Uint8Array.from({ length: 1000 }, (_, i) => i)],
]);

describe('a project', () => {
  it('comes back with its examples, settings and adapter', () => {
    expect(readProject('a.zip', projectFile({ ...examples, adapter }))).toEqual({ ...examples, adapter });
  });

  it('may be without an adapter, and half of one is none', () => {
    expect(readProject('a.zip', projectFile(examples))).toEqual(examples);
    const half = new Map([...adapter].slice(0, 1));
    expect(readProject('a.zip', projectFile({ ...examples, adapter: half }))).toEqual(examples);
  });

  it('is none where the zip has another thing', () => {
    expect(readProject('a.zip', zipSync(Object.fromEntries(adapter)))).toBeUndefined();
  });

  it('is refused with a sentence where it is damaged', () => {
    const whole = projectFile({ ...examples, adapter });
    expect(() => readProject('mine.zip', whole.subarray(0, 300))).toThrow(
      'mine.zip is not a zip file, or it is damaged.',
    );
    const { 'lowrank-project.json': text, ...others } = unzipSync(whole);
    const cut = zipSync({ ...others, 'lowrank-project.json': text.subarray(0, 40) });
    expect(() => readProject('mine.zip', cut)).toThrow(
      'mine.zip is a project from another version of this page, or it is damaged.',
    );
  });

  it('is refused where it would fill the memory', () => {
    const bomb = zipSync({ 'lowrank-project.json': new Uint8Array(17 * 2 ** 20) });
    expect(() => readProject('mine.zip', bomb)).toThrow('mine.zip unpacks to more than 16 MB.');
  });
});
