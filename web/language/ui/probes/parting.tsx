import { firstDifference } from '../../firstDifference.js';

interface PartingProps {
  readonly text: string;
  readonly other: string;
  /** How many of its characters are to be seen; the others have their place. Default all. */
  readonly length?: number;
}

/** An answer whose first word that the other does not have is underlined. */
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
