declare module 'virtual:kernels' {
  const archive: {
    /** The binaries, a stretch of each in turn, one byte per character: that compresses as well as the binaries do. */
    readonly bytes: string;
    /** Bytes of a stretch; where a binary ends, its last one is shorter, or none. */
    readonly stretch: number;
    /** Bytes of each binary, in the order of their turns. */
    readonly lengths: Readonly<Record<string, number>>;
  };
  export default archive;
}
