/**
 * Regular expressions in the syntax of Python's `re` for str patterns, read as a tree. What Python refuses is refused, and so
 * is, by name, what is not supported here: references to groups, conditions on them, verbose patterns, `\N{…}`.
 * @see https://docs.python.org/3/library/re.html#regular-expression-syntax
 */

import { boundaryTest, type CodeTest, categoryTest, codeOf, rangeTest } from './pythonCharacters.js';
import { type PatternNode, widthOf } from './pythonNodes.js';

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly ascii: boolean;
}

/** Groups within each other; deeper patterns are refused, so that none exhausts the stack. */
const MAX_DEPTH = 100;
const MAX_REPEAT = 4294967295;
const NEWLINE = 10;

/** @throws RangeError that says what is wrong, or not supported here */
export function parsePythonPattern(source: string): PatternNode {
  return new PatternParser(source).pattern();
}

class PatternParser {
  /** Characters, or backslashes with the character after them. */
  readonly #tokens: readonly string[];
  #position = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, multiline: false, dotAll: false, ascii: false };
  readonly #names = new Set<string>();

  constructor(source: string) {
    this.#tokens = source.match(/\\.?|[^\\]/gsu) ?? [];
    if (this.#tokens.at(-1) === '\\') throw new RangeError('a backslash ends it');
  }

  pattern(): PatternNode {
    const node = this.#choice(true);
    if (this.#position < this.#tokens.length) throw new RangeError('a ) has no (');
    return node;
  }

  #take(): string {
    if (this.#position >= this.#tokens.length)
      throw new RangeError('it ends in the middle of a group or class');
    return this.#tokens[this.#position++];
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#position] !== token) return false;
    this.#position++;
    return true;
  }

  #takeWhile(allowed: RegExp, most = Number.POSITIVE_INFINITY): string {
    let found = '';
    while (found.length < most && allowed.test(this.#tokens[this.#position] ?? '')) found += this.#take();
    return found;
  }

  #takeUntil(end: string): string {
    let found = '';
    for (let token = this.#take(); token !== end; token = this.#take()) found += token;
    return found;
  }

  #choice(isFirst = false): PatternNode {
    const nodes = [this.#sequence(isFirst)];
    while (this.#accept('|')) nodes.push(this.#sequence());
    return nodes.length === 1 ? nodes[0] : { kind: 'choice', nodes };
  }

  #sequence(isFirst = false): PatternNode {
    const nodes: PatternNode[] = [];
    while (this.#position < this.#tokens.length && !/^[|)]$/.test(this.#tokens[this.#position])) {
      const token = this.#take();
      const range = /^[*+?{]$/.test(token) ? this.#repetition(token) : undefined;
      if (range) nodes.push(this.#repeated(nodes.pop(), range));
      else {
        const node = token === '(' ? this.#group(isFirst && nodes.length === 0) : this.#single(token);
        if (node) nodes.push(node);
      }
    }
    return { kind: 'sequence', nodes };
  }

  /** Minimum and maximum of a repetition; undefined for a literal `{`. */
  #repetition(token: string): readonly [min: number, max: number] | undefined {
    if (token !== '{') return [token === '+' ? 1 : 0, token === '?' ? 1 : Number.POSITIVE_INFINITY];
    const before = this.#position;
    const min = this.#takeWhile(/^\d$/);
    const max = this.#accept(',') ? this.#takeWhile(/^\d$/) : min;
    if (this.#position === before || !this.#accept('}')) {
      this.#position = before;
      return undefined;
    }
    const range = [Number(min), max === '' ? Number.POSITIVE_INFINITY : Number(max)] as const;
    if (Number(min) >= MAX_REPEAT || Number(max) >= MAX_REPEAT)
      throw new RangeError('a repetition is too large');
    if (range[1] < range[0]) throw new RangeError(`a repetition's least is above its most: {${min},${max}}`);
    return range;
  }

  #repeated(node: PatternNode | undefined, [min, max]: readonly [number, number]): PatternNode {
    if (!node || node.kind === 'at') throw new RangeError('a repetition has nothing to repeat');
    if (node.kind === 'repeat' || (node.kind === 'atomic' && node.node.kind === 'repeat')) {
      throw new RangeError('a repetition is itself repeated');
    }
    const isLazy = this.#accept('?');
    const repeat: PatternNode = { kind: 'repeat', node, min, max, isLazy };
    return !isLazy && this.#accept('+') ? { kind: 'atomic', node: repeat } : repeat;
  }

  /** The node after a `(`; undefined where there is nothing to match. */
  #group(isFirst: boolean): PatternNode | undefined {
    const flags = this.#flags;
    if (!this.#accept('?')) return this.#inGroup((node) => node);
    const mark = this.#take();
    if (mark === ':') return this.#inGroup((node) => node);
    if (mark === '>')
      return this.#inGroup((node) => ({ kind: 'atomic', node: { kind: 'sequence', nodes: [node] } }));
    if (mark === '=' || mark === '!') return this.#look(mark, false);
    if (mark === '<') return this.#look(this.#take(), true);
    if (mark === 'P') return this.#named(this.#take());
    if (mark === '(') throw new RangeError('conditions on groups, (?(…)…), are not supported');
    if (mark === '#') {
      this.#takeUntil(')');
      return undefined;
    }
    const isScoped = this.#readFlags(mark);
    if (isScoped) return this.#inGroup((node) => node, flags);
    if (!isFirst) throw new RangeError('flags for the whole pattern must be at its start');
    return undefined;
  }

  #inGroup(wrap: (node: PatternNode) => PatternNode, flagsAfter = this.#flags): PatternNode {
    if (++this.#depth > MAX_DEPTH) throw new RangeError(`groups are nested more than ${MAX_DEPTH} deep`);
    const node = this.#choice();
    if (!this.#accept(')')) throw new RangeError('a ( has no )');
    this.#depth--;
    this.#flags = flagsAfter;
    // A sequence of its own, so that what is repeated in it is not taken for a repetition of a repetition.
    return wrap({ kind: 'sequence', nodes: [node] });
  }

  #look(mark: string, isBehind: boolean): PatternNode {
    if (mark !== '=' && mark !== '!') throw new RangeError(`(?<${mark} is not known to Python`);
    return this.#inGroup((node) => {
      const [least, most] = isBehind ? widthOf(node) : [0, 0];
      if (least !== most) throw new RangeError('a lookbehind must have one width');
      return { kind: 'look', node, negated: mark === '!', back: least };
    });
  }

  #named(mark: string): PatternNode {
    if (mark === '=') throw new RangeError('references to groups, (?P=…), are not supported');
    if (mark !== '<') throw new RangeError(`(?P${mark} is not known to Python`);
    const name = this.#takeUntil('>');
    if (!/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name)) {
      throw new RangeError(`the name of a group is not an identifier: ${name}`);
    }
    if (this.#names.has(name)) throw new RangeError(`two groups have one name: ${name}`);
    this.#names.add(name);
    return this.#inGroup((node) => node);
  }

