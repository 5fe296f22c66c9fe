/** Passes the picture on as a file: to other apps on a phone that can share, otherwise as a download. */

import { drawPicture, PICTURE, type Picture } from './picture.js';
import { saveFile } from './saveFile.js';

/** @throws Error with a sentence if the browser cannot make the picture */
export async function savePicture(picture: Picture): Promise<void> {
  const name = `lowrank-${picture.label}.png`;
  const file = new File([await pngOf(picture)], name, { type: 'image/png' });
  if (!(await wasShared(file))) saveFile(name, file);
}

async function pngOf(picture: Picture): Promise<Blob> {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, PICTURE);
  const context = canvas.getContext('2d');
  if (context) drawPicture(context, picture);
  const png = context && (await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png')));
  if (!png) throw new Error('This browser could not make the picture.');
  return png;
}

/** Offers the file to other apps. Desktops can do that too, but people expect a download there. */
async function wasShared(file: File): Promise<boolean> {
  const content = { files: [file] };
  if (!matchMedia('(pointer: coarse)').matches || !navigator.canShare?.(content)) return false;
  try {
    await navigator.share(content);
    return true;
  } catch (error) {
    // Closing the list of apps is an answer too; if sharing is not allowed, the file is downloaded.
    return error instanceof DOMException && error.name === 'AbortError';
  }
}
