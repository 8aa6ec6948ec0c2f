// A verifier of the ledger format for `scripts/bench/ledger-check.ts` to be measured beside: the same records by the same
// rules, but no more of the policy than one step, and of OpenPGP what ProtonMail's library says. Not a tool to trust.
//
//	go build -o peer . && ./peer LEDGER.git main
package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	_ "crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

type listed struct {
	Fingerprint string `json:"fingerprint"`
	Sha256      string `json:"sha256"`
}

type policy struct {
	Ledger    string `json:"ledger"`
	Executors struct {
		Holders []string `json:"holders"`
	} `json:"executors"`
	Reviewers struct {
		Threshold int      `json:"threshold"`
		Holders   []string `json:"holders"`
	} `json:"reviewers"`
	Holders map[string][]listed `json:"holders"`
}

type asset struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	URL  string `json:"url,omitempty"`
}

// In the format's order, so that what is written again is canonical.
type checklist struct {
	Format       int     `json:"format"`
	Ledger       string  `json:"ledger"`
	Source       string  `json:"source"`
	Repository   string  `json:"repository"`
	RepositoryID int64   `json:"repositoryId"`
	Tag          string  `json:"tag"`
	Commit       string  `json:"commit"`
	Assets       []asset `json:"assets"`
}

type record struct {
	path  string
	files map[string]string // name to oid
}

type signer struct {
	holder string
	key    *packet.PublicKey
}

type trust struct {
	policy    policy
	executors []signer
	reviewers map[string]signer
}

func readKey(file []byte) (*packet.PublicKey, error) {
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if len(ring) != 1 {
		return nil, errors.New("not one key")
	}
	return ring[0].PrimaryKey, nil
}

func establish(git *objects, files map[string]string) (*trust, error) {
	made := &trust{reviewers: map[string]signer{}}
	raw, err := git.read(files["trust/1.policy.json"])
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &made.policy); err != nil {
		return nil, err
	}
	keys := func(holder string, use func(string, signer)) error {
		for _, one := range made.policy.Holders[holder] {
			oid := ""
			for path, found := range files {
				if strings.HasPrefix(path, "trust/keys/"+one.Fingerprint) {
					oid = found
				}
			}
			file, err := git.read(oid)
			if err != nil {
				return err
			}
			if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != one.Sha256 {
				return errors.New("another key file")
			}
			key, err := readKey(file)
			if err != nil {
				return err
			}
			use(one.Fingerprint, signer{holder, key})
		}
		return nil
	}
	for _, holder := range made.policy.Executors.Holders {
		if err := keys(holder, func(_ string, one signer) { made.executors = append(made.executors, one) }); err != nil {
			return nil, err
		}
	}
	for _, holder := range made.policy.Reviewers.Holders {
		if err := keys(holder, func(print string, one signer) { made.reviewers[print] = one }); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func readSignature(file []byte) (*packet.Signature, error) {
	block, err := armor.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	read, err := packet.Read(block.Body)
	if err != nil {
		return nil, err
	}
	signature, ok := read.(*packet.Signature)
	if !ok || signature.Version != 4 || signature.SigType != packet.SigTypeBinary {
		return nil, errors.New("not a detached signature")
	}
	if signature.Hash != crypto.SHA256 && signature.Hash != crypto.SHA384 && signature.Hash != crypto.SHA512 {
		return nil, errors.New("another hash")
	}
	return signature, nil
}

func verify(key *packet.PublicKey, signature *packet.Signature, parts ...[]byte) error {
	hash := signature.Hash.New()
	for _, part := range parts {
		hash.Write(part)
	}
	return key.VerifySignature(hash, signature)
}

// Both lists name the same files, and the record says where it lies.
func checkContent(one record, raw, sums []byte, by *trust) error {
	var list checklist
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return err
	}
	var again bytes.Buffer
	encoder := json.NewEncoder(&again)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(list); err != nil {
		return err
	}
	if !bytes.Equal(again.Bytes(), raw) {
		return errors.New("not canonical")
	}
	if list.Format != 1 || list.Ledger != by.policy.Ledger {
		return errors.New("of another ledger")
	}
	tag := strings.ReplaceAll(strings.ReplaceAll(list.Tag, "%", "%25"), "/", "%2F")
	if one.path != "packages/"+list.Source+"/"+list.Repository+"/"+tag {
		return errors.New("it lies elsewhere")
	}
	lines := strings.Split(string(sums), "\n")
	if len(lines) != len(list.Assets)+2 || lines[len(lines)-1] != "" {
		return errors.New("another number of files")
	}
	names := map[string]string{}
	order := make([]string, 0, len(lines))
	for _, line := range lines[:len(lines)-1] {
		if len(line) < 67 || line[64:66] != "  " {
			return errors.New("not a line of sha256sum")
		}
		names[line[66:]] = line[:64]
		order = append(order, line[66:])
	}
	if !sort.StringsAreSorted(order) {
		return errors.New("not sorted")
	}
	if sum := sha256.Sum256(raw); names["checklist.json"] != hex.EncodeToString(sum[:]) {
		return errors.New("another checklist.json")
	}
	for _, asset := range list.Assets {
		if names[asset.Name] == "" {
			return errors.New("a file without a digest")
		}
	}
	return nil
}

