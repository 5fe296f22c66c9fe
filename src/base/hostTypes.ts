/**
 * Types of the host that published declarations name, for programs compiled without the DOM library: each is the host's own type
 * where a library declares it, and otherwise `never`, which has no values.
 */

type Host = typeof globalThis;

export type HostWasmModule = Host extends { WebAssembly: { Module: { prototype: infer T } } } ? T : never;
export type HostWasmMemory = Host extends { WebAssembly: { Memory: { prototype: infer T } } } ? T : never;
export type HostGpu = Host extends { GPU: { prototype: infer T } } ? T : never;
