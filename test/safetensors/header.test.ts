/** Oracle: headers written here by hand, each breaking one rule. */
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { readHeader } from '../../src/safetensors/header.js';

const entry = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';

function refuses(text: string, message: string): void {
  expect(() => readHeader(text, 'f')).toThrow(new DataError(`f: ${message}`));
}

describe('readHeader', () => {
  it('reads entries and metadata, fields in any order, with white space', () => {
    const text =
      '{\n"__metadata__" : {"k":"v"},\t"\\u0061\\n" : {"shape": [ 2 , 0 ] ,\r"data_offsets":[0, 7], "dtype":"U8"} }   ';
    expect(readHeader(text, 'f')).toEqual({
      entries: new Map([['a\n', { dtype: 'U8', shape: [2, 0], begin: 0, end: 7 }]]),
      metadata: { k: 'v' },
    });
    expect(readHeader('{}', 'f')).toEqual({ entries: new Map(), metadata: {} });
  });

  it('keeps keys that objects treat specially', () => {
    const { entries, metadata } = readHeader(`{"__metadata__":{"__proto__":"x"},"__proto__":${entry}}`, 'f');
    expect(Object.entries(metadata)).toEqual([['__proto__', 'x']]);
    expect([...entries.keys()]).toEqual(['__proto__']);
  });

  it.each([
    ['nothing', '', 'header must begin with "{": found ""'],
    ['a space first', ' {}', 'header must begin with "{": found " "'],
    ['an array', '[]', 'header must begin with "{": found "["'],
    ['a lone surrogate', '{"\\ud800":1}', 'lone surrogate in the header: "\\ud800"'],
    ['an unknown field', '{"a":{"size":1}}', 'tensor "a": unknown field: "size"'],
    ['no dtype', '{"a":{"shape":[],"data_offsets":[0,1]}}', 'tensor "a": field is missing: dtype'],
    ['no shape', '{"a":{"dtype":"U8","data_offsets":[0,1]}}', 'tensor "a": field is missing: shape'],
    ['no data_offsets', '{"a":{"dtype":"U8","shape":[]}}', 'tensor "a": field is missing: data_offsets'],
    ['one offset', entry.replace('0,1', '1'), 'tensor "a": data_offsets must be two numbers: found 1'],
    ['three offsets', entry.replace('0,1', '0,1,1'), 'tensor "a": data_offsets must be two numbers: found 3'],
  ])('refuses %s', (_, text, message) => {
    refuses(text.startsWith('{"dtype') ? `{"a":${text}}` : text, message);
  });

  it.each([
    ['a tensor', `{"a":${entry},"a":${entry}}`, 'header: duplicate key: "a"'],
    ['a tensor, once escaped', `{"a":${entry},"\\u0061":${entry}}`, 'header: duplicate key: "a"'],
    ['a slash, once escaped', `{"/":${entry},"\\/":${entry}}`, 'header: duplicate key: "/"'],
    ['__metadata__', '{"__metadata__":{},"__metadata__":{}}', 'header: duplicate key: "__metadata__"'],
    ['a metadata key', '{"__metadata__":{"k":"1","\\u006b":"1"}}', '__metadata__: duplicate key: "k"'],
    ['a field', '{"a":{"dtype":"U8","dtype":"U8"}}', 'tensor "a": duplicate key: "dtype"'],
  ])('refuses %s twice', (_, text, message) => refuses(text, message));

  it.each([
    '-1',
    '-0',
    '1.0',
    '1e0',
    '01',
    '9007199254740992',
    '18446744073709551617',
    'null',
    'true',
    'NaN',
  ])('refuses %s as a number', (number) => {
    const message = `header numbers must be integers from 0 to 2^53 - 1: found ${number}`;
    refuses(`{"a":${entry.replace('[1]', `[2,${number}]`)}}`, message);
    refuses(`{"a":${entry.replace('0,1', `${number},1`)}}`, message);
  });

  it('takes 2^53 - 1, and shows the beginning of a long number', () => {
    const { entries } = readHeader(`{"a":${entry.replace('[1]', '[9007199254740991]')}}`, 'f');
    expect(entries.get('a')?.shape).toEqual([2 ** 53 - 1]);
    const found = `${'7'.repeat(40)}…`;
    const text = `{"a":${entry.replace('[1]', `[${'7'.repeat(99)}]`)}}`;
    refuses(text, `header numbers must be integers from 0 to 2^53 - 1: found ${found}`);
  });

  it.each([
    ['half an object', '{"a"', '":" expected at character 4, found the end'],
    ['half a string', '{"a', 'a valid string expected at character 1, found "\\""'],
    ['half an escape', '{"a\\', 'a valid string expected at character 1, found "\\""'],
    ['a bad escape', '{"\\x":1}', 'a valid string expected at character 1, found "\\""'],
    ['a control character', '{"\n":1}', 'a valid string expected at character 1, found "\\""'],
    ['a key without quotes', '{a:1}', 'a string expected at character 1, found "a"'],
    ['a trailing comma', '{"__metadata__":{},}', 'a string expected at character 19, found "}"'],
    ['a missing comma', '{"__metadata__":{} "a":{}}', '"}" expected at character 19, found "\\""'],
    ['a newline as padding', '{}\n', 'spaces up to its end expected at character 2, found "\\n"'],
    ['a zero as padding', '{}\0', 'spaces up to its end expected at character 2, found "\\u0000"'],
    ['two objects', '{} {}', 'spaces up to its end expected at character 3, found "{"'],
    ['a number for a tensor', '{"a":1}', '"{" expected at character 5, found "1"'],
    ['null metadata', '{"__metadata__":null}', '"{" expected at character 16, found "n"'],
    ['a number in the metadata', '{"__metadata__":{"a":1}}', 'a string expected at character 21, found "1"'],
    ['a number for a dtype', '{"a":{"dtype":1}}', 'a string expected at character 14, found "1"'],
    ['a number for a shape', '{"a":{"shape":1}}', '"[" expected at character 14, found "1"'],
    ['a string as a size', '{"a":{"shape":["1"]}}', 'a number expected at character 15, found "\\""'],
    ['a nested shape', '{"a":{"shape":[[1]]}}', 'a number expected at character 15, found "["'],
    ['a comma after the last size', '{"a":{"shape":[1,]}}', 'a number expected at character 17, found "]"'],
    ['an open shape', '{"a":{"shape":[1}}', '"]" expected at character 16, found "}"'],
  ])('refuses %s', (_, text, message) => {
    refuses(text, `header is not JSON of the format: ${message}`);
  });

  it('survives deep nesting and long strings without running out of stack', () => {
    expect(() => readHeader('{"a":'.repeat(200_000), 'f')).toThrow(DataError);
    expect(() => readHeader(`{"a":{"shape":${'['.repeat(200_000)}`, 'f')).toThrow(DataError);
    expect(readHeader(`{"${'a'.repeat(5_000_000)}":${entry}}`, 'f').entries.size).toBe(1);
  });
});
