/** Line drawings beside the words of a button. */

/** SVG paths in a box of 24. */
const PATHS = {
  zip: 'M12 3v12m0 0 5-5m-5 5-5-5M4 20h16',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.6 1.6M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.6-1.6',
  done: 'm5 13 4.5 4.5L19 7',
  picture: 'M4 5h16v14H4zM4 16l4.5-4.5L13 16l3-3 4 4M15.5 9h.01',
  file: 'M12 21V9m0 0 5 5m-5-5-5 5M4 4h16',
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg class="take-icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
