/** The four people, and what each runs: `pullthrough --help` shows these lines, the same as cli.md. */
export const OVERVIEW: readonly { readonly heading: string; readonly rows: readonly (readonly [string, string])[] }[] =
  [
    {
      heading: 'Executor: what the cron workflow runs',
      rows: [
        ['init DIR', 'a new executor repository: mirror.ini, workflows, README'],
        ['add [OWNER/REPO...]', 'writes a tool.ini after looking at the newest release'],
        ['plan    [TOOL...]', 'what a run would do, and why; nothing is downloaded'],
        ['mirror  [TOOL...]', 'fetch, store, sign, propose: one ledger change per release'],
        [
          'import  DIR',
          "old checklist trees: finds each one's real tag, mirrors it, and refuses where\n" +
            "today's bytes differ from the old md5, sha256 or sha512",
        ],
        ['watch   [TOOL...]', 'has upstream changed or removed what the ledger holds? no download'],
        ['store check|gc', 're-hash what is stored; list or remove what no record and no proposal names'],
        ['store copy FROM TO', 'every object of one store into another, verified on the way'],
      ],
    },
    {
      heading: 'Reviewer: what a person runs before approving',
      rows: [
        [
          'review  [CHANGE]',
          "fetches every byte again from upstream, here, and compares; CHANGE is a pull request's number or URL, a branch, " +
            'or OWNER/REPO@TAG; without it: every open proposal, one after another',
        ],
        ['ack     [CHANGE]', 'the same, then signs and pushes the .ack'],
        ['nack    TOOL@TAG', 'signs and pushes a .nack: these bytes must not be used'],
        ['pending', 'what is open and whose turn it is, the oldest first; --for NAME: what waits for you'],
      ],
    },
    {
      heading: 'Ledger: what its owner and its CI run',
      rows: [
        ['ledger init DIR', 'a new ledger: policy, keys, workflow, README'],
        ['ledger check [--base REV]', 'the gate: format, append-only, signatures, thresholds'],
        [
          'ledger merge [CHANGE]',
          "the gate, then the merge (git, or GitHub's API) of an acknowledged proposal, a late\nack, a nack, or a policy",
        ],
        [
          'ledger close CHANGE',
          'turns down a proposal or a policy: closes the pull request; on plain git moves the\n' +
            'branch to `pullthrough-closed/…`, which `mirror` leaves alone',
        ],
        ['ledger reopen CHANGE', 'takes that back'],
        ['ledger status', 'records by state; what is open and whose turn it is; when the policy expires'],
        ['ledger feed', 'an Atom feed of proposals, acks, nacks and policy changes'],
        ['bundle create|check|apply', 'the ledger and its files, carried to where no network is'],
        ['trust show|propose|sign', 'the policy, its rotation, its signatures'],
        ['key new|show', 'an OpenPGP key for a bot; what is in a key file'],
      ],
    },
    {
      heading: 'Consumer: what a person or a build runs',
      rows: [
        ['verify  TOOL@TAG | FILE', 'is it acknowledged? by whom? (FILE: which release is it from?)'],
        ['get     TOOL@TAG [ASSET...]', 'verify, then download, then check; nothing else lands on disk'],
        ['lock    TOOL@RANGE...', 'writes pullthrough.lock; `get --locked` then needs no ledger'],
        ['list    [TOOL]', 'the tools of the ledger, or the releases of one, and who acknowledged them'],
        ['search  WORD', 'the tools whose name holds a word'],
        ['outdated', 'what is locked against the newest that is acknowledged'],
        ['audit   FILE...', 'which bytes that a lock file names has nobody acknowledged?'],
        ['doctor', 'looks at all that a run here depends on, and says what to do'],
        ['serve', "an HTTP gateway with GitHub's own URLs; acknowledged bytes only; `--listen HOST:PORT`"],
        ['site DIR', 'a static site of the ledger: pages, feeds, and a check in the browser'],
        ['completion bash|zsh|fish', 'a completion script for a shell'],
        ['request OWNER/REPO[@TAG]', "asks the ledger's people to mirror it"],
      ],
    },
  ];
