/** Saves a file as a download. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // After one turn of the event loop the download holds the bytes itself.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
