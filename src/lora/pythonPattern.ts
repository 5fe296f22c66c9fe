/** Regular expressions as Python's `re` matches them, in bounded time: those of PEFT's files. */
import type { CodeTest, PlaceTest } from './pythonCharacters.js';
import type { PatternNode } from './pythonNodes.js';
import { parsePythonPattern } from './pythonSyntax.js';

/** One instruction of a program; the next one follows unless it says otherwise. */
type Instruction =
  | { readonly kind: 'char'; readonly test: CodeTest }
  | { readonly kind: 'at'; readonly test: PlaceTest }
  /** Continues at `first`, and at `second` when that fails. */
  | { kind: 'split'; first: number; second: number }
  | { kind: 'jump'; to: number }
  /** Matches the instructions up to `end` separately, and tries no other way through them afterwards. */
  | { kind: 'atomic'; end: number }
  | { kind: 'look'; end: number; readonly negated: boolean; readonly back: number }
  | { readonly kind: 'match' };

/** Limit that only a pattern made to cost memory exceeds, such as `((a{1000}){1000}){1000}`. */
const MAX_INSTRUCTIONS = 100_000;

/** Limit of the steps for all patterns of a config and all paths of a model: about a second. */
const MAX_STEPS = 20_000_000;

/** Cost of remembering a split and a position, in steps. */
const SPLIT_STEPS = 8;

/** Remaining steps that several patterns share. */
export class StepBudget {
  left = MAX_STEPS;
}

/** Length to which patterns are cut in messages. */
const SHOWN = 60;

/**
 * A regular expression in Python's syntax, with Python's meaning for str patterns: Unicode's `\w`, `\d` and `\s`, `\A` and
 * `\Z`, lookahead and lookbehind, lazy and possessive repetitions, inline flags.
 * @throws RangeError where Python refuses it, and for references to groups, conditions, verbose patterns and `\N{…}`
 * @see https://docs.python.org/3/library/re.html
 */
export class PythonPattern {
  readonly #program: readonly Instruction[];

  constructor(readonly source: string) {
    try {
      this.#program = compiled(parsePythonPattern(source));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`not a regular expression that can be matched: ${error.message}: ${this}`);
    }
  }

  /** The pattern for messages, in quotes and cut. */
  toString(): string {
    const { source } = this;
    return JSON.stringify(source.length > SHOWN ? `${source.slice(0, SHOWN)}…` : source);
  }

  /** Whether it matches the whole text, as `re.fullmatch`. @throws RangeError when that takes too many steps */
  matchesWhole(text: string, budget = new StepBudget()): boolean {
    return this.#run(text, true, budget);
  }

  /** Whether it matches the text's beginning, as `re.match`. @throws RangeError when that takes too many steps */
  matchesStart(text: string, budget = new StepBudget()): boolean {
    return this.#run(text, false, budget);
  }

  #run(text: string, isWhole: boolean, budget: StepBudget): boolean {
    const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    try {
      return run(this.#program, { codes, isWhole, budget }, 0, 0) >= 0;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`regular expression cannot be matched: ${error.message}: ${this}`);
    }
  }
}

/** Python's `re.escape` for a path of modules: a pattern that matches only this path, also in JavaScript. */
export function escapePattern(path: string): string {
  return path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function compiled(node: PatternNode): Instruction[] {
  const program: Instruction[] = [];
  emit(node, program);
  add(program, { kind: 'match' });
  return program;
}

function add<T extends Instruction>(program: Instruction[], instruction: T): T {
  if (program.length >= MAX_INSTRUCTIONS) throw new RangeError('it is too large');
  program.push(instruction);
  return instruction;
}

function emit(node: PatternNode, program: Instruction[]): void {
  switch (node.kind) {
    case 'char':
    case 'at':
      add(program, node);
      return;
    case 'sequence':
      for (const each of node.nodes) emit(each, program);
      return;
    case 'choice':
      emitChoice(node.nodes, program);
      return;
    case 'repeat':
      emitRepeat(node, program);
      return;
    case 'atomic':
    case 'look': {
      const { kind } = node;
      const inner = kind === 'look' ? { ...node, end: 0 } : { kind, end: 0 };
      const begin = add<Instruction & { end: number }>(program, inner);
      emit(node.node, program);
      add(program, { kind: 'match' });
      begin.end = program.length;
    }
  }
}

function emitChoice(nodes: readonly PatternNode[], program: Instruction[]): void {
  const ends = nodes.slice(0, -1).map((node) => {
    const split = add(program, { kind: 'split' as const, first: program.length + 1, second: 0 });
    emit(node, program);
    const jump = add(program, { kind: 'jump' as const, to: 0 });
    split.second = program.length;
    return jump;
  });
  emit(nodes[nodes.length - 1], program);
  for (const jump of ends) jump.to = program.length;
}

function emitRepeat(
  { node, min, max, isLazy }: PatternNode & { kind: 'repeat' },
  program: Instruction[],
): void {
  for (let i = 0; i < min; i++) {
    const before = program.length;
    emit(node, program);
    // A body without instructions matches the same however often it is repeated.
    if (program.length === before) return;
  }
  const splits: { first: number; second: number }[] = [];
  const split = () => splits.push(add(program, { kind: 'split', first: program.length + 1, second: 0 }));
  if (max === Number.POSITIVE_INFINITY) {
    const start = program.length;
    split();
    emit(node, program);
    add(program, { kind: 'jump', to: start });
  } else {
    for (let i = min; i < max; i++) {
      split();
      emit(node, program);
    }
  }
  for (const each of splits) {
    each.second = program.length;
    if (isLazy) [each.first, each.second] = [each.second, each.first];
  }
}

interface Run {
  readonly codes: readonly number[];
  readonly isWhole: boolean;
  readonly budget: StepBudget;
}

/**
 * Tries the ways through a program from an instruction and a position on, the preferred ones first. A split that was tried at
 * a position is not tried there again: nothing but the two decides what follows, so the time is bounded by their product.
 * @returns where the first way that matches ends, or −1
 */
function run(program: readonly Instruction[], context: Run, start: number, from: number): number {
  const { codes, isWhole, budget } = context;
  const tried = new Set<number>();
  const waiting = [start, from];
  while (waiting.length > 0) {
    let position = waiting.pop() ?? 0;
    let next = waiting.pop() ?? 0;
    // Until this way fails.
    while (next >= 0) {
      if (--budget.left < 0) throw new RangeError('it takes too many steps');
      const instruction = program[next++];
      switch (instruction.kind) {
        case 'char':
          if (position >= codes.length || !instruction.test(codes[position++])) next = -1;
          break;
        case 'at':
          if (!instruction.test(codes, position)) next = -1;
          break;
        case 'jump':
          next = instruction.to;
          break;
        case 'split': {
          const key = next * (codes.length + 1) + position;
          const isNew = !tried.has(key);
          next = isNew ? instruction.first : -1;
          if (!isNew) break;
          tried.add(key);
          waiting.push(instruction.second, position);
          budget.left -= SPLIT_STEPS;
          break;
        }
        case 'atomic':
          position = run(program, { ...context, isWhole: false }, next, position);
          next = position < 0 ? -1 : instruction.end;
          break;
        case 'look': {
          const begin = position - instruction.back;
          const found = begin >= 0 && run(program, { ...context, isWhole: false }, next, begin) >= 0;
          next = found === instruction.negated ? -1 : instruction.end;
          break;
        }
        case 'match':
          if (!isWhole || position === codes.length) return position;
          next = -1;
      }
    }
  }
  return -1;
}
