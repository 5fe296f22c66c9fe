/**
 * Uses of a model: calls that last for several turns of the event loop, so that another call may begin before they end.
 * A use holds a list of objects (modules, tensors, an optimizer); two uses conflict where they hold the same one.
 *
 * | begins \ running  | `read`      | `change`    | `switch`  | `train`                       |
 * | ----------------- | ----------- | ----------- | --------- | ----------------------------- |
 * | `read`            | runs beside | waits       | runs beside | waits for the iteration to end |
 * | `change`          | waits       | waits       | refused   | refused                       |
 * | `switch`          | waits       | waits       | refused   | refused                       |
 * | `train`           | waits between iterations | refused | refused | refused                |
 *
 * A change that is done at once, without an await, is refused during any use. Nothing waits for a `switch`, whose body is
 * the caller's and may itself wait for anything; so no two calls can wait for each other.
 */
export type UseKind = 'read' | 'change' | 'switch' | 'train';

const REFUSED: Readonly<Record<UseKind, readonly UseKind[]>> = {
  read: [],
  change: ['switch', 'train'],
  switch: ['switch', 'train'],
  train: ['change', 'switch', 'train'],
};

const uses = new WeakMap<object, Set<Use>>();
/** Number of times that a call changing a thing began or ended. */
const changes = new WeakMap<object, number>();

/**
 * A number that grows with each call that may have changed one of the things. Direct writes to a tensor do not count,
 * nor does a switch between adapters, whose state can be queried and may come back.
 */
export function changesOf(things: Iterable<object>): number {
  let sum = 0;
  for (const thing of things) sum += changes.get(thing) ?? 0;
  return sum;
}

function changesThings(kind: UseKind): boolean {
  return kind !== 'read' && kind !== 'switch';
}

function countChange(things: Iterable<object>): void {
  for (const thing of things) changes.set(thing, (changes.get(thing) ?? 0) + 1);
}

export class Use {
  /** Settles when the use has ended. */
  readonly ended: Promise<void>;
  /** Set by a `switch` whose bodies are done: reads that have not begun wait for its end. */
  isEnding = false;
  /** Whether a `read` has begun, and no longer waits. */
  isReading = false;
  /** Uses that hold something of this one. */
  readonly #others: Set<Use>;
  /** Overlapping uses that began before this one. */
  readonly #earlier: ReadonlySet<Use>;
  /** The current part of a `train`, and the reads that it waits for first. */
  #part: { readonly ended: Promise<void>; readonly ahead: ReadonlySet<Use> } | undefined;
  #end: () => void = () => {};

  /**
   * @param call     name of the function that uses them, for errors
   * @param subject  name of the things in errors
   * @throws Error when another use of these things excludes this one
   */
  constructor(
    readonly kind: UseKind,
    readonly call: string,
    readonly things: readonly object[],
    subject = 'the model',
  ) {
    this.#others = usesOf(things);
    refuse(call, this.#others, REFUSED[kind], subject);
    this.#earlier = new Set(this.#others);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    if (changesThings(kind)) countChange(things);
    for (const other of this.#others) other.#others.add(this);
    for (const thing of things) {
      const users = uses.get(thing);
      if (users) users.add(this);
      else uses.set(thing, new Set([this]));
    }
  }

  /** A promise that must settle before this use may continue; undefined when there is none. Check again after waiting for it. */
  get blocker(): Promise<void> | undefined {
    for (const other of this.#others) {
      const blocker = this.#blockedBy(other);
      if (blocker) return blocker;
    }
    return undefined;
  }

  /**
   * Runs a part of a `train` that changes weights, after the current reads. Reads that begin later wait for its end,
   * and the next part waits for them, so neither can starve.
   */
  async alone(body: () => void | Promise<void>): Promise<void> {
    const ahead = new Set(this.#others);
    let settle = () => {};
    const ended = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.#part = { ended, ahead };
    try {
      for (const read of ahead) await read.ended;
      await body();
    } finally {
      this.#part = undefined;
      settle();
    }
  }

  end(): void {
    if (changesThings(this.kind)) countChange(this.things);
    for (const other of this.#others) other.#others.delete(this);
    for (const thing of this.things) uses.get(thing)?.delete(this);
    this.#end();
  }

  #blockedBy(other: Use): Promise<void> | undefined {
    const isEarlier = this.#earlier.has(other);
    let waits = isEarlier;
    if (this.kind === 'read') {
      const part = other.#part;
      if (part) return part.ahead.has(this) ? undefined : part.ended;
      waits = other.kind === 'change' ? isEarlier : other.isEnding;
    } else if (this.kind === 'switch' && other.kind === 'read') waits = other.isReading;
    return waits ? other.ended : undefined;
  }
}

/** Runs `body`, which only reads the things, as soon as nothing changes them. */
export async function reading<T>(
  call: string,
  things: readonly object[],
  body: () => T | Promise<T>,
  subject?: string,
): Promise<T> {
  return during(new Use('read', call, things, subject), body);
}

/**
 * Begins to read the things, until the caller ends it.
 * @returns a function that ends the reading
 */
export async function beginReading(call: string, things: readonly object[]): Promise<() => void> {
  const use = new Use('read', call, things);
  for (let wait = use.blocker; wait; wait = use.blocker) await wait;
  use.isReading = true;
  return () => use.end();
}

/**
 * Runs `body`, which changes the things: at once where nothing uses them, otherwise after all uses that have begun.
 * @throws Error during a training run, or a switch
 */
export async function changing<T>(
  call: string,
  things: readonly object[],
  body: () => T | Promise<T>,
  subject?: string,
): Promise<T> {
  return during(new Use('change', call, things, subject), body);
}

async function during<T>(use: Use, body: () => T | Promise<T>): Promise<T> {
  try {
    for (let wait = use.blocker; wait; wait = use.blocker) await wait;
    use.isReading = use.kind === 'read';
    const result = body();
    // A body without an await is done before the caller continues.
    return result instanceof Promise ? await result : result;
  } finally {
    use.end();
  }
}

/**
 * Checks that things which are about to change are not in use.
 * @param beside    kinds of uses that the change does not disturb
 * @param isSwitch  whether it only switches between adapters
 * @throws Error that names the call that uses them
 */
export function requireUnused(
  call: string,
  things: readonly object[],
  {
    subject = 'the model',
    beside = [],
    isSwitch = false,
  }: { subject?: string; beside?: readonly UseKind[]; isSwitch?: boolean } = {},
): void {
  const refused = (['read', 'change', 'switch', 'train'] as const).filter((kind) => !beside.includes(kind));
  const users = [...usesOf(things)];
  // A read that still waits for a change sees only the result of the change.
  const isPart = beside.includes('change') && users.some(({ kind }) => kind === 'change');
  const disturbed = users.filter(({ kind, isReading }) => !(isPart && kind === 'read' && !isReading));
  refuse(call, disturbed, refused, subject);
  if (!isSwitch) countChange(things);
}

function usesOf(things: readonly object[]): Set<Use> {
  const found = new Set<Use>();
  for (const thing of things) for (const use of uses.get(thing) ?? []) found.add(use);
  return found;
}

function refuse(call: string, users: Iterable<Use>, kinds: readonly UseKind[], subject: string): void {
  for (const { kind, call: other } of users) {
    if (!kinds.includes(kind)) continue;
    throw new Error(`${call}: ${subject} is in use by ${other}: wait until that has ended`);
  }
}
