package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// datastoreSystem mounts NFS datastores as a host does: the local path is a name, the same server and path
// on a second host is the same datastore, and each mount shows in the datastore's host list. A local path
// that is absolute names the local folder instead, as the library has it.
type datastoreSystem struct {
	simulator.HostDatastoreSystem
	root string
}

func (s *datastoreSystem) CreateNasDatastore(ctx *simulator.Context, c *types.CreateNasDatastore) soap.HasFault {
	body := &methods.CreateNasDatastoreBody{}
	name, dir := c.Spec.LocalPath, ""
	if filepath.IsAbs(name) {
		name, dir = filepath.Base(name), name
	}
	if name == "" || strings.ContainsAny(name, "/\\") || name == "." || name == ".." {
		body.Fault_ = simulator.Fault("localPath is a datastore's name", &types.InvalidArgument{InvalidProperty: "localPath"})
		return body
	}
	if dir == "" {
		dir = filepath.Join(s.root, name)
	}
	if c.Spec.RemoteHost == "" || !strings.HasPrefix(c.Spec.RemotePath, "/") {
		body.Fault_ = simulator.Fault("remoteHost and an absolute remotePath are needed", &types.InvalidArgument{InvalidProperty: "remotePath"})
		return body
	}
	for _, ref := range s.Datastore {
		ds, ok := simulator.Map.Get(ref).(*simulator.Datastore)
		if ok && (ds.Name == name || sameExport(ds, c.Spec)) {
			body.Fault_ = simulator.Fault(name, &types.DuplicateName{Name: ds.Name, Object: ref})
			return body
		}
	}
	ds, fault := s.find(name, c.Spec)
	if fault != nil {
		body.Fault_ = fault
		return body
	}
	if ds == nil {
		if fault = s.first(ctx, dir, c.Spec, body); fault != nil {
			body.Fault_ = fault
			return body
		}
		ds = simulator.Map.Get(body.Res.Returnval).(*simulator.Datastore)
	} else {
		s.attach(ds)
	}
	mounts := append(append([]types.DatastoreHostMount{}, ds.Host...), types.DatastoreHostMount{
		Key: s.Host.Self,
		MountInfo: types.HostMountInfo{
			Path:       "/vmfs/volumes/" + name,
			AccessMode: c.Spec.AccessMode,
			Mounted:    types.NewBool(true),
			Accessible: types.NewBool(true),
		},
	})
	simulator.Map.Update(ds, []types.PropertyChange{{Name: "host", Val: mounts}})
	simulator.Map.Update(s.Host, []types.PropertyChange{{Name: "datastore", Val: s.Datastore}})
	body.Res = &types.CreateNasDatastoreResponse{Returnval: ds.Self}
	return body
}

// find looks for the same export on other hosts of the datacenter.
func (s *datastoreSystem) find(name string, spec types.HostNasVolumeSpec) (*simulator.Datastore, *soap.Fault) {
	dc := datacenterOf(simulator.Map.Get(s.Host.Self).(mo.Entity))
	for _, e := range simulator.Map.All("Datastore") {
		ds, ok := e.(*simulator.Datastore)
		if !ok || datacenterOf(ds) != dc {
			continue
		}
		if sameExport(ds, spec) {
			return ds, nil
		}
		if ds.Name == name {
			return nil, simulator.Fault(name, &types.DuplicateName{Name: name, Object: ds.Self})
		}
	}
	return nil, nil
}

func sameExport(ds *simulator.Datastore, spec types.HostNasVolumeSpec) bool {
	info, ok := ds.Info.(*types.NasDatastoreInfo)
	return ok && info.Nas != nil && info.Nas.RemoteHost == spec.RemoteHost && info.Nas.RemotePath == spec.RemotePath
}

// first creates the datastore through the library, over the local folder that stands for the mount.
func (s *datastoreSystem) first(ctx *simulator.Context, dir string, spec types.HostNasVolumeSpec, body *methods.CreateNasDatastoreBody) *soap.Fault {
	if err := os.MkdirAll(dir, 0700); err != nil {
		return simulator.Fault(err.Error(), &types.HostConfigFault{})
	}
	spec.LocalPath = dir
	res := s.HostDatastoreSystem.CreateNasDatastore(ctx, &types.CreateNasDatastore{This: s.Self, Spec: spec})
	if fault := res.Fault(); fault != nil {
		return fault
	}
	body.Res = res.(*methods.CreateNasDatastoreBody).Res
	return nil
}

func (s *datastoreSystem) attach(ds *simulator.Datastore) {
	s.Datastore = append(s.Datastore, ds.Self)
	s.Host.Datastore = s.Datastore
	parent := parentOf(s.Host)
	simulator.Map.AddReference(parent, &parent.Datastore, ds.Self)
}

// RemoveDatastore unmounts on this host; the datastore goes with its last mount.
func (s *datastoreSystem) RemoveDatastore(ctx *simulator.Context, c *types.RemoveDatastore) soap.HasFault {
	body := &methods.RemoveDatastoreBody{}
	ds, ok := simulator.Map.Get(c.Datastore).(*simulator.Datastore)
	if !ok || simulator.FindReference(s.Datastore, c.Datastore) == nil {
		body.Fault_ = simulator.Fault("the host does not have this datastore", &types.NotFound{})
		return body
	}
	for _, ref := range ds.Vm {
		vm, ok := simulator.Map.Get(ref).(*simulator.VirtualMachine)
		if ok && vm.Runtime.Host != nil && *vm.Runtime.Host == s.Host.Self {
			body.Fault_ = simulator.Fault("a VM on this host uses the datastore", &types.ResourceInUse{Type: "Datastore", Name: ds.Name})
			return body
		}
	}
	simulator.RemoveReference(&s.Datastore, ds.Self)
	s.Host.Datastore = s.Datastore
	simulator.Map.Update(s.Host, []types.PropertyChange{{Name: "datastore", Val: s.Datastore}})
	mounts := []types.DatastoreHostMount{}
	for _, mount := range ds.Host {
		if mount.Key != s.Host.Self {
			mounts = append(mounts, mount)
		}
	}
	simulator.Map.Update(ds, []types.PropertyChange{{Name: "host", Val: mounts}})
	s.detach(ds, mounts)
	if len(mounts) == 0 {
		simulator.Map.WithLock(ds, func() { ds.DestroyTask(ctx, &types.Destroy_Task{This: ds.Self}) })
	}
	body.Res = &types.RemoveDatastoreResponse{}
	return body
}

// detach takes the datastore from the cluster when none of its hosts has it any more.
func (s *datastoreSystem) detach(ds *simulator.Datastore, left []types.DatastoreHostMount) {
	parent := parentOf(s.Host)
	for _, mount := range left {
		if host, ok := simulator.Map.Get(mount.Key).(*simulator.HostSystem); ok && parentOf(&host.HostSystem) == parent {
			return
		}
	}
	simulator.Map.RemoveReference(parent, &parent.Datastore, ds.Self)
}
