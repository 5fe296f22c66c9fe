/** A button that copies a link, or shows the link if the browser does not allow copying. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { TakeButton } from './takeButton.js';

/** How long the button says "Copied". */
const COPIED_MS = 4000;

interface CopyLinkProps {
  /** Makes the link; undefined if it failed, which the page has reported. */
  readonly onCopyLink: () => string | undefined;
  readonly obstacle: string | undefined;
  /** What the link carries, if not the adapter. */
  readonly children?: ComponentChildren;
}

export function CopyLink({ onCopyLink, obstacle, children }: CopyLinkProps) {
  const [copied, setCopied] = useState(false);
  const [byHand, setByHand] = useState<string>();
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const link = onCopyLink();
    if (link === undefined) return;
    const isCopied = await wasCopied(link);
    setCopied(isCopied);
    setByHand(isCopied ? undefined : link);
  };
  return (
    <>
      <TakeButton
        icon={copied ? 'done' : 'link'}
        label={copied ? 'Copied' : 'Copy a link'}
        obstacle={obstacle}
        onClick={() => void copy()}
      >
        {children ?? 'The whole adapter is in the link. Whoever opens it gets the same answers.'}
      </TakeButton>
      <span class="take-spoken" role="status">
        {copied ? 'The link is copied.' : ''}
      </span>
      {byHand !== undefined && obstacle === undefined && <ByHand link={byHand} />}
    </>
  );
}

/** Copies a text. Browsers refuse that to insecure pages, and if the visitor has forbidden it. */
async function wasCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function ByHand({ link }: { readonly link: string }) {
  const field = useRef<HTMLInputElement>(null);
  // A new link is selected again.
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [link]);
  return (
    <label class="take-by-hand">
      This browser does not let the page copy: copy the link from here.
      <input
        ref={field}
        type="text"
        readOnly
        value={link}
        onFocus={(event) => event.currentTarget.select()}
      />
    </label>
  );
}
