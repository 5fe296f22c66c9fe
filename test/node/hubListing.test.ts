/** Lists of files that a hub gives, also false ones. */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesOf, ggufs, hubPlace, read, weights } from './hubPlace.js';
import { sha256 } from './hubServer.js';

const { hub, get, folderOf } = await hubPlace();

describe('the list of files', () => {
  it.each<[string, unknown]>([
    ['above the folder', '../../x'],
    ['inside and above', 'a/../../x'],
    ['at the root', '/x'],
    ['with a drive', 'C:x'],
    ['with backslashes', '..\\x'],
    ['of several lines', 'a\nb'],
    ['that is too long', 'x/'.repeat(500).concat('x')],
    ['with a part that is too long', 'x'.repeat(256)],
    ['that is no text', 7],
  ])('is refused with a name %s', async (_, rfilename) => {
    hub.list = (siblings) => [...siblings, { rfilename, size: 1, blobId: 'a'.repeat(40) }];
    await expect(get('org/whole')).rejects.toThrow('org/whole: the hub names a file that cannot be one: ');
    expect(existsSync(folderOf('org/whole'))).toBe(false);
  });

  it('is refused with too many names, and where it is none', async () => {
    hub.list = () => Array.from({ length: 20_001 }, (_, i) => ({ rfilename: `${i}` }));
    await expect(get('org/whole')).rejects.toThrow('must have at most 20000 files: the hub names 20001');
    hub.list = () => 'none';
    await expect(get('org/whole')).rejects.toThrow("the hub's answer names no commit, or no files");
    const answer = (body: string) => {
      hub.fault = (_, response) => {
        response.writeHead(200).end(body);
        return true;
      };
    };
    answer('<html>');
    await expect(get('org/whole')).rejects.toThrow("the hub's answer is not a list of files");
    answer('null');
    await expect(get('org/whole')).rejects.toThrow("the hub's answer names no commit, or no files");
    answer(JSON.stringify({ sha: '../../x', siblings: [] }));
    await expect(get('org/whole')).rejects.toThrow("the hub's answer names no commit, or no files");
    answer(JSON.stringify({ sha: 'a'.repeat(40), siblings: [] }));
    await expect(get(`org/whole@${'b'.repeat(40)}`)).rejects.toThrow('the hub gives another commit: aaaa');
    answer(' '.repeat(17 * 2 ** 20));
    await expect(get('org/whole')).rejects.toThrow('must have at most 16777216 bytes');
  });

  it('may be without sizes and checksums, which the headers of the files have', async () => {
    hub.list = (siblings) => siblings.map(({ rfilename }) => ({ rfilename }));
    expect(readdirSync(await get('org/whole')).sort()).toEqual([...read.keys()].sort());
    expect(hub.requests.filter((request) => request.startsWith('HEAD')).length).toBe(read.size);
    hub.storage.files.set(sha256(ggufs.get('m-Q8_0.gguf') ?? weights), bytesOf(30_000));
    await expect(get('org/ggufs:m-Q8_0.gguf')).rejects.toThrow('must have the SHA-256');
  });

  it('is refused where nothing gives size and checksum', async () => {
    hub.list = (siblings) => siblings.map((each) => ({ ...each, size: -1, lfs: null }));
    hub.fault = ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(200, { ETag: '"1"', 'Content-Length': 3 }).end();
      return method === 'HEAD';
    };
    await expect(get('org/whole')).rejects.toThrow(
      'org/whole: tokenizer.json: cannot be fetched: the hub gives no size and checksum to compare',
    );
  });
});
