import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { checkAssetName } from '../ledger-schema/names/path.ts';
import { versionText } from '../ledger-schema/versions/version.ts';

/** A file that upstream hosts outside its release. */
export interface ExternalFile {
  readonly name: string;
  readonly url: string;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** A tag is upstream's: it fills a path, and can't begin a query or a fragment or leave its folder. */
function inUrl(text: string): string {
  const segments = text.split('/');
  // No git tag has such a segment.
  if (segments.some((segment) => segment.startsWith('.') || segment.includes('..'))) {
    fail('E_NAME', `${brief(text)} leads out of its folder in a URL`, { hint: 'select other tags' });
  }
  return segments.map(encodeURIComponent).join('/');
}

function fill(template: string, tag: string, version: string | undefined): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    if (name === 'tag') return inUrl(tag);
    return inUrl(
      version ??
        fail('E_NAME', `the tag ${brief(tag)} has no digit, so there is nothing to put for {version}`, {
          hint: 'use {tag} in url[], or select other tags',
        }),
    );
  });
}

/** `NAME = https://…`, or the URL alone: several files of one base name need names of their own. */
function parts(template: string): { readonly name?: string | undefined; readonly url: string } {
  const [, name, url] = /^([^\s=:/]+)\s*=\s*(https?:.*)$/.exec(template) ?? [];
  return url === undefined ? { url: template } : { name, url };
}

/** Names a file: placeholders are filled as they are, since a name is not a path. */
function fillName(template: string, tag: string, version: string | undefined): string {
  return template.replace(PLACEHOLDER, (_, name: string) => (name === 'tag' ? tag : (version ?? tag)));
}

function lastSegment(url: URL): string | undefined {
  try {
    return decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
  } catch {
    return undefined;
  }
}

/**
 * Checks a template of `url[]`, `URL` or `NAME = URL`: https without credentials (the only form that a record can hold),
 * no placeholder but {tag} and {version}, and a file's name, its own or the URL's last part. Throws `E_CONFIG`.
 */
export function checkAssetUrl(template: string): void {
  for (const [whole, name] of template.matchAll(PLACEHOLDER)) {
    if (name !== 'tag' && name !== 'version') {
      fail('E_CONFIG', `${brief(whole)} is not known`, { hint: 'there are {tag} and {version}' });
    }
  }
  const { name, url: address } = parts(template);
  const example = fill(address, 'v1.2.3', '1.2.3');
  const url = URL.canParse(example) ? new URL(example) : fail('E_CONFIG', `${brief(address)} is not a URL`);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    fail('E_CONFIG', `${brief(template)} is not a plain https URL`, {
      hint: 'a record holds https addresses without user names only',
    });
  }
  if (name !== undefined) checkName(fillName(name, 'v1.2.3', '1.2.3'));
  else if ((lastSegment(url) ?? '') === '') {
    fail('E_CONFIG', `${brief(template)} does not end with the name of a file`, {
      hint: 'write url[] = NAME = URL to name it',
    });
  }
}

function checkName(name: string): void {
  try {
    checkAssetName(name);
  } catch (cause) {
    fail('E_CONFIG', `${brief(name)} can't be the name of a recorded file`, {
      hint: 'printable ASCII without spaces and without / \\ : * ? " < > |',
      cause,
    });
  }
}

/**
 * The file that a checked template gives for a tag: {version} is the tag without its prefix, from the first digit
 * on. Its name is the template's own, else the last segment of the URL's path, decoded. Throws `E_NAME`, `E_ASSET_NAME`.
 */
export function externalFile(template: string, tag: string, tagPrefix: string): ExternalFile {
  const { name: own, url: address } = parts(template);
  const version = versionText(tag, tagPrefix);
  const filled = fill(address, tag, version);
  const url = URL.canParse(filled) ? new URL(filled) : undefined;
  const name = url === undefined ? undefined : own === undefined ? lastSegment(url) : fillName(own, tag, version);
  if (url === undefined || name === undefined) {
    fail('E_NAME', `with the tag ${brief(tag)}, ${brief(template)} is not the URL of a file`);
  }
  checkAssetName(name);
  return { name, url: url.href };
}
