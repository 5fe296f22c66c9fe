import { useEffect, useState } from 'preact/hooks';

const TYPED_MS = 700;
const TICK_MS = 40;

export const isStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Number of visible characters of a text: a new text appears within a moment. */
export function useTyped(text: string, isTyped: boolean): number {
  const [length, setLength] = useState(() => (isTyped && !isStill() ? 0 : text.length));
  useEffect(() => {
    if (!isTyped || isStill()) {
      setLength(text.length);
      return;
    }
    const begun = performance.now();
    setLength(0);
    const timer = setInterval(() => {
      const share = (performance.now() - begun) / TYPED_MS;
      setLength(Math.min(text.length, Math.round(share * text.length)));
      if (share >= 1) clearInterval(timer);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [text, isTyped]);
  return length;
}