func checkRecord(git *objects, one record, by *trust) (acknowledged bool, err error) {
	contents := map[string][]byte{}
	names := make([]string, 0, len(one.files))
	oids := make([]string, 0, len(one.files))
	for name, oid := range one.files {
		names = append(names, name)
		oids = append(oids, oid)
	}
	read, err := git.readMany(oids)
	if err != nil {
		return false, err
	}
	for i, name := range names {
		contents[name] = read[i]
	}
	sums := contents["checklist.sha256"]
	if err := checkContent(one, contents["checklist.json"], sums, by); err != nil {
		return false, fmt.Errorf("%s: %w", one.path, err)
	}
	sign := contents["checklist.sha256.sign"]
	signature, err := readSignature(sign)
	if err != nil {
		return false, fmt.Errorf("%s: %w", one.path, err)
	}
	signed := errors.New("by nobody who may")
	for _, executor := range by.executors {
		if signature.IssuerKeyId != nil && *signature.IssuerKeyId == executor.key.KeyId {
			signed = verify(executor.key, signature, sums)
		}
	}
	if signed != nil {
		return false, fmt.Errorf("%s: %w", one.path, signed)
	}
	holders := map[string]bool{}
	for name, bytes := range contents {
		rest, found := strings.CutPrefix(name, "checklist.sha256.")
		print, ack := strings.CutSuffix(rest, ".ack")
		reviewer, known := by.reviewers[print]
		if !found || !ack || !known {
			continue
		}
		signature, err := readSignature(bytes)
		if err == nil && verify(reviewer.key, signature, sums, sign) == nil {
			holders[reviewer.holder] = true
		}
	}
	return len(holders) >= by.policy.Reviewers.Threshold, nil
}

func run(directory, commit string) error {
	files, records, err := list(directory, commit)
	if err != nil {
		return err
	}
	git, err := open(directory)
	if err != nil {
		return err
	}
	by, err := establish(git, files)
	git.close()
	if err != nil {
		return err
	}
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	failures := make([]error, workers)
	acknowledged := make([]int, workers)
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			git, err := open(directory)
			if err != nil {
				failures[worker] = err
				return
			}
			defer git.close()
			for i := worker; i < len(records); i += workers {
				ok, err := checkRecord(git, records[i], by)
				if err != nil {
					failures[worker] = err
					return
				}
				if ok {
					acknowledged[worker]++
				}
			}
		}()
	}
	group.Wait()
	total := 0
	for _, count := range acknowledged {
		total += count
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	fmt.Printf("%d records, %d acknowledged\n", len(records), total)
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	seconds := float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
	fmt.Printf("processor %.3f s, memory %d KiB\n", seconds, used.Maxrss)
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: peer LEDGER.git COMMIT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
