/** `--model` and `--download`. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  addModelOption,
  MODEL_HELP,
  parseModelOption,
  type RawModelOption,
} from '../../../src/cli/language/modelOption.js';

const parsed = (...args: string[]) => {
  const command = addModelOption(new Command('x'))
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  return parseModelOption(command.parse(args, { from: 'user' }).opts<RawModelOption>());
};

describe('the options of a model', () => {
  it('are a model, which must be given, and whether it may be fetched', () => {
    expect(parsed('--model', 'a/b@v1:Q8_0')).toEqual({ model: 'a/b@v1:Q8_0', download: false });
    expect(parsed('--model', 'https://host/m.gguf', '--download')).toEqual({
      ...{ model: 'https://host/m.gguf', download: true },
    });
    expect(() => parsed('--download')).toThrow("required option '--model <path|id>' not specified");
  });

  it.each(['', 'ftp://a/b.gguf', 'https://', 'file:///m.gguf'])('refuse %j', (model) => {
    expect(() => parsed('--model', model)).toThrow('--model: must be a path');
  });

  it('are explained in 80 columns', () => {
    expect(MODEL_HELP.split('\n').filter(({ length }) => length > 80)).toEqual([]);
  });
});
