import type { TestAsset, TestComment, TestIssue, TestPull, TestRelease, TestRepository } from './github-model.ts';
import { RepositoryJson, idOf, iso, node } from './github-repository-json.ts';
import type { Json } from './github-repository-json.ts';

/** The server's other answers: releases, git, pull requests, issues. */
export class GitHubJson extends RepositoryJson {
  release(repository: TestRepository, release: TestRelease, embedded = Infinity): Json {
    const base = this.repositoryUrl(repository);
    const url = `${base}/releases/${String(release.id)}`;
    const tag = encodeURIComponent(release.tag);
    return {
      url,
      assets_url: `${url}/assets`,
      upload_url: `${url}/assets{?name,label}`,
      html_url: `${this.htmlUrl(repository)}/releases/tag/${tag}`,
      id: release.id,
      author: this.user(release.author),
      node_id: node('RE', release.id),
      tag_name: release.tag,
      target_commitish: repository.defaultBranch,
      name: release.name,
      draft: release.draft,
      immutable: release.immutable,
      prerelease: release.prerelease,
      created_at: iso(release.createdAt),
      updated_at: iso(release.createdAt),
      published_at: release.publishedAt === null ? null : iso(release.publishedAt),
      assets: release.assets.slice(0, embedded).map((asset) => this.asset(repository, release, asset)),
      tarball_url: `${base}/tarball/${tag}`,
      zipball_url: `${base}/zipball/${tag}`,
      body: release.body,
    };
  }

  asset(repository: TestRepository, release: TestRelease, asset: TestAsset): Json {
    const path = `${encodeURIComponent(release.tag)}/${encodeURIComponent(asset.name)}`;
    return {
      url: `${this.repositoryUrl(repository)}/releases/assets/${String(asset.id)}`,
      id: asset.id,
      node_id: node('RA', asset.id),
      name: asset.name,
      label: '',
      uploader: this.user(asset.uploader),
      content_type: asset.contentType,
      state: asset.state,
      size: asset.size,
      digest: asset.digest,
      download_count: 0,
      created_at: iso(asset.createdAt),
      updated_at: iso(asset.updatedAt),
      browser_download_url: `${this.htmlUrl(repository)}/releases/download/${path}`,
    };
  }

  ref(repository: TestRepository, ref: string, object: { type: string; sha: string }): Json {
    const base = this.repositoryUrl(repository);
    return {
      ref: `refs/${ref}`,
      node_id: node('REF', idOf(ref)),
      url: `${base}/git/refs/${ref.split('/').map(encodeURIComponent).join('/')}`,
      object: this.#pointer(base, object),
    };
  }

  tagObject(repository: TestRepository, sha: string, object: { type: string; sha: string; tag: string }): Json {
    const base = this.repositoryUrl(repository);
    return {
      node_id: node('TA', idOf(sha)),
      sha,
      url: `${base}/git/tags/${sha}`,
      tagger: { name: 'octocat', email: 'octocat@example.com', date: iso(repository.createdAt) },
      object: this.#pointer(base, object),
      tag: object.tag,
      message: `${object.tag}\n`,
      verification: { verified: false, reason: 'unsigned', payload: null, signature: null, verified_at: null },
    };
  }

  /** As in lists; {@link pull} adds what only the single answer has. */
  pullSimple(repository: TestRepository, pull: TestPull): Json {
    const number = String(pull.number);
    const base = this.repositoryUrl(repository);
    const url = `${base}/pulls/${number}`;
    const html = `${this.htmlUrl(repository)}/pull/${number}`;
    const issue = `${base}/issues/${number}`;
    const links = {
      self: url,
      html,
      issue,
      comments: `${issue}/comments`,
      review_comments: `${url}/comments`,
      review_comment: `${base}/pulls/comments{/number}`,
      commits: `${url}/commits`,
      statuses: `${base}/statuses/${pull.headSha}`,
    };
    return {
      url,
      id: pull.id,
      node_id: node('PR', pull.id),
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      issue_url: issue,
      number: pull.number,
      state: pull.state,
      locked: false,
      title: pull.title,
      user: this.user(pull.author),
      body: pull.body,
      created_at: iso(pull.createdAt),
      updated_at: iso(pull.updatedAt),
      closed_at: pull.closedAt === null ? null : iso(pull.closedAt),
      merged_at: pull.mergedAt === null ? null : iso(pull.mergedAt),
      merge_commit_sha: pull.mergeSha,
      assignee: null,
      assignees: [],
      requested_reviewers: [],
      requested_teams: [],
      labels: [],
      milestone: null,
      draft: false,
      commits_url: links.commits,
      review_comments_url: links.review_comments,
      review_comment_url: links.review_comment,
      comments_url: links.comments,
      statuses_url: links.statuses,
      head: this.#branch(pull.headRepository, pull.headRef, pull.headSha),
      base: this.#branch(repository, pull.baseRef, pull.baseSha),
      _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
      author_association: 'MEMBER',
      auto_merge: null,
    };
  }

