package main

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path"
	"strconv"
	"strings"
)

// Git's objects by one living `git cat-file`, as pullthrough reads them.
type objects struct {
	child *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
}

func open(directory string) (*objects, error) {
	child := exec.Command("git", "--git-dir", directory, "cat-file", "--batch-command", "--buffer")
	in, err := child.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &objects{child, in, bufio.NewReaderSize(out, 1<<16)}, child.Start()
}

func (git *objects) close() {
	git.in.Close()
	git.child.Wait()
}

func (git *objects) read(oid string) ([]byte, error) {
	many, err := git.readMany([]string{oid})
	if err != nil {
		return nil, err
	}
	return many[0], nil
}

func (git *objects) readMany(oids []string) ([][]byte, error) {
	var asked strings.Builder
	for _, oid := range oids {
		asked.WriteString("contents " + oid + "\n")
	}
	asked.WriteString("flush\n")
	if _, err := io.WriteString(git.in, asked.String()); err != nil {
		return nil, err
	}
	read := make([][]byte, 0, len(oids))
	for range oids {
		header, err := git.out.ReadString('\n')
		if err != nil {
			return nil, err
		}
		fields := strings.Fields(header)
		if len(fields) != 3 {
			return nil, fmt.Errorf("git says %s", header)
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil || size > 4<<20 {
			return nil, fmt.Errorf("git says %s", header)
		}
		bytes := make([]byte, size+1)
		if _, err := io.ReadFull(git.out, bytes); err != nil {
			return nil, err
		}
		read = append(read, bytes[:size])
	}
	return read, nil
}

// The paths below trust/, and the records.
func list(directory, commit string) (map[string]string, []record, error) {
	printed, err := exec.Command("git", "--git-dir", directory, "ls-tree", "-r", "-z", commit, "trust", "packages").Output()
	if err != nil {
		return nil, nil, err
	}
	trust := map[string]string{}
	records := []record{}
	for _, line := range strings.Split(strings.TrimSuffix(string(printed), "\x00"), "\x00") {
		head, name, _ := strings.Cut(line, "\t")
		fields := strings.Fields(head)
		if len(fields) != 3 || fields[0] != "100644" {
			return nil, nil, fmt.Errorf("not a regular file: %s", line)
		}
		folder := path.Dir(name)
		if strings.HasPrefix(name, "trust/") {
			trust[name] = fields[2]
			continue
		}
		if len(records) == 0 || records[len(records)-1].path != folder {
			records = append(records, record{folder, map[string]string{}})
		}
		records[len(records)-1].files[path.Base(name)] = fields[2]
	}
	return trust, records, nil
}
