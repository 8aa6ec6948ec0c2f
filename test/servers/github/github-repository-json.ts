import { sha1 } from './github-model.ts';
import type { TestRepository } from './github-model.ts';

/** Where the answers point: the API's base and the web's, without a slash at the end. */
export interface Addresses {
  readonly api: string;
  readonly web: string;
}

export type Json = Record<string, unknown>;

/** Users and repositories as the server answers them, with the fields that GitHub's own schema asks for. */
export class RepositoryJson {
  protected readonly api: string;
  protected readonly web: string;

  constructor({ api, web }: Addresses) {
    this.api = api;
    this.web = web;
  }

  user(login: string): Json {
    const url = `${this.api}/users/${encodeURIComponent(login)}`;
    const html = `${this.web}/${encodeURIComponent(login)}`;
    return {
      login,
      id: idOf(login),
      node_id: node('U', idOf(login)),
      avatar_url: `${this.web}/avatars/${String(idOf(login))}`,
      gravatar_id: '',
      url,
      html_url: html,
      followers_url: `${url}/followers`,
      following_url: `${url}/following{/other_user}`,
      gists_url: `${url}/gists{/gist_id}`,
      starred_url: `${url}/starred{/owner}{/repo}`,
      subscriptions_url: `${url}/subscriptions`,
      organizations_url: `${url}/orgs`,
      repos_url: `${url}/repos`,
      events_url: `${url}/events{/privacy}`,
      received_events_url: `${url}/received_events`,
      type: login.endsWith('[bot]') ? 'Bot' : 'User',
      user_view_type: 'public',
      site_admin: false,
    };
  }

  /** `/user`: the one who asks. */
  self(login: string): Json {
    const none = { name: null, company: null, blog: '', location: null, email: null, hireable: null, bio: null };
    const counts = { public_repos: 0, public_gists: 0, followers: 0, following: 0 };
    const date = '2020-01-01T00:00:00Z';
    return { ...this.user(login), ...none, twitter_username: null, ...counts, created_at: date, updated_at: date };
  }

  repository(repository: TestRepository): Json {
    return { ...this.#repositoryCore(repository), ...REPOSITORY_SETTINGS, network_count: 0, subscribers_count: 0 };
  }

  protected repositoryUrl({ fullName }: TestRepository): string {
    return `${this.api}/repos/${fullName}`;
  }

  protected htmlUrl({ fullName }: TestRepository): string {
    return `${this.web}/${fullName}`;
  }

  protected simpleRepository(repository: TestRepository): Json {
    return { ...this.#repositoryCore(repository), ...REPOSITORY_SETTINGS };
  }

  #repositoryCore(repository: TestRepository): Json {
    const url = this.repositoryUrl(repository);
    const html = this.htmlUrl(repository);
    const under = Object.fromEntries(Object.entries(REPOSITORY_URLS).map(([key, rest]) => [key, `${url}${rest}`]));
    const date = iso(repository.createdAt);
    return {
      id: repository.id,
      node_id: node('R', repository.id),
      name: repository.name,
      full_name: repository.fullName,
      owner: this.user(repository.owner),
      private: repository.private,
      visibility: repository.private ? 'private' : 'public',
      html_url: html,
      description: null,
      url,
      ...under,
      git_url: `git://${new URL(html).host}/${repository.fullName}.git`,
      ssh_url: `git@${new URL(html).hostname}:${repository.fullName}.git`,
      clone_url: `${html}.git`,
      svn_url: html,
      default_branch: repository.defaultBranch,
      created_at: date,
      updated_at: date,
      pushed_at: date,
    };
  }
}

const REPOSITORY_URLS = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
};

const REPOSITORY_SETTINGS = {
  fork: false,
  forks: 0,
  forks_count: 0,
  archived: false,
  disabled: false,
  has_discussions: false,
  has_downloads: true,
  has_issues: true,
  has_pages: false,
  has_projects: false,
  has_wiki: false,
  homepage: null,
  is_template: false,
  language: null,
  license: null,
  mirror_url: null,
  open_issues: 0,
  open_issues_count: 0,
  size: 0,
  stargazers_count: 0,
  topics: [],
  watchers: 0,
  watchers_count: 0,
  web_commit_signoff_required: false,
};

/** GitHub's dates have no milliseconds. */
export function iso(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A stable number for a name that has no id of its own. */
export function idOf(name: string): number {
  return parseInt(sha1(name).slice(0, 7), 16) + 1;
}

export function node(kind: string, id: number): string {
  return `${kind}_${Buffer.from(String(id)).toString('base64url')}`;
}
