package main

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// extend replaces the managed objects that the library has only in part.
func extend(root, addresses string) {
	content := simulator.Map.Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance).Content
	if content.ExtensionManager != nil {
		manager := &extensionManager{}
		manager.Self = *content.ExtensionManager
		simulator.Map.Put(manager)
	}
	var given []string
	if addresses != "" {
		given = strings.Split(addresses, ",")
	}
	for i, host := range hosts() {
		system := simulator.Map.Get(*host.ConfigManager.DatastoreSystem).(*simulator.HostDatastoreSystem)
		simulator.Map.Put(&datastoreSystem{HostDatastoreSystem: *system, root: root})
		if i < len(given) {
			host.Config.Network.Vnic[0].Spec.Ip.IpAddress = strings.TrimSpace(given[i])
			setManagementAddress(host, strings.TrimSpace(given[i]))
		}
	}
}

func setManagementAddress(host *simulator.HostSystem, address string) {
	if host.Config.VirtualNicManagerInfo == nil {
		return
	}
	for i := range host.Config.VirtualNicManagerInfo.NetConfig {
		for j := range host.Config.VirtualNicManagerInfo.NetConfig[i].CandidateVnic {
			nic := &host.Config.VirtualNicManagerInfo.NetConfig[i].CandidateVnic[j]
			if nic.Spec.Ip != nil {
				nic.Spec.Ip.IpAddress = address
			}
		}
	}
}

// hosts are all hosts in the order of their names.
func hosts() []*simulator.HostSystem {
	var all []*simulator.HostSystem
	for _, e := range simulator.Map.All("HostSystem") {
		if host, ok := e.(*simulator.HostSystem); ok {
			all = append(all, host)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

func hostNamed(name string) (*simulator.HostSystem, error) {
	for _, host := range hosts() {
		if host.Name == name || host.Self.Value == name {
			return host, nil
		}
	}
	return nil, fmt.Errorf("no host %q", name)
}

func vmNamed(name string) (*simulator.VirtualMachine, error) {
	for _, e := range simulator.Map.All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok && (vm.Name == name || vm.Self.Value == name) {
			return vm, nil
		}
	}
	return nil, fmt.Errorf("no VM %q", name)
}

// parentOf is the cluster or compute resource that a host belongs to.
func parentOf(host *mo.HostSystem) *mo.ComputeResource {
	switch parent := simulator.Map.Get(*host.Parent).(type) {
	case *mo.ComputeResource:
		return parent
	case *simulator.ClusterComputeResource:
		return &parent.ComputeResource
	}
	return nil
}

// datacenterOf climbs from an entity to its datacenter.
func datacenterOf(e mo.Entity) *simulator.Datacenter {
	for e != nil {
		if dc, ok := e.(*simulator.Datacenter); ok {
			return dc
		}
		parent := e.Entity().Parent
		if parent == nil {
			return nil
		}
		e, _ = simulator.Map.Get(*parent).(mo.Entity)
	}
	return nil
}

// system is the context in which the simulator itself acts.
func system() *simulator.Context {
	return &simulator.Context{
		Context: context.Background(),
		Map:     simulator.Map,
		Session: &simulator.Session{
			UserSession: types.UserSession{Key: "control", UserName: "vcsim"},
			Registry:    simulator.NewRegistry(),
		},
	}
}

func post(events ...types.BaseEvent) {
	ctx, manager := system(), simulator.Map.EventManager()
	for _, event := range events {
		simulator.Map.WithLock(manager, func() {
			manager.PostEvent(ctx, &types.PostEvent{EventToPost: event})
		})
	}
}
