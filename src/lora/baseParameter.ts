import type { Module } from '../nn/module.js';
import { Parameter } from '../tensor.js';

/** The parameter in a field of a module. @throws TypeError when something else is there, such as a parametrized value */
export function baseParameter(module: Module, field: string): Parameter {
  const value: unknown = Reflect.get(module, field);
  if (value instanceof Parameter) return value;
  throw new TypeError(`lora: ${field} is not a parameter`);
}
