// Command vcsim is the vCenter that OpenDVX is tested and demonstrated against. It runs the simulator of
// Debian's golang-github-vmware-govmomi-dev and adds what that library lacks: NFS mounts that are visible
// per host, vMotion, DRS and HA with their events, an extension manager, counters of the methods received,
// and faults (delays, dropped connections, 503, lost sessions) switched on through a control URL.
//
// It serves nothing but the vSphere API on --listen and the control URL on a loopback port of its own.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	_ "github.com/vmware/govmomi/lookup/simulator"
	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	_ "github.com/vmware/govmomi/sts/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

type options struct {
	listen, user, passwordFile, tokenFile string
	cert, key, ready, datastores          string
	addresses, names, fetchFrom           string
	clusters, hosts, vms, standalone      int
	parent                                int
	autostart, newest                     bool
}

// ready is what the ready file holds once the API answers.
type ready struct {
	URL         string `json:"url"`
	SHA256      string `json:"sha256"`
	Certificate string `json:"certificate"`
	Control     string `json:"control"`
	Token       string `json:"token"`
	User        string `json:"user"`
	Datastores  string `json:"datastores"`
	PID         int    `json:"pid"`
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	if err := run(parse()); err != nil {
		fmt.Fprintf(os.Stderr, "vcsim: %s\n", err)
		os.Exit(1)
	}
}

func parse() options {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address and port of the vSphere API")
	flag.StringVar(&o.user, "user", "administrator@vsphere.local", "user that may log in")
	flag.StringVar(&o.passwordFile, "password-file", "", "file with the user's password (else the environment's VCSIM_PASSWORD)")
	flag.StringVar(&o.tokenFile, "token-file", "", "file with the control URL's token (else VCSIM_TOKEN, else one is drawn)")
	flag.StringVar(&o.cert, "cert", "", "TLS certificate, PEM (else one is generated)")
	flag.StringVar(&o.key, "key", "", "TLS key, PEM")
	flag.StringVar(&o.names, "names", "localhost,127.0.0.1,::1", "names and addresses that the generated certificate is for")
	flag.StringVar(&o.ready, "ready", "", "file to write once the API answers (JSON, mode 0600)")
	flag.StringVar(&o.datastores, "datastores", "", "folder that stands for what hosts see under /vmfs/volumes: an NFS datastore NAME is its subfolder NAME")
	flag.StringVar(&o.fetchFrom, "fetch-from", "", "nfs:// URL of the export that the datastores folder stands for: before a VM is registered or reloaded its small files are copied from there by nfs-cp")
	flag.StringVar(&o.addresses, "host-addresses", "", "comma-separated management addresses, given to the hosts in turn (else 127.0.0.1)")
	flag.IntVar(&o.clusters, "clusters", 1, "clusters")
	flag.IntVar(&o.hosts, "hosts", 3, "hosts in each cluster")
	flag.IntVar(&o.standalone, "standalone", 0, "hosts outside any cluster")
	flag.IntVar(&o.vms, "vms", 0, "VMs in each cluster and on each standalone host")
	flag.BoolVar(&o.autostart, "autostart", true, "power the VMs on")
	flag.BoolVar(&o.newest, "newest", false, "mount, register and relocate as upstream's newest simulator does, without what this program adds")
	flag.IntVar(&o.parent, "parent", os.Getppid(), "process whose end ends this one (0: none)")
	flag.Parse()
	return o
}

func run(o options) error {
	password, err := secret(o.passwordFile, "VCSIM_PASSWORD")
	if err != nil {
		return err
	}
	if password == "" {
		return fmt.Errorf("no password: give --password-file or VCSIM_PASSWORD")
	}
	token, err := secret(o.tokenFile, "VCSIM_TOKEN")
	if err != nil {
		return err
	}
	if token == "" {
		token = random()
	}
	certificate, err := certificate(o)
	if err != nil {
		return err
	}
	root, cleanup, err := datastoreRoot(o.datastores)
	if err != nil {
		return err
	}
	defer cleanup()

	fetch, err := newFetcher(o.fetchFrom)
	if err != nil {
		return err
	}

	blankBrokenTemplates()
	model := simulator.VPX()
	model.Cluster, model.ClusterHost = o.clusters, o.hosts
	model.Host, model.Machine, model.Autostart = o.standalone, o.vms, o.autostart
	defer model.Remove()
	if err = model.Create(); err != nil {
		return err
	}
	if o.newest {
		newestDatastores()
	} else {
		extend(root, o.addresses)
	}

	model.Service.Listen = &url.URL{Host: o.listen, User: url.UserPassword(o.user, password)}
	model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	model.Service.RegisterEndpoints = true
	// Never closed: that would wait for the long polls. The process's end closes it.
	server := model.Service.NewServer()
	gate := newGate(model.Service.ServeMux, fetch, o.newest)
	server.Config.Handler = gate

	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	console := &http.Server{Handler: newControl(gate, token), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = console.Serve(control) }()
	defer console.Close()

	if err = announce(o, ready{
		URL:         (&url.URL{Scheme: "https", Host: server.URL.Host, Path: server.URL.Path}).String(),
		SHA256:      fingerprint(certificate),
		Certificate: pemOf(certificate),
		Control:     "http://" + control.Addr().String(),
		Token:       token,
		User:        o.user,
		Datastores:  root,
		PID:         os.Getpid(),
	}); err != nil {
		return err
	}
	waitForEnd(o.parent)
	return nil
}

// secret reads one line from a file, or else from the environment.
func secret(file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	text, err := os.ReadFile(file)
	return strings.TrimRight(string(text), "\r\n"), err
}

func random() string {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return hex.EncodeToString(b)
}

func datastoreRoot(given string) (string, func(), error) {
	if given != "" {
		abs, err := filepath.Abs(given)
		if err != nil {
			return "", nil, err
		}
		return abs, func() {}, os.MkdirAll(abs, 0700)
	}
	dir, err := os.MkdirTemp("", "vcsim-datastores-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// blankBrokenTemplates empties the message templates that do not parse: posting such an event would panic
// with the event manager locked.
func blankBrokenTemplates() {
	for i := range esx.EventInfo {
		info := &esx.EventInfo[i]
		if _, err := template.New(info.Key).Parse(info.FullFormat); err != nil {
			info.FullFormat = ""
		}
	}
}

// announce writes the ready file whole: a reader sees all of it or nothing.
func announce(o options, r ready) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	log.Printf("vSphere API at %s, control at %s", r.URL, r.Control)
	if o.ready == "" {
		return nil
	}
	part := o.ready + ".part"
	if err = os.WriteFile(part, append(text, '\n'), 0600); err != nil {
		return err
	}
	return os.Rename(part, o.ready)
}

// waitForEnd returns on SIGTERM or SIGINT, or when the parent has gone.
func waitForEnd(parent int) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if parent > 0 && syscall.Kill(parent, 0) == syscall.ESRCH {
				log.Print("the parent has gone")
				return
			}
		}
	}
}
