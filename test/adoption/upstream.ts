import type { GitHubServer, TestRepository } from '../servers/github/github.ts';

const DAY = 86_400_000;

/** Tools that documentation and workflows name, with releases as their makers publish them; the files are stand-ins. */
export async function publishTools(github: GitHubServer): Promise<void> {
  const jq = github.addRepository('jqlang/jq');
  for (const [tag, days] of [
    ['jq-1.6', 900],
    ['jq-1.7.1', 40],
  ] as const) {
    await publish(jq, tag, days, ['jq-linux-amd64', 'jq-linux-arm64', 'jq-macos-arm64', 'jq-windows-amd64.exe']);
  }
  const yq = github.addRepository('mikefarah/yq');
  await publish(yq, 'v4.44.3', 20, ['yq_linux_amd64', 'yq_linux_arm64', 'yq_darwin_arm64']);
}

/** A release whose files are programs that print their tag; published so many days ago. */
export async function publish(
  repository: TestRepository,
  tag: string,
  days: number,
  names: readonly string[],
): Promise<void> {
  const publishedAt = new Date(Date.now() - days * DAY);
  const content = (name: string) => Buffer.from(`#!/bin/sh\n# ${name}\necho ${tag}\n`);
  const assets = names.map((name) => ({ name, content: content(name) }));
  await repository.addRelease({ tag, publishedAt, createdAt: publishedAt, assets });
}
