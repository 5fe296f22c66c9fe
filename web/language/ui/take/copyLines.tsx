import { useEffect, useId, useRef, useState } from 'preact/hooks';

const COPIED_MS = 4000;

/** Lines for a terminal or a file, with a button to copy them. */
export function CopyLines({ title, text }: { readonly title: string; readonly text: string }) {
  const [said, setSaid] = useState('');
  const lines = useRef<HTMLPreElement>(null);
  const name = useId();
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(''), COPIED_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      // If the page may not copy, the visitor still can.
      if (lines.current) getSelection()?.selectAllChildren(lines.current);
      setSaid('Selected: now copy it');
    }
  };
  return (
    <div class="lm-lines">
      <div class="row">
        <strong id={name}>{title}</strong>
        <button type="button" class="quiet" aria-describedby={name} onClick={() => void copy()}>
          {said || 'Copy'}
        </button>
        <span class="visually-hidden" role="status">
          {said}
        </span>
      </div>
      <pre ref={lines}>{text}</pre>
    </div>
  );
}
