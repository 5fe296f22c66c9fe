/** Decoders for tokens that come one by one. */

export interface TextStream {
  /** Takes a token. @returns the text that is certain now, often none. @throws RangeError for an id without a token */
  push(id: number): string;
  /** The remaining text; bytes that never became a character give U+FFFD. */
  end(): string;
}

/** A decoder for tokens that are bytes: the bytes of an incomplete character wait. */
export function byteStream(bytesOf: (id: number) => Uint8Array): TextStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (id) => decoder.decode(bytesOf(id), { stream: true }),
    end: () => decoder.decode(),
  };
}

/**
 * A decoder for other tokens: all of them are decoded again each time, and the text given out already is cut off. Text that ends
 * in U+FFFD may become another character, and a clean-up may change earlier text: in these cases all of it waits for the end.
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
