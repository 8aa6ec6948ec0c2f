import { describe, expect, test } from 'vitest';
import { checkAssetUrl, externalFile } from '../../upstream/asset-url.ts';

const KUBECTL = 'kubectl-linux-arm64 = https://dl.k8s.example/release/{tag}/bin/linux/arm64/kubectl';

describe('a template of url[]', () => {
  test.each([
    ['https://h.example/{tag}/t-{version}.tgz', 't-1.2.3.tgz', 'https://h.example/v1.2.3/t-1.2.3.tgz'],
    [KUBECTL, 'kubectl-linux-arm64', 'https://dl.k8s.example/release/v1.2.3/bin/linux/arm64/kubectl'],
    [
      'kubectl-{version}-linux = https://h.example/{tag}/kubectl',
      'kubectl-1.2.3-linux',
      'https://h.example/v1.2.3/kubectl',
    ],
    ['t=https://h.example/x?y=z', 't', 'https://h.example/x?y=z'],
  ])('%s', (template, name, url) => {
    checkAssetUrl(template);
    expect(externalFile(template, 'v1.2.3', '')).toEqual({ name, url });
  });

  test.each([
    ['http', 't = http://h.example/t'],
    ['a name that no record can hold', 'a|b = https://h.example/t'],
    ['a name of the format', 'checklist.json = https://h.example/t'],
    ['another placeholder', 't-{arch} = https://h.example/t'],
    ['no file at its end', 'https://h.example/t/'],
    ['a path as a name', 'a/b = https://h.example/t'],
  ])('is refused: %s', async (_, template) => {
    await expect(() => checkAssetUrl(template)).toFailWith('E_CONFIG');
  });

  test('with a tag that makes its name unrecordable fails for that release alone', async () => {
    checkAssetUrl('t-{tag} = https://h.example/t');
    await expect(() => externalFile('t-{tag} = https://h.example/t', 'cli/v1', '')).toFailWith('E_ASSET_NAME');
  });
});
