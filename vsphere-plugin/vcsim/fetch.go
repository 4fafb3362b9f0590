package main

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	// Larger files are the disks' data, which the simulator never reads.
	fetchMost  = 1 << 20
	fetchLimit = 20 * time.Second
)

// fetcher brings a VM's small files from the real NFS export into the local folder that stands for the
// mount, with libnfs' own programs: what the simulator then reads has come over NFS. On ESXi the mount
// itself does this.
type fetcher struct {
	export *url.URL
}

// newFetcher takes an export such as nfs://127.0.0.1/?nfsport=20490&mountport=20048; nil when there is none.
func newFetcher(export string) (*fetcher, error) {
	if export == "" {
		return nil, nil
	}
	u, err := url.Parse(export)
	if err != nil || u.Scheme != "nfs" || u.Host == "" {
		return nil, fmt.Errorf("--fetch-from is an nfs:// URL with a host, not %q", export)
	}
	return &fetcher{export: u}, nil
}

// machine fetches the small files beside a VM's configuration file; folder is any entity of its datacenter.
func (f *fetcher) machine(folder types.ManagedObjectReference, config string) {
	if f == nil {
		return
	}
	file, ok := localFile(folder, config)
	if !ok {
		return
	}
	remote := path.Dir(strings.TrimSpace(config[strings.Index(config, "]")+1:]))
	if err := f.folder(remote, filepath.Dir(file)); err != nil {
		log.Printf("fetch of %s: %v", config, err)
	}
}

// reloaded fetches the files of a VM that is registered.
func (f *fetcher) reloaded(vm *simulator.VirtualMachine) {
	if vm.Parent != nil && vm.Config != nil {
		f.machine(*vm.Parent, vm.Config.Files.VmPathName)
	}
}

func (f *fetcher) folder(remote, local string) error {
	names, err := f.list(remote)
	if err != nil {
		return err
	}
	if err = os.MkdirAll(local, 0700); err != nil {
		return err
	}
	for _, name := range names {
		part := filepath.Join(local, ".fetching")
		if _, err = client("nfs-cp", f.at(path.Join(remote, name)), part); err != nil {
			return err
		}
		if err = os.Rename(part, filepath.Join(local, name)); err != nil {
			return err
		}
	}
	return drop(local, names)
}

// list names the small regular files of a folder.
func (f *fetcher) list(remote string) ([]string, error) {
	text, err := client("nfs-ls", f.at(remote))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, line := range strings.Split(text, "\n") {
		// -rw-r--r--  1     0     0         2345 name
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.HasPrefix(fields[0], "-") {
			continue
		}
		size, err := strconv.ParseInt(fields[4], 10, 64)
		name := strings.TrimSpace(line[strings.Index(line, fields[4])+len(fields[4]):])
		if err == nil && size <= fetchMost && name != "" && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names, nil
}

// drop removes local files that the export no longer has.
func drop(local string, names []string) error {
	kept := map[string]bool{}
	for _, name := range names {
		kept[name] = true
	}
	entries, err := os.ReadDir(local)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && !kept[entry.Name()] {
			if err = os.Remove(filepath.Join(local, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// at is the URL of a path below the export, with the export's ports.
func (f *fetcher) at(remote string) string {
	u := *f.export
	u.Path = path.Join("/", u.Path, remote)
	return u.String()
}

// client runs a program with a time limit, twice at most: libnfs has been seen to hang.
func client(program string, args ...string) (string, error) {
	var last error
	for attempt := 0; attempt < 2; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
		out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
		late := ctx.Err() != nil
		cancel()
		if err == nil {
			return string(out), nil
		}
		last = fmt.Errorf("%s: %v: %s", program, err, strings.TrimSpace(string(out)))
		if !late {
			break
		}
	}
	return "", last
}
