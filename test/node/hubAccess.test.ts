/** Requests to a hub: the token, redirects, refusals. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { redirected } from '../../src/node/hubAccess.js';
import { hubPlace, weights } from './hubPlace.js';
import { sha256 } from './hubServer.js';

const place = await hubPlace();
const { hub, get } = place;

describe('the token', () => {
  it('is sent to the hub, and to no host to which it redirects', async () => {
    hub.token = 'hf_secret';
    place.env.HF_TOKEN = 'hf_secret';
    await get('org/whole');
    expect(hub.requests.length).toBeGreaterThan(3);
    expect(hub.requests.filter((request) => !request.endsWith(' token'))).toEqual([]);
    expect(hub.storage.requests).toEqual([`GET /${sha256(weights)} `]);
  });

  it('may be that of a login', async () => {
    hub.token = 'hf_file';
    mkdirSync(join(place.home, 'huggingface'), { recursive: true });
    writeFileSync(join(place.home, 'huggingface', 'token'), 'hf_file\n');
    await get('org/whole');
    place.env.HF_TOKEN_PATH = join(place.home, 'elsewhere');
    await expect(get('org/shards')).rejects.toThrow('set HF_TOKEN');
  });

  it('is kept after a model was renamed, and not after another host was asked', async () => {
    hub.token = 'hf_secret';
    place.env.HF_TOKEN = 'hf_secret';
    hub.fault = ({ url = '' }, response) => {
      if (!url.includes('/old/')) return false;
      response.writeHead(307, { Location: url.replace('/old/', '/org/') }).end();
      return true;
    };
    await get('old/whole');
    hub.storage.fault = (_, response) => {
      response.writeHead(302, { Location: `${hub.url}/org/whole/resolve/main/config.json` }).end();
      return true;
    };
    await expect(get('org/ggufs:Q8_0')).rejects.toThrow(/m-Q8_0\.gguf: cannot be fetched: .* answers 401$/);
    expect(hub.requests.at(-1)).toBe('GET /org/whole/resolve/main/config.json');
  });
});

describe('a redirect', () => {
  it('must have an end, and lead to an address of a file', async () => {
    const redirect = (Location: string) => {
      hub.fault = (_, response) => {
        response.writeHead(302, { Location }).end();
        return true;
      };
    };
    redirect('/again');
    await expect(get('org/whole')).rejects.toThrow('org/whole: cannot be fetched: more than 5 redirects');
    for (const location of ['file:///etc/passwd', 'data:,x', 'http://a:b@127.0.0.1/', 'http://']) {
      redirect(location);
      await expect(get('org/whole'), location).rejects.toThrow('redirects to an address that is not allowed');
    }
  });
});

describe('redirected', () => {
  const from = (address: string, location: string) => redirected(new URL(address), location, 'm').href;

  it('resolves a location, and does not leave https', () => {
    expect(from('https://a/b/c', '../d?e=1')).toBe('https://a/d?e=1');
    expect(from('https://a/b', '//c/d')).toBe('https://c/d');
    expect(from('http://a/b', 'https://c/d')).toBe('https://c/d');
    expect(() => from('https://a/b', 'http://a/c')).toThrow(
      'm: cannot be fetched: a redirects to an address that is not allowed',
    );
  });
});

describe('a refusal', () => {
  const refusedWith = (status: number, code = '') => {
    hub.fault = (_, response) => {
      response.writeHead(status, { 'X-Error-Code': code }).end();
      return true;
    };
    return get('org/whole').then(
      () => expect.unreachable(),
      (error: Error) => error.message.replace(hub.url, 'URL').replace(/127\.0\.0\.1:\d+/, 'HOST'),
    );
  };

  it('says what to do without a token', async () => {
    expect(await refusedWith(401)).toBe(
      'org/whole: HOST answers 401: there is no such model, or it is private or gated: check the name, or set HF_TOKEN to a token that may read it',
    );
    expect(await refusedWith(401, 'GatedRepo')).toBe(
      'org/whole: HOST answers 401: it is gated: accept its terms at URL/org/whole and set HF_TOKEN to a token that may read it',
    );
    expect(await refusedWith(404)).toBe('org/whole: HOST answers 404: there is no such model');
    expect(await refusedWith(503)).toBe('org/whole: cannot be fetched: HOST answers 503: try again later');
    expect(await refusedWith(418)).toBe('org/whole: cannot be fetched: HOST answers 418');
  });

  it('says what to do with a token', async () => {
    place.env.HF_TOKEN = 'hf_secret';
    expect(await refusedWith(401)).toBe(
      'org/whole: HOST answers 401: the token is not valid: set HF_TOKEN to another one',
    );
    expect(await refusedWith(403)).toBe(
      'org/whole: HOST answers 403: the token may not read it: give it the permission, or accept the terms at URL/org/whole',
    );
    expect(await refusedWith(403, 'GatedRepo')).toBe(
      'org/whole: HOST answers 403: it is gated: accept its terms at URL/org/whole with the account of the token',
    );
    expect(await refusedWith(404)).toBe(
      'org/whole: HOST answers 404: there is no such model, or the token may not see it',
    );
  });

  it('names what is not there', async () => {
    await expect(get('org/nothing')).rejects.toThrow(
      /^org\/nothing: .* answers 404: there is no such model$/,
    );
    await expect(get('org/nothing@v1')).rejects.toThrow(/there is no such model or revision$/);
    hub.list = (siblings) => [...siblings, { rfilename: 'x.gguf', size: 1, blobId: 'a'.repeat(40) }];
    await expect(get('org/ggufs:x')).rejects.toThrow(/^org\/ggufs: x\.gguf: .*: there is no such file$/);
  });
});

describe('a hub', () => {
  it('that is not there is named', async () => {
    // A port on which this file listens no longer.
    const gone = new URL(hub.url);
    gone.port = String(Number(gone.port) === 9 ? 10 : 9);
    place.env.HF_ENDPOINT = gone.origin;
    await expect(get('org/whole')).rejects.toThrow(
      /^org\/whole: cannot be fetched from 127\.0\.0\.1:(9|10): ./,
    );
  });

  it('or a token that cannot be one is refused without showing a secret', async () => {
    const { env } = place;
    env.HF_ENDPOINT = 'ftp://x';
    await expect(get('org/whole')).rejects.toThrow(
      'HF_ENDPOINT: must be an address that begins with https://: ftp://x',
    );
    env.HF_ENDPOINT = 'https://user:secret@127.0.0.1';
    await expect(get('org/whole')).rejects.toThrow(
      /^HF_ENDPOINT: must be an address without a password(?!.*secret)/,
    );
    env.HF_ENDPOINT = hub.url;
    env.HF_TOKEN = 'hf secret\u00e9';
    await expect(get('org/whole')).rejects.toThrow(/^HF_TOKEN: must be one word of ASCII characters$/);
    expect(hub.requests).toEqual([]);
  });
});