  pull(repository: TestRepository, pull: TestPull): Json {
    const merged = pull.mergedAt !== null;
    return {
      ...this.pullSimple(repository, pull),
      merged,
      mergeable: merged ? null : true,
      rebaseable: null,
      mergeable_state: merged ? 'unknown' : 'clean',
      merged_by: merged ? this.user(pull.author) : null,
      comments: repository.comments.filter(({ issue }) => issue === pull.number).length,
      review_comments: 0,
      maintainer_can_modify: false,
      commits: 1,
      additions: 1,
      deletions: 0,
      changed_files: 1,
    };
  }

  issue(repository: TestRepository, issue: TestIssue): Json {
    const base = this.repositoryUrl(repository);
    const url = `${base}/issues/${String(issue.number)}`;
    return {
      url,
      repository_url: base,
      labels_url: `${url}/labels{/name}`,
      comments_url: `${url}/comments`,
      events_url: `${url}/events`,
      html_url: `${this.htmlUrl(repository)}/issues/${String(issue.number)}`,
      id: issue.id,
      node_id: node('I', issue.id),
      number: issue.number,
      title: issue.title,
      user: this.user(issue.author),
      labels: issue.labels.map((name) => this.#label(base, name)),
      state: issue.state,
      locked: false,
      assignee: null,
      assignees: [],
      milestone: null,
      comments: repository.comments.filter((comment) => comment.issue === issue.number).length,
      created_at: iso(issue.createdAt),
      updated_at: iso(issue.updatedAt),
      closed_at: issue.state === 'closed' ? iso(issue.updatedAt) : null,
      author_association: issue.association ?? 'MEMBER',
      body: issue.body,
      performed_via_github_app: null,
      state_reason: null,
    };
  }

  /** A pull request as the list of issues shows it. */
  pullAsIssue(repository: TestRepository, pull: TestPull): Json {
    const { url, html_url, diff_url, patch_url } = this.pullSimple(repository, pull);
    return {
      ...this.issue(repository, { ...pull, labels: [] }),
      html_url,
      draft: false,
      pull_request: {
        url,
        html_url,
        diff_url,
        patch_url,
        merged_at: pull.mergedAt === null ? null : iso(pull.mergedAt),
      },
    };
  }

  comment(repository: TestRepository, comment: TestComment): Json {
    const base = this.repositoryUrl(repository);
    const html = `${this.htmlUrl(repository)}/issues/${String(comment.issue)}`;
    return {
      url: `${base}/issues/comments/${String(comment.id)}`,
      html_url: `${html}#issuecomment-${String(comment.id)}`,
      issue_url: `${base}/issues/${String(comment.issue)}`,
      id: comment.id,
      node_id: node('IC', comment.id),
      user: this.user(comment.author),
      created_at: iso(comment.createdAt),
      updated_at: iso(comment.updatedAt),
      author_association: comment.association ?? 'MEMBER',
      body: comment.body,
      performed_via_github_app: null,
    };
  }

  #pointer(base: string, { type, sha }: { type: string; sha: string }): Json {
    return { type, sha, url: `${base}/git/${type}s/${sha}` };
  }

  #label(base: string, name: string): Json {
    const id = idOf(name);
    const url = `${base}/labels/${encodeURIComponent(name)}`;
    return { id, node_id: node('LA', id), url, name, description: null, color: 'ededed', default: false };
  }

  #branch(repository: TestRepository | undefined, ref: string, sha: string): Json {
    if (repository === undefined) return { label: ref, ref, sha, user: null, repo: null };
    const { owner } = repository;
    return { label: `${owner}:${ref}`, ref, sha, user: this.user(owner), repo: this.simpleRepository(repository) };
  }
}
