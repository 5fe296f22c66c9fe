import { firstDifference } from '../../firstDifference.js';

interface PartingProps {
  readonly text: string;
  readonly other: string;
  /** Number of visible characters; the others still take up their space. Default all. */
  readonly length?: number;
}

/** An answer with its first differing word underlined. */
export function Parting({ text, other, length = text.length }: PartingProps) {
  if (length < text.length) {
    return (
      <>
        {text.slice(0, length)}
        <span class="lm-unseen">{text.slice(length)}</span>
      </>
    );
  }
  const parted = other === '' ? undefined : firstDifference(text, other);
  if (!parted) return <>{text}</>;
  return (
    <>
      {parted.same}
      <mark title="The answers differ from here on">{parted.word}</mark>
      {parted.rest}
    </>
  );
}