  /** Flags such as `i-s:` from their first character on. @returns whether they are only for a group */
  #readFlags(first: string): boolean {
    let text = first;
    while (/^[a-zA-Z-]$/.test(text.at(-1) ?? '')) text += this.#take();
    if (/^[aimsu]*x/.test(text)) throw new RangeError('verbose patterns, (?x), are not supported');
    const [, on, off, end] = /^([aimsu]*)(-[imsx]+)?([:)])$/.exec(text) ?? [];
    const isContradictory = [...(off ?? '')].some((flag) => on.includes(flag)) || /a.*u|u.*a/.test(on ?? '');
    if (end === undefined || (end === ')' && off) || isContradictory) {
      throw new RangeError(`(?${text.slice(0, 20)} is not known to Python`);
    }
    const value = (flag: string, before: boolean) => (on.includes(flag) || before) && !off?.includes(flag);
    this.#flags = {
      ignoreCase: value('i', this.#flags.ignoreCase),
      multiline: value('m', this.#flags.multiline),
      dotAll: value('s', this.#flags.dotAll),
      ascii: value('a', this.#flags.ascii) && !on.includes('u'),
    };
    return end === ':';
  }

  #single(token: string): PatternNode {
    const { multiline, dotAll } = this.#flags;
    if (token === '.') return { kind: 'char', test: (code) => dotAll || code !== NEWLINE };
    if (token === '^') {
      return { kind: 'at', test: (text, i) => i === 0 || (multiline && text[i - 1] === NEWLINE) };
    }
    if (token === '$') {
      const isEnd = (text: readonly number[], i: number) => text.length - i === (text[i] === NEWLINE ? 1 : 0);
      return { kind: 'at', test: (text, i) => isEnd(text, i) || (multiline && text[i] === NEWLINE) };
    }
    if (token === '[') return { kind: 'char', test: this.#class() };
    if (token[0] !== '\\') return { kind: 'char', test: this.#range(codeOf(token), codeOf(token)) };
    if (token === '\\A') return { kind: 'at', test: (_, i) => i === 0 };
    if (token === '\\Z') return { kind: 'at', test: (text, i) => i === text.length };
    if (token === '\\b') return { kind: 'at', test: boundaryTest(true, this.#flags.ascii) };
    if (token === '\\B') return { kind: 'at', test: boundaryTest(false, this.#flags.ascii) };
    const meant = this.#escape(token, false);
    return { kind: 'char', test: typeof meant === 'number' ? this.#range(meant, meant) : meant };
  }

  #class(): CodeTest {
    const negated = this.#accept('^');
    const tests: CodeTest[] = [];
    for (let token = this.#take(); token !== ']' || tests.length === 0; token = this.#take()) {
      const low = token[0] === '\\' ? this.#escape(token, true) : codeOf(token);
      if (this.#tokens[this.#position] === '-' && this.#tokens[this.#position + 1] !== ']') {
        this.#position++;
        const end = this.#take();
        const high = end[0] === '\\' ? this.#escape(end, true) : codeOf(end);
        if (typeof low !== 'number' || typeof high !== 'number' || high < low) {
          throw new RangeError(`a range in a class is not one: ${token}-${end}`);
        }
        tests.push(this.#range(low, high));
      } else tests.push(typeof low === 'number' ? this.#range(low, low) : low);
    }
    return (code) => tests.some((test) => test(code)) !== negated;
  }

  #range(low: number, high: number): CodeTest {
    return rangeTest(low, high, this.#flags.ignoreCase);
  }

  /** The meaning of a backslash and a character: one code point, or a test for several. */
  #escape(token: string, inClass: boolean): number | CodeTest {
    const mark = token[1];
    if (/[dDsSwW]/.test(mark)) return categoryTest(mark, this.#flags.ascii);
    const digits = { x: 2, u: 4, U: 8 }[mark];
    if (digits) {
      const hex = this.#takeWhile(/^[\da-fA-F]$/, digits);
      const code = Number.parseInt(hex, 16);
      if (hex.length === digits && code <= 0x10ffff) return code;
      throw new RangeError(`${token} must be followed by ${digits} hexadecimal digits`);
    }
    if (/\d/.test(mark)) return this.#octal(mark, inClass);
    if (mark === 'N') throw new RangeError('names of characters, \\N{…}, are not supported');
    const control = 'abfnrtv'.indexOf(mark);
    if (control >= 0 && (inClass || mark !== 'b')) return [7, 8, 12, 10, 13, 9, 11][control];
    if (/[a-zA-Z]/.test(mark)) throw new RangeError(`${token} is not known to Python`);
    return codeOf(token.slice(1));
  }

  #octal(first: string, inClass: boolean): number {
    const rest = this.#takeWhile(/^[0-7]$/, 2);
    const isOctal = first === '0' || (first < '8' && (inClass || rest.length === 2));
    if (!isOctal) throw new RangeError(`references to groups, \\${first}, are not supported`);
    const code = Number.parseInt(first + rest, 8);
    if (code > 0o377) throw new RangeError(`\\${first}${rest} is above \\377`);
    return code;
  }
}
