package main

import (
	"os"
	"path"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// How long the event of a move precedes the move with --newest: long enough for a collector to tell them apart.
const eventLead = 200 * time.Millisecond

// newestDatastoreSystem mounts as upstream's newest simulator does: the local path must be a local folder, its
// last element is the datastore's name, every host's mount is listed, and the answer's reference is empty from
// the second host on. It cannot unmount on one host.
type newestDatastoreSystem struct {
	simulator.HostDatastoreSystem
}

func (s *newestDatastoreSystem) CreateNasDatastore(ctx *simulator.Context, c *types.CreateNasDatastore) soap.HasFault {
	body := &methods.CreateNasDatastoreBody{}
	name := path.Base(c.Spec.LocalPath)
	if e := simulator.Map.FindByName(name, s.Datastore); e != nil {
		body.Fault_ = simulator.Fault(name, &types.DuplicateName{Name: name, Object: e.Reference()})
		return body
	}
	if _, err := os.Stat(c.Spec.LocalPath); err != nil {
		body.Fault_ = simulator.Fault(err.Error(), &types.NotFound{})
		return body
	}
	dc := datacenterOf(simulator.Map.Get(s.Host.Self).(*simulator.HostSystem))
	ds, known := simulator.Map.FindByName(name, dc.Datastore).(*simulator.Datastore)
	if known {
		s.Datastore = append(s.Datastore, ds.Self)
		s.Host.Datastore = s.Datastore
		parent := parentOf(s.Host)
		simulator.Map.AddReference(parent, &parent.Datastore, ds.Self)
		body.Res = &types.CreateNasDatastoreResponse{}
	} else {
		made := s.HostDatastoreSystem.CreateNasDatastore(ctx, c)
		if made.Fault() != nil {
			return made
		}
		body.Res = made.(*methods.CreateNasDatastoreBody).Res
		ds = simulator.Map.Get(body.Res.Returnval).(*simulator.Datastore)
	}
	ds.Host = append(ds.Host, types.DatastoreHostMount{
		Key: s.Host.Self,
		MountInfo: types.HostMountInfo{
			AccessMode: string(types.HostMountModeReadWrite),
			Mounted:    types.NewBool(true),
			Accessible: types.NewBool(true),
		},
	})
	return body
}

// newestDatastores gives every host the newest simulator's datastore system.
func newestDatastores() {
	for _, host := range hosts() {
		system := simulator.Map.Get(*host.ConfigManager.DatastoreSystem).(*simulator.HostDatastoreSystem)
		simulator.Map.Put(&newestDatastoreSystem{HostDatastoreSystem: *system})
	}
}

// newestRelocation tells of a move as upstream's newest simulator does: before it, and with the old host as
// both the host and the source.
func newestRelocation(call *types.RelocateVM_Task) {
	vm, isVM := simulator.Map.Get(call.This).(*simulator.VirtualMachine)
	if !isVM || call.Spec.Host == nil || vm.Runtime.Host == nil {
		return
	}
	if from, ok := simulator.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem); ok {
		post(&types.VmMigratedEvent{VmEvent: eventOf(vm, from), SourceHost: argument(from)})
		time.Sleep(eventLead)
	}
}
