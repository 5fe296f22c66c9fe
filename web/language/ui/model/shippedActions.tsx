/** Actions for the page's own model: nothing is downloaded before a click. */
import type { ModelView, Stored } from '../../api.js';
import type { ModelManifest } from '../../model/manifest.js';
import { day, isWhole, mb } from './words.js';

interface ShippedActionsProps {
  readonly shipped: ModelManifest;
  readonly stored: Stored | undefined;
  readonly model: ModelView | undefined;
  readonly isOwn: boolean;
  readonly isMetered: boolean;
  /** Why it could not be loaded; the message has its own button to try again. */
  readonly problem: string | undefined;
  readonly onOpen: () => void;
  readonly onDelete: () => void;
}

export function ShippedActions(props: ShippedActionsProps) {
  const { shipped, stored, model, isOwn, onOpen, onDelete } = props;
  const isUsed = model !== undefined && !isOwn;
  if (!stored) return <p class="hint">Checking what is already on this device…</p>;
  const left = stored.total - stored.bytes;
  return (
    <div class="lm-actions">
      {!isUsed && <Metered isMetered={props.isMetered && left > 0} bytes={left} />}
      <div class="row">
        {!isUsed && props.problem === undefined && (
          <button type="button" class="primary" onClick={onOpen}>
            {openLabel(stored, shipped)}
          </button>
        )}
        {stored.bytes > 0 && (
          <>
            <p>{keptLine(stored)}</p>
            <button type="button" class="quiet" onClick={onDelete}>
              Delete, frees {mb(stored.bytes)} MB
            </button>
          </>
        )}
        {stored.bytes === 0 && !isUsed && !stored.reason && (
          <p class="hint">You download it once. It stays on this device and works offline.</p>
        )}
      </div>
      {stored.reason && <p class="lm-reason">{stored.reason}</p>}
    </div>
  );
}

function openLabel(stored: Stored, shipped: ModelManifest): string {
  if (isWhole(stored)) return 'Use it';
  if (stored.bytes > 0) return `Go on, ${mb(stored.total - stored.bytes)} MB left`;
  return `Download the model, ${mb(shipped.fileBytes)} MB`;
}

function keptLine(stored: Stored): string {
  if (!isWhole(stored)) return `${mb(stored.bytes)} of ${mb(stored.total)} MB are on this device.`;
  return stored.since === undefined ? 'On this device.' : `On this device since ${day(stored.since)}.`;
}

function Metered({ isMetered, bytes }: { readonly isMetered: boolean; readonly bytes: number }) {
  if (!isMetered) return null;
  return (
    <p class="lm-reason">
      This connection may be slow or cost money: for {mb(bytes)} MB, Wi-Fi is the better choice.
    </p>
  );
}
