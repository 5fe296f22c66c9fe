/**
 * An interpreter of Jinja templates with limits. A chat template is an untrusted program: it runs step by step, each value
 * that it makes is measured, and operations that multiply sizes are counted before they are done.
 */
import { Interpreter } from '@huggingface/jinja';
import { STRIPS, strip } from './pythonStrip.js';
import { WRITTEN_OTHERWISE } from './shownValues.js';

/** A node of a parsed template, as the library represents it. */
export interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A value of the template's language, as the library represents it. */
interface Value {
  readonly type: string;
  readonly value: unknown;
}

interface Size {
  /** Total of characters and members; a value in several places counts once for each. */
  readonly weight: number;
  readonly depth: number;
}

/** The error for a template that exceeds its limits. */
export class LimitError extends Error {}

/** Maximum depth of nested evaluations. */
const MAX_NESTING = 500;
/** Maximum depth of nested arrays and objects. */
const MAX_DEPTH = 100;
/** Maximum number argument of `indent` and other filters that multiply. */
const MAX_WIDTH = 1000;
/** Characters that cost one step: to make, to search, and to slice. */
const MADE_PER_STEP = 64;
const SEEN_PER_STEP = 256;
const SLICED_PER_STEP = 16;
/** Steps for an undefined name, for which the library throws and catches an error. */
const MISSING_STEPS = 32;
const LOOP_STEPS = 4;
const MEMBER_STEPS = 4;

export interface Limits {
  readonly steps: number;
  /** Maximum characters and members of one value. */
  readonly weight: number;
  /** Characters that the library searches each time a macro is defined or a block is called. */
  readonly sourceLength: number;
}

/** An interpreter that throws a `LimitError` when a template exceeds its limits. */
export class BoundedInterpreter extends Interpreter {
  readonly #limits: Limits;
  readonly #sizes = new WeakMap<Value, Size>();
  #steps = 0;
  #nesting = 0;

  constructor(environment: unknown, limits: Limits) {
    super(environment);
    this.#limits = limits;
  }

  evaluate(node: Node | undefined, scope: unknown): Value {
    if (node?.type === 'Known') return node.known as Value;
    if (node?.type === 'Shown') return written(this.evaluate(node.expression as Node, scope));
    this.#spend(1);
    if (++this.#nesting > MAX_NESTING)
      throw new LimitError(`must not be nested more than ${MAX_NESTING} deep`);
    let value: Value | undefined;
    try {
      const prepared = node && this.#prepared(node, scope);
      const isKnown = prepared?.type === 'Known';
      value = (isKnown ? prepared.known : super.evaluate(prepared, scope)) as Value | undefined;
    } finally {
      this.#nesting--;
    }
    // For example, the first element of an empty array.
    if (value === undefined) throw new LimitError('must not use a value that does not exist');
    // A method in a variable could be called where its cost is not counted.
    if (value.type === 'FunctionValue' && node?.type === 'MemberExpression' && !node.isCalled)
      throw new LimitError('must not keep a method that it does not call');
    if (value.type === 'UndefinedValue' && node?.type === 'Identifier') this.#spend(MISSING_STEPS);
    if (this.#sizeOf(value).weight > this.#limits.weight)
      throw new LimitError(`must not make values of more than ${this.#limits.weight} characters`);
    return value;
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.#limits.steps)
      throw new LimitError(`must not take more than ${this.#limits.steps} steps`);
  }

  /** The node with its operands evaluated, after counting the cost of its work. */
  #prepared(node: Node, scope: unknown): Node {
    const known = (inner: unknown): Node => ({ type: 'Known', known: this.evaluate(inner as Node, scope) });
    switch (node.type) {
      case 'Macro':
      case 'CallStatement':
        this.#spend(Math.ceil(this.#limits.sourceLength / 8));
        return node;
      case 'FilterStatement':
        if ((node.filter as Node).type === 'CallExpression')
          throw new LimitError('must not give arguments to the filter of a block');
        return node;
      case 'For':
        return this.#preparedFor(node, known);
      case 'BinaryExpression': {
        const operator = (node.operator as { value: string }).value;
        if (operator === 'and' || operator === 'or') return node;
        const [left, right] = [known(node.left), known(node.right)];
        if (operator === '~') for (const each of [left, right]) written(each.known as Value);
        const isSearch = operator === 'in' || operator === 'not in';
        this.#pay(left, isSearch ? [knownIn(right)] : []);
        this.#pay(right);
        return { ...node, left, right };
      }
      case 'TestExpression':
      case 'FilterExpression':
        return this.#preparedFilter(node, known);
      case 'MemberExpression': {
        const object = known(node.object);
        // The library splits a string into characters for this.
        if ((node.property as Node).type === 'SliceExpression')
          this.#spend(this.#sizeOf(object.known as Value).weight / SLICED_PER_STEP);
        return { ...node, object };
      }
      case 'CallExpression': {
        const callee = node.callee as Node;
        if (callee.type !== 'MemberExpression') return node;
        const args = (node.args as Node[]).map((each) => knownArgument(each, known));
        const object = known(callee.object);
        const values = args.map(knownIn);
        this.#pay(
          object,
          values.filter((value) => typeof value?.value !== 'number'),
        );
        const stripped = strippedBy((callee.property as Node).value, object.known as Value, values);
        if (stripped) return { type: 'Known', known: stripped };
        return { ...node, callee: { ...callee, object, isCalled: true }, args };
      }
      default:
        return node;
    }
  }

