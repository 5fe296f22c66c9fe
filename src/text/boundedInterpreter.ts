/**
 * An interpreter of Jinja templates that stops. A chat template is a stranger's program: it is run step by step, each value
 * that it makes is measured, and what would multiply sizes is counted before it is done.
 */
import { Interpreter } from '@huggingface/jinja';
import { STRIPS, strip } from './pythonStrip.js';
import { WRITTEN_OTHERWISE } from './shownValues.js';

/** A node of a parsed template, as the library has it. */
export interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A value of the template's language, as the library has it. */
interface Value {
  readonly type: string;
  readonly value: unknown;
}

interface Size {
  /** Characters and members in all; what stands in several places counts as often. */
  readonly weight: number;
  readonly depth: number;
}

/** A template that takes too much. */
export class LimitError extends Error {}

/** Evaluations within each other. */
const MAX_NESTING = 500;
/** Arrays and objects within each other. */
const MAX_DEPTH = 100;
/** Of `indent`, and other filters that multiply. */
const MAX_WIDTH = 1000;
/** Characters that cost as much as a step: to make, and to look through. */
const MADE_PER_STEP = 64;
const SEEN_PER_STEP = 256;
const SLICED_PER_STEP = 16;
/** A name that is not there: the library throws and catches an error. */
const MISSING_STEPS = 32;
const LOOP_STEPS = 4;
const MEMBER_STEPS = 4;

export interface Limits {
  readonly steps: number;
  /** Characters and members of one value. */
  readonly weight: number;
  /** What the library looks through each time a macro is defined or a block called. */
  readonly sourceLength: number;
}

/** Ends with a `LimitError` when a template takes more than its limits. */
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
    // The first of an empty array.
    if (value === undefined) throw new LimitError('must not use a value that does not exist');
    // Kept in a variable, it could be called where its cost is not counted.
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

  /** The node with what it works on evaluated, and the work paid for. */
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
        // The library takes a string apart for it.
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

  /** A loop over many values is paid for even where its body is empty. */
  #preparedFor(node: Node, known: (inner: unknown) => Node): Node {
    const iterable = node.iterable as Node;
    const isSelected = iterable.type === 'SelectExpression';
    const items = known(isSelected ? iterable.lhs : iterable);
    for (const _ of membersOf(items.known as Value)) this.#spend(LOOP_STEPS);
    return { ...node, iterable: isSelected ? { ...iterable, lhs: items } : items };
  }

  /** Pays for looking through a value, once for each character of the longest argument or for its number. */
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

  /** Measured once for each value, when it is new, which is paid for. Only namespaces change later. */
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

/** What Python's `strip` and its halves give: the library's know no characters to strip, and other white space. */
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

/** The value, of which the library writes the same text as Python. */
function written(value: Value): Value {
  const kind = WRITTEN_OTHERWISE.get(value.type);
  if (kind === undefined) return value;
  throw new LimitError(
    `must not write ${kind}, which Python writes in its own way: tojson or a string is read`,
  );
}

/** The value of an argument that is known. */
const knownIn = (node: Node): Value | undefined =>
  ((node.value as Node | undefined)?.known ?? (node.argument as Node | undefined)?.known ?? node.known) as
    | Value
    | undefined;

/** An argument, by position, by name, or spread from a list. */
function knownArgument(argument: Node, known: (inner: unknown) => Node): Node {
  if (argument.type === 'KeywordArgumentExpression') return { ...argument, value: known(argument.value) };
  if (argument.type === 'SpreadExpression' || argument.type === 'KeywordSpreadExpression')
    return { ...argument, argument: known(argument.argument) };
  return known(argument);
}
