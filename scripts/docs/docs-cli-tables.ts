/** What docs/cli.md says about each key of mirror.ini; test/docs/cli.test.ts holds the keys against the parser. */
export const MIRROR_KEYS: Readonly<Record<string, string>> = {
  '[ledger] repository': 'the ledger: OWNER/REPO on GitHub, a git URL, or a folder',
  '[ledger] branch': 'its branch; main unless said otherwise',
  '[ledger] api': "the API of the ledger's host; that of [source] unless said otherwise",
  '[ledger] merge': 'manual; or acknowledged: ack merges once the threshold is met',
  '[ledger] author': "who makes the executor's commits, as Mirror Bot <bot@acme.example>",
  '[ledger] head': 'how long a signed head holds, as 1d; three days unless said otherwise',
  '[ledger] max-fetch': "the most bytes of one fetch from the ledger's host",
  '[ledger] max-wait': "the longest that git may take with the ledger's host",
  '[store] url': 'where bytes are written: file:./store, or s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION',
  '[store] public-url': 'where consumers read them, if not the same',
  '[store] public-url[]': 'more of those, tried in order',
  '[source] api': "upstream's API; https://api.github.com, or a GitHub Enterprise Server's /api/v3",
  '[source] host': "what names the source in records; github.com, or the API's host",
  '[source] allow-private[]': 'a host in your own network that url[] may lead to',
  '[gateway] alias[]': 'NAME = TOOL: a name that a repository had before, or has elsewhere',
  '[trust] max-age': 'the oldest signed head that a consumer takes, as 3d; without it none is asked for',
  '[trust] pin': 'sha256: and the digest of any N.policy.json of the ledger',
  '[notify] command[]': 'a program that is told what happened',
  '[review] scan[]': "a reviewer's own scanner, run on each new file: clamscan --no-summary {file}",
  '[evidence] require[]': 'a signature of upstream that a consumer asks for, as attestation or minisign:KEY',
  '[evidence] trusted-root[]': 'a file of another Sigstore root',
};

/** The same of tool.ini. */
export const TOOL_KEYS: Readonly<Record<string, string>> = {
  '[release] select': 'latest; all; latest:N; a semver range; or tag:NAME,NAME',
  '[release] prerelease': 'true takes prereleases too; false unless said otherwise',
  '[watch] gone[]':
    'a glob of tags that upstream has deleted, as you looked and saw: watch notes what it lacks, and exits 0; a file, tag or ' +
    'repository that is another one is still exit 3',
  '[release] min-age':
    'how old a release must be, as 12h or 3d; counted from the newest of published, a file updated, and first signed',
  '[release] tag-prefix': 'what the tags begin with, where a repository releases several things',
  '[assets] include[]': 'a glob of files that are taken; all unless said otherwise',
  '[assets] exclude[]': 'a glob of files that are left out',
  '[assets] url[]': 'a file that upstream hosts elsewhere, with {tag} and {version}; or NAME = URL',
  '[source] api': 'the API of another forge for this tool',
  '[source] token-from': 'the variable that holds its token, named PULLTHROUGH_TOKEN_…',
  '[evidence] require[]': 'what upstream must publish beside the files: github-digest, checksums:GLOB, attestation, …',
  '[evidence] keep': 'which of it is kept in the record: all, required or none',
};

export const ENVIRONMENT: Readonly<Record<string, string>> = {
  GITHUB_TOKEN: "reading sources on GitHub; it goes to the API's own host alone",
  LEDGER_TOKEN: "the ledger's branches and pull requests, each person's own",
  PULLTHROUGH_TOKEN_HOSTS: 'more hosts, separated by commas, that tokens may go to',
  'PULLTHROUGH_TOKEN_…': 'the token of another forge, named by token-from; PULLTHROUGH_TOKEN_HOSTS names its host',
  PULLTHROUGH_SIGNING_KEY: 'the secret key itself, armoured',
  PULLTHROUGH_SIGNING_KEY_FILE: 'the file of the secret key',
  PULLTHROUGH_SIGNING_PASSPHRASE: 'what the secret key is locked with',
  SIGSTORE_ID_TOKEN: 'an OpenID token for site --stamp-keyless; in a job of GitHub Actions its own is asked for',
  SIGSTORE_FULCIO_URL: 'with SIGSTORE_REKOR_URL: a Sigstore of your own for site --stamp-keyless',
  PULLTHROUGH_DEBUG: '1 adds to an error where in the program it was',
  AWS_REGION: "and the AWS SDK's own chain of credentials: for S3",
  HTTPS_PROXY: 'with HTTP_PROXY and NO_PROXY: the way to every host',
  NODE_EXTRA_CA_CERTS: "a file of your company's own CA; GIT_SSL_CAINFO for git",
  XDG_CACHE_HOME: 'copies of ledgers, answers of APIs and begun downloads lie in pullthrough below it',
  XDG_STATE_HOME: 'what was seen of each ledger is remembered in pullthrough below it',
  NO_COLOR: 'anything but empty: no colour; FORCE_COLOR colours a pipe too',
};

export const EXITS: readonly (readonly [exit: string, says: string])[] = [
  ['0', 'done, or nothing to do'],
  ['1', "it failed: network, rate limit, store, a refused credential, a release that isn't there"],
  ['2', 'the command line or a file here is wrong, found before any request; nothing was done'],
  ['3', 'not trusted: a signature, a threshold, a digest, a pin, or an append-only rule says no'],
  ['4', "some tools worked and others didn't; the summary lists each; exit 3 beats 4"],
  ['129, 130, 143', 'ended by SIGHUP, SIGINT or SIGTERM'],
];