  #preparedFilter(node: Node, known: (inner: unknown) => Node): Node {
    const operand = known(node.operand);
    const filter = node.filter as Node | undefined;
    const trimmed = filter?.value === 'trim' ? strippedBy('strip', operand.known as Value, []) : undefined;
    const name = filter?.type === 'CallExpression' ? (filter.callee as Node).value : undefined;
    if (filter === undefined || !MULTIPLYING.has(String(name))) {
      this.#pay(operand);
      return trimmed ? { type: 'Known', known: trimmed } : { ...node, operand };
    }
    const args = (filter.args as Node[]).map((each) => knownArgument(each, known));
    this.#pay(operand, args.map(knownIn));
    return { ...node, operand, filter: { ...filter, args } };
  }

  /** Counts the cost of a loop over many values, even where its body is empty. */
  #preparedFor(node: Node, known: (inner: unknown) => Node): Node {
    const iterable = node.iterable as Node;
    const isSelected = iterable.type === 'SelectExpression';
    const items = known(isSelected ? iterable.lhs : iterable);
    for (const _ of membersOf(items.known as Value)) this.#spend(LOOP_STEPS);
    return { ...node, iterable: isSelected ? { ...iterable, lhs: items } : items };
  }

  /** Counts the cost of searching a value, once for each character of the longest argument, or as often as its number states. */
  #pay(operand: Node, args: readonly (Value | undefined)[] = []): void {
    let times = 1;
    for (const value of args) {
      if (value === undefined) continue;
      const number = typeof value.value === 'number' ? Math.abs(value.value) : undefined;
      if (number !== undefined && number > MAX_WIDTH)
        throw new LimitError(`must not give a filter a number above ${MAX_WIDTH}`);
      times = Math.max(times, number ?? this.#sizeOf(value).weight);
    }
    this.#spend((this.#sizeOf(operand.known as Value).weight * times) / SEEN_PER_STEP);
  }

  /** The size of a value, measured and counted as cost once, when the value is new. Only namespaces change later. */
  #sizeOf(value: Value): Size {
    const measured = this.#sizes.get(value);
    if (measured) return measured;
    let [weight, depth, members] = [1, 0, 0];
    for (const [key, each] of membersOf(value)) {
      if (each?.type === 'NamespaceValue')
        throw new LimitError('must not put a namespace into another value');
      const inner = each instanceof Object ? this.#sizeOf(each) : { weight: 1, depth: 0 };
      weight += key.length + inner.weight;
      depth = Math.max(depth, inner.depth + 1);
      members++;
    }
    if (depth > MAX_DEPTH) throw new LimitError(`must not nest values more than ${MAX_DEPTH} deep`);
    if (typeof value.value === 'string') {
      weight += value.value.length;
      this.#spend(value.value.length / MADE_PER_STEP);
    }
    this.#spend(MEMBER_STEPS * members);
    const size = { weight, depth };
    if (value.type !== 'NamespaceValue') this.#sizes.set(value, size);
    return size;
  }
}

/** Filters whose result may be as large as a product. */
const MULTIPLYING: ReadonlySet<string> = new Set(['replace', 'join', 'indent', 'tojson']);

function* membersOf({ value }: Value): Iterable<readonly [string, Value | undefined]> {
  if (Array.isArray(value)) for (const each of value) yield ['', each];
  else if (value instanceof Map) yield* value;
}

/** The result of Python's `strip` and its variants: those of the library take no characters, and define white space differently. */
function strippedBy(method: unknown, text: Value, args: readonly (Value | undefined)[]): Value | undefined {
  const ends = STRIPS.get(String(method));
  const [characters] = args;
  if (!ends || text.type !== 'StringValue' || args.length > 1) return undefined;
  if (characters && characters.type !== 'StringValue' && characters.type !== 'NullValue') return undefined;
  const StringValue = text.constructor as new (value: string) => Value;
  return new StringValue(
    strip(text.value as string, ends, (characters?.value as string | null) ?? undefined),
  );
}

/** Passes a value through if the library and Python write it as the same text. */
function written(value: Value): Value {
  const kind = WRITTEN_OTHERWISE.get(value.type);
  if (kind === undefined) return value;
  throw new LimitError(`must not write ${kind}, which Python writes in its own way: use tojson or a string`);
}

/** The value of an evaluated argument. */
const knownIn = (node: Node): Value | undefined =>
  ((node.value as Node | undefined)?.known ?? (node.argument as Node | undefined)?.known ?? node.known) as
    | Value
    | undefined;

/** Evaluates an argument given by position, by name, or spread from a list. */
function knownArgument(argument: Node, known: (inner: unknown) => Node): Node {
  if (argument.type === 'KeywordArgumentExpression') return { ...argument, value: known(argument.value) };
  if (argument.type === 'SpreadExpression' || argument.type === 'KeywordSpreadExpression')
    return { ...argument, argument: known(argument.argument) };
  return known(argument);
}
