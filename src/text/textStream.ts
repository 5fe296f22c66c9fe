/** Decoders for tokens that come one by one. */

export interface TextStream {
  /** The text that is certain with one more token; often none. @throws RangeError for an id without a token */
  push(id: number): string;
  /** The rest: the text of bytes that never became a character is U+FFFD. */
  end(): string;
}

/** For tokens that are bytes: what is an unfinished character waits. */
export function byteStream(bytesOf: (id: number) => Uint8Array): TextStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (id) => decoder.decode(bytesOf(id), { stream: true }),
    end: () => decoder.decode(),
  };
}

/**
 * For other tokens: all of them are decoded again, and what has been given out is cut off. Text that ends in U+FFFD may
 * become another character, and a clean-up may change what came before: then all of it waits for the end.
 */
export function textStream(decode: (ids: number[]) => string, waits: boolean): TextStream {
  const ids: number[] = [];
  let given = '';
  const rest = (text: string): string => {
    if (!text.startsWith(given)) return '';
    const piece = text.slice(given.length);
    given = text;
    return piece;
  };
  return {
    push(id) {
      ids.push(id);
      const text = waits ? '' : decode(ids);
      return waits || text.endsWith('\ufffd') ? '' : rest(text);
    },
    end: () => rest(decode(ids)),
  };
}
