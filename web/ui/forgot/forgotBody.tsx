/** What it learned, and what it forgot, on images that it has not practised on. */
import type { Counts, LabelledImages } from '../../lab/views.js';
import type { MnistState } from '../fetchAll.js';
import { CountsTable } from './countsTable.js';
import { Replay } from './replay.js';
import { Strips } from './strips.js';
import { Verdict } from './verdict.js';
import '../../styles/forgot.css';

export interface ForgotProps {
  readonly images: LabelledImages | undefined;
  readonly counts: Counts | undefined;
  /** The digits that were taught. */
  readonly digits: readonly number[];
  /** Whether the rows show After; the verdict always compares both. */
  readonly showAdapted: boolean;
  /** Old digits mixed in, in percent; the adapter was taught with `taughtReplay`, also in percent. */
  readonly replay: number;
  readonly taughtReplay: number | undefined;
  readonly onReplay: (percent: number) => void;
  readonly onTeachAgain: () => void;
  readonly canTeach: boolean;
  readonly busy: boolean;
  readonly onCountAll: () => void;
  readonly mnist: MnistState;
}

export function ForgotBody(props: ForgotProps) {
  const { images, counts, digits, showAdapted, mnist, onCountAll, ...replay } = props;
  return (
    <div class="forgot">
      {counts ? (
        <Verdict counts={counts} digits={digits} />
      ) : (
        <p class="hint">The test images have not been counted yet.</p>
      )}
      {images && counts && <Strips images={images} answers={counts.answers} showAdapted={showAdapted} />}
      <Replay {...replay} />
      {counts && <CountsTable counts={counts} digits={digits} mnist={mnist} onCountAll={onCountAll} />}
    </div>
  );
}
