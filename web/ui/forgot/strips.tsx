/** The 1,000 test images, one row per digit; the image under the pointer is shown large. */
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Counts, LabelledImages } from '../../lab/views.js';
import { countOf, rowsOf } from './changes.js';
import { StripRow } from './stripRow.js';
import { useStripLook } from './useStripLook.js';

interface StripsProps {
  readonly images: LabelledImages;
  readonly answers: Counts['answers'];
  readonly showAdapted: boolean;
}

export function Strips({ images, answers, showAdapted }: StripsProps) {
  const ruler = useRef<HTMLDivElement>(null);
  const look = useStripLook(ruler);
  const [chosen, choose] = useState<{ digit: number; index: number }>();
  const rows = useMemo(
    () => rowsOf(images.labels, showAdapted ? answers : { base: answers.base, adapted: undefined }),
    [images, answers, showAdapted],
  );
  const compares = showAdapted && answers.adapted !== undefined;
  return (
    <div class="strips">
      <Legend compares={compares} hasWrong={rows.some((row) => countOf(row, 'wrong') > 0)} />
      <div class="strip-row ruler" aria-hidden="true">
        <div class="strip-images" ref={ruler} />
      </div>
      {look &&
        rows.map((row) => (
          <StripRow
            key={row.digit}
            row={row}
            images={images.images}
            look={look}
            chosen={chosen?.digit === row.digit ? chosen.index : undefined}
            onChoose={(index) => choose({ digit: row.digit, index })}
            // By then another row may have been tapped.
            onLeave={() => choose((now) => (now?.digit === row.digit ? undefined : now))}
          />
        ))}
    </div>
  );
}

function Legend({ compares, hasWrong }: { readonly compares: boolean; readonly hasWrong: boolean }) {
  return (
    <p class="strip-legend">
      {compares && (
        <>
          <Mark kind="forgotten" sign="5" text="forgotten: reads 5 now" />
          <Mark kind="learned" sign="✓" text="learned" />
        </>
      )}
      {hasWrong &&
        (compares ? (
          <Mark kind="wrong" sign="5" text="wrong both times" />
        ) : (
          <Mark kind="misread" sign="5" text="misread as 5" />
        ))}
      <span>Point at an image, or tap it, to see it large.</span>
    </p>
  );
}

function Mark(props: { readonly kind: string; readonly sign: string; readonly text: string }) {
  return (
    <span>
      <span class={`mark ${props.kind}`}>{props.sign}</span> {props.text}
    </span>
  );
}
