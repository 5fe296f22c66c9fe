/** The first address after the binary's own data, where the memory that TypeScript manages may begin. */
export function heapBase(): usize {
  return __heap_base;
}
