declare module 'virtual:kernels' {
  const archive: {
    /** The binaries one after the other, a byte a character: that compresses as well as the binaries do. */
    readonly bytes: string;
    /** Where in that a build lies. */
    readonly places: Readonly<Record<string, readonly [offset: number, length: number]>>;
  };
  export default archive;
}
