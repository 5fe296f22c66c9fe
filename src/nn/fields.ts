/** Finds the fields of an object that hold values of a kind, also within arrays, plain objects and Maps. */

export interface Field {
  /** The path: `layers`, `layers.0`, `blocks.first.1`. */
  readonly name: string;
  readonly value: unknown;
  /** Puts another value in this place. */
  readonly replace: (value: unknown) => void;
}

/** Field of a module's tensors that do not belong to its state, which have no names. */
const LEFT_OUT = 'nonPersistent';

/**
 * @param isFound  whether a value is of the kind; such values are not searched further
 * @throws TypeError for a value of the kind that has no name: in a Set, or in a Map with a key that is not a string
 */
export function* fieldsOf(owner: object, isFound: (value: unknown) => boolean): Generator<Field> {
  for (const name of Object.keys(owner)) {
    if (name !== LEFT_OUT) yield* lookInto(placeIn(owner, name, name), isFound, new Set([owner]));
  }
}

function* lookInto(
  field: Field,
  isFound: (value: unknown) => boolean,
  around: Set<object>,
): Generator<Field> {
  const { name, value } = field;
  if (isFound(value)) yield field;
  else if (typeof value === 'object' && value !== null && !around.has(value)) {
    around.add(value);
    for (const inner of placesOf(name, value, isFound)) yield* lookInto(inner, isFound, around);
    around.delete(value);
  }
}

function placesOf(path: string, container: object, isFound: (value: unknown) => boolean): Field[] {
  if (container instanceof Map) {
    return Array.from(container, ([key, value]) => {
      if (typeof key !== 'string' && isFound(value))
        throw new TypeError(`module: ${path} is a Map whose keys are not strings: its entries have no names`);
      return { name: `${path}.${String(key)}`, value, replace: (next) => void container.set(key, next) };
    });
  }
  if (container instanceof Set) {
    if ([...container].some(isFound))
      throw new TypeError(`module: ${path} is a Set: its entries have no names; use an array`);
    return [];
  }
  if (!Array.isArray(container) && ![Object.prototype, null].includes(Object.getPrototypeOf(container)))
    return [];
  return Object.keys(container).map((key) => placeIn(container, key, `${path}.${key}`));
}

function placeIn(container: object, key: string, name: string): Field {
  const replace = (value: unknown) => void Reflect.set(container, key, value);
  return { name, value: Reflect.get(container, key), replace };
}
